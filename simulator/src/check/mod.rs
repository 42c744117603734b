//! `check`: what a policy document says, in plain words, or everything that is wrong with it.
//!
//! What must stay true: the document is read by the code that the functions read it with; what
//! is only unwise is a warning and no fault.

mod warnings;
mod words;

use crate::Failure;
use crate::cli::time;
use clap::Args;
use jiff::Timestamp;
use std::path::PathBuf;
use tidegate_domain::alarms::policy::{AlarmPolicy, parse_whole};
use tidegate_domain::policy::Policy;

/// Below the arguments' help.
pub const HELP: &str = "\
Example: a policy is held to be sound and wise, in CI

  $ tidegate check --policy policy.toml --strict

Whether the alarms, metrics and groups that it names exist is not known here: `make policy-put`
asks AWS.

Exit codes:
  0  sound; warnings, if there are any, are shown
  1  sound, with warnings, and --strict
  2  the input is wrong: arguments, a file, the policy document with every fault of it";

/// The arguments of `check`.
#[derive(Debug, Clone, Args)]
pub struct Ask {
    /// The policy document (TOML); `-` reads it from stdin.
    #[arg(long, value_name = "FILE")]
    pub policy: PathBuf,
    /// Exits 1 when there are warnings.
    #[arg(long)]
    pub strict: bool,
    /// As seen at this time, such as 2026-12-31T22:00:00+09:00; now, unless given.
    #[arg(long, value_name = "TIME", value_parser = time)]
    pub at: Option<Timestamp>,
}

/// A sound document.
#[derive(Debug)]
pub struct Answer {
    policy: Policy,
    alarms: AlarmPolicy,
    at: Timestamp,
    /// What is unwise, each with the path of the key.
    pub warnings: Vec<String>,
}

/// Reads a policy document.
///
/// # Errors
/// [`Failure::Input`]: every fault of it.
pub fn answer(document: &str, at: Timestamp) -> Result<Answer, Failure> {
    let (policy, alarms) =
        parse_whole(document).map_err(|faults| Failure::Input(faults.to_string()))?;
    let warnings = warnings::of(&policy, &alarms, at);
    Ok(Answer { policy, alarms, at, warnings })
}

impl Answer {
    /// In words, for people.
    pub fn words(&self) -> String {
        words::of(self)
    }

    /// What makes the exit code 1.
    pub fn differences(&self, strict: bool) -> Vec<String> {
        let count = self.warnings.len();
        let told = (strict && count > 0).then(|| format!("{count} warning(s), and --strict"));
        told.into_iter().collect()
    }
}

#[cfg(test)]
mod tests;
