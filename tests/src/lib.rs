//! What the tests share: the contract suites of the ports.

pub mod contract;
pub mod endpoint;
pub mod stage;
