//! The alarm router on the strict fakes, as Lambda, SQS and the scheduler run it: batches of a
//! queue, two at once, interleaved call by call; a tick every minute; redelivery of what failed.
//! What people were told is read from the messages themselves ([`said`]) and compared with what
//! really happened ([`alarms`]), which knows neither the router's state nor its reasons.
//!
//! What must stay true: a play is decided by its seed alone.

#![expect(
    clippy::expect_used,
    reason = "proofs only: a stage that cannot be built fails the proof"
)]

pub mod alarms;
pub mod law;
pub mod loss;
pub mod queue;
pub mod said;
pub mod scenes;
pub mod stage;

pub use alarms::{Alarm, Storm};
pub use stage::{Stage, Trouble};

use jiff::Timestamp;
use tidegate_domain::intake::Home;

/// Whose alarms they are.
pub fn home() -> Home {
    Home { account: "000000000000".to_owned(), region: "ap-northeast-2".to_owned() }
}

/// When every play begins: a Tuesday, 14:30 in Seoul.
pub fn start() -> Timestamp {
    "2026-11-17T05:30:00Z".parse().expect("a time")
}

/// The policy of every play: one fleet, and `[alarms]` as it is when nobody wrote any.
pub const POLICY: &str = r#"
version = 1
[fleets.shop-web]
min = 1
time_zone = "Asia/Seoul"
capacity_per_instance = 100
boot_secs = 120
budget_max = 40
[fleets.shop-web.load]
expression = "requests"
metrics = { requests = "AWS/ApplicationELB RequestCount Sum TargetGroup=web" }
healthy = "AWS/ApplicationELB HealthyHostCount Minimum TargetGroup=web"
[fleets.shop-web.day]
starts = "08:00"
floor = 6
days = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"]
[fleets.shop-web.night]
starts = "22:00"
floor = 2
"#;
