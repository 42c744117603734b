//! The commands on the policy document.

mod alarms;
mod changes;
mod check;
mod keys;
mod put;
mod show;

pub use changes::changes;
pub use check::check;
pub use keys::{check_keys, keys_table};
pub use put::{Draft, prepare, store};
pub use show::show;

use crate::Failure;
use tidegate_domain::alarms::policy::{AlarmPolicy, parse_whole};
use tidegate_domain::policy::{Policy, PolicyFaults};

/// Parses a document with the code that will run it: the fleets and the router's part.
fn parse(document: &str) -> Result<(Policy, AlarmPolicy), Failure> {
    parse_whole(document).map_err(|PolicyFaults(faults)| Failure::Input(told(&faults)))
}

fn told(faults: &[String]) -> String {
    let count = match faults.len() {
        1 => "1 fault".to_owned(),
        n => format!("{n} faults"),
    };
    format!("not a valid policy, {count}:\n  {}", faults.join("\n  "))
}
