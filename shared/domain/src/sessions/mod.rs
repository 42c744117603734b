//! Sessions and rankings over a Global Table: parts that only their own region writes, the join
//! that readers make of them, and the shells that applications and the stream's function run.
//!
//! What must stay true: a part has one writing region, so that no replication overwrites anything;
//! the join is commutative, associative and idempotent, so that every order of arrival gives the
//! same session; what ended stays ended; no value and no token is printed anywhere.

pub mod change;
pub mod epoch;
pub mod lag;
pub mod part;
pub mod ports;
#[cfg(test)]
mod scene;
pub mod score;
pub mod session;
pub mod stamp;
pub mod store;
pub mod sync;
