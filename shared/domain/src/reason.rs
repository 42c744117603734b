//! x
use serde::{Deserialize, Serialize};
/// x
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub enum Reason { /// x
X }
