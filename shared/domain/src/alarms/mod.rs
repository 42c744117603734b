//! The alarm router's decisions: one message for each problem, to the right people, again while
//! it lasts, once when it is over, and silence about what was planned.
//!
//! The model is Prometheus Alertmanager without a server: a tree of routes gives each alarm its
//! people and its group; a group is told as a whole. `docs/alarms.md` compares the two word by
//! word. What must stay true: an alarm that was accepted is told, or stands in a group with the
//! reason why not yet; everything here is decided from its arguments alone.

pub mod event;
pub mod group;
pub mod inhibit;
pub mod intake;
pub mod labels;
pub mod matcher;
pub mod member;
pub mod message;
pub mod planned;
pub mod policy;
pub mod ports;
pub mod reason;
pub mod router;
pub mod silence;
