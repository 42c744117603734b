//! What the tests share: the contract suites of the ports.

pub mod contract;
pub mod endpoint;
#[expect(
    clippy::expect_used,
    clippy::indexing_slicing,
    reason = "a story that cannot be told is a failed test, at the line that says so"
)]
pub mod stage;
