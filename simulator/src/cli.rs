//! The arguments.

use crate::decide::{self, Decide};
use crate::generate::{self, Generate};
use crate::{calendar, calibrate, check, replay};
use clap::{Args, Parser, Subcommand};
use jiff::Timestamp;
use jiff::civil::Date;
use std::path::PathBuf;

const AFTER: &str = "\
Exit codes:
  0  as it should be
  1  it differs from what was expected
  2  the input is wrong: arguments, a file, the policy document";

const ROUTE: &str = "\
Example: a tree is held to what it is for, in CI

  $ tidegate route --alarm events/alarm-router/critical.json --policy policy.toml \\
      --expect critical

An alarm that takes several routes (continue) has several topics, and all of them are to be
named: --expect critical,audit. An alarm that nobody is told of has the topic none.

The alarm is looked at alone: nobody was told of it before, nothing else fires, there is no
silence and no plan of a fleet. Which rules could silence it is said.

Exit codes:
  0  routed, and as expected
  1  another topic than expected; stderr says which
  2  the input is wrong: arguments, a file, an event without an alarm, the policy document with
     every fault of it";

/// Tries what Tidegate would do, without AWS.
#[derive(Debug, Parser)]
#[command(name = "tidegate", version, after_help = AFTER)]
pub struct Cli {
    /// What to try.
    #[command(subcommand)]
    pub command: Command,
}

/// What to try.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Who would get this alarm: its labels, its way through the tree, topic, reason and text.
    #[command(after_help = ROUTE)]
    Route(Route),
    /// A synthetic load trace, by a seed.
    #[command(after_help = generate::HELP)]
    Generate(Generate),
    /// Decides a fleet's size minute by minute, over stdin and stdout: owner mode, sizing on.
    #[command(after_help = decide::HELP)]
    Decide(Decide),
    /// What a policy would have done to recorded traffic: cost, unserved load, decisions.
    #[command(after_help = replay::args::AFTER)]
    Replay(Box<replay::args::Replay>),
    /// How much load one instance serves inside the SLO, from measured minutes.
    #[command(after_help = calibrate::HELP)]
    Calibrate(calibrate::Ask),
    /// What a policy document says, in plain words, or everything that is wrong with it.
    #[command(after_help = check::HELP)]
    Check(check::Ask),
    /// The days and nights of the next days: holidays, exceptions, changes of the clock.
    #[command(after_help = calendar::HELP)]
    Calendar(calendar::Ask),
    /// Golden scripts: a night, a spike, an outage, and the ledger that is expected of it.
    #[command(after_help = crate::scenario::HELP)]
    Scenario(crate::scenario::Scenario),
}

/// The arguments of `route`.
#[derive(Debug, Args)]
pub struct Route {
    /// The event, as EventBridge, Lambda, SNS or SQS give it (JSON); `-` reads it from stdin.
    #[arg(long, value_name = "FILE")]
    pub alarm: PathBuf,
    /// The policy document (TOML) with its `[alarms]`; `-` reads it from stdin. Without it the
    /// built-in tree holds, and there are no fleets.
    #[arg(long, value_name = "FILE")]
    pub policy: Option<PathBuf>,
    /// The topics that each alarm of the event is to go to; exits 1 when it goes to others.
    #[arg(long, value_name = "TOPIC", value_delimiter = ',')]
    pub expect: Vec<String>,
    /// As JSON.
    #[arg(long)]
    pub json: bool,
    /// The event arrives at this time, such as 2026-12-31T22:00:00+09:00; unless given, when the
    /// alarm changed its state.
    #[arg(long, value_name = "TIME", value_parser = time)]
    pub at: Option<Timestamp>,
}

/// A time such as 2026-12-31T22:00:00+09:00.
pub(crate) fn time(text: &str) -> Result<Timestamp, String> {
    text.parse().map_err(|error: jiff::Error| error.to_string())
}

/// A date such as 2026-01-05.
pub(crate) fn date(text: &str) -> Result<Date, String> {
    text.parse().map_err(|error: jiff::Error| error.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory;

    #[test]
    fn the_arguments_are_sound() {
        Cli::command().debug_assert();
    }
}
