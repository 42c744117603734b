//! `scenario`: golden scripts. A short script of a night, a spike, an outage is played against
//! the functions' own cycle over strict fakes, and its ledger is compared with the expected one.
//!
//! What must stay true: the same script gives the same text on any machine; a decision that the
//! invariants refuse fails its script, whatever is expected.

mod curve;
mod golden;
pub mod play;
pub mod read;
pub mod script;
mod stage;
pub mod sums;
#[cfg(test)]
mod tests;
mod time;
mod told;

pub use golden::{Answer, Disk, Options, answer};
pub use told::text;

use clap::Args;
use std::path::PathBuf;

/// The end of a script's name.
pub const SCRIPT: &str = "scenario";
/// The end of an expected file's name.
pub const EXPECTED: &str = "expected";

/// What `--help` says below the options.
pub const HELP: &str = "\
A script (NAME.scenario) beside its expected ledger (NAME.expected):

  # The night goes down in steps, and the day is back before 08:00.
  policy seoul.toml                     a file beside the script; indented lines lie over its keys
  group min 6, desired 10, max 20
  alarm aira-web-cpu-high: cpu >= 70    for 2 of 2 minutes, unless it says more
  alarm aira-web-requests-high: requests-per-target >= 600
  from 2026-11-19 21:30                 in the policy's zone
  until 08:30
  past as load                          past weeks had the same load
  load                                  per minute, straight lines between
    21:30 3000
    02:00  600
    08:00 3000
  23:10 metrics lost until 23:40        what happens; a wrong phrase is told all that are known

Examples:

  $ tidegate scenario tests/scenarios             compare all of a folder
  $ tidegate scenario --update tests/scenarios    write the ledgers anew
  $ tidegate scenario - < night.scenario          show a ledger, compare nothing

The whole format: tests/scenarios/README.md.

Exit codes:
  0  every ledger is as expected
  1  a ledger differs (stderr has the difference), one is missing, or an invariant refused a
     decision
  2  a script is wrong: every fault, with its line";

/// The arguments of `scenario`.
#[derive(Debug, Args)]
pub struct Scenario {
    /// Scripts, or folders of scripts; `-` reads one from stdin and shows its ledger.
    #[arg(required = true, value_name = "FILE")]
    pub files: Vec<PathBuf>,
    /// Write the expected ledgers anew, and say which ones change.
    #[arg(long)]
    pub update: bool,
    /// With --update: show what changes, line by line.
    #[arg(long, requires = "update")]
    pub diff: bool,
    /// As JSON: decisions, notices and sums of each script.
    #[arg(long)]
    pub json: bool,
}
