//! The arguments.

use crate::uninstall::Functions;
use clap::builder::NonEmptyStringValueParser;
use clap::{Args, Parser, Subcommand};
use jiff::{SignedDuration, Span, SpanRelativeTo, Timestamp};
use std::path::PathBuf;

const AFTER: &str = "\
Environment:
  TIDEGATE_CONTROL_TABLE  the control table, unless --table names it (the stack's output
                          ControlTableName)
  AWS_REGION              or AWS_DEFAULT_REGION
  AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY, AWS_SESSION_TOKEN
                          credentials; for a profile or single sign-on first run
                            eval \"$(aws configure export-credentials --format env)\"
  AWS_ENDPOINT_URL        a local endpoint in place of AWS; for the one of this repository
                            eval \"$(tools/endpoint env)\"
  TIDEGATE_SEED_POLICY    the template's policy document, which holds until one is stored

Permissions: dynamodb:Query and GetItem on the control table, PutItem for policy-put, silence,
unsilence and uninstall; autoscaling:DescribeAutoScalingGroups for status; what doctor and uninstall
need stands in docs/iam.md.

Exit codes:
  0  done
  1  it could not be done, or not all of it: AWS said no, somebody else was first, there is
     nothing to store, it was not confirmed, the table of keys differs; doctor found what stands in the way
  2  the input is wrong: arguments, environment, policy document, silence";

/// Shows what Tidegate does and why, changes its policy, and silences alarms.
#[derive(Debug, Parser)]
#[command(name = "tidegate-ops", version, after_help = AFTER)]
pub struct Cli {
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
}

/// What to do.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// How each fleet stands: sizes, bids, holds, memory, the last decision.
    Status {
        /// This fleet only; again for several. Needed while no policy is stored.
        #[arg(long = "fleet", value_name = "NAME")]
        fleets: Vec<String>,
        /// As JSON.
        #[arg(long)]
        json: bool,
        /// Which time.
        #[command(flatten)]
        at: At,
        /// Which control table.
        #[command(flatten)]
        table: Table,
    },
    /// A fleet's last decisions with their reasons, newest first.
    Explain {
        /// The fleet: its Auto Scaling group's name.
        fleet: String,
        /// How many.
        #[arg(long, value_name = "N", default_value_t = 10, value_parser = clap::value_parser!(u32).range(1..=1000))]
        last: u32,
        /// As JSON: the ledger's entries as they are kept.
        #[arg(long)]
        json: bool,
        /// Which control table.
        #[command(flatten)]
        table: Table,
    },
    /// Checks a policy document, shows what it changes and stores it as the next version.
    PolicyPut {
        /// The TOML document; `-` reads it from stdin and then needs --yes.
        #[arg(value_name = "FILE")]
        file: PathBuf,
        /// Does not ask.
        #[arg(long)]
        yes: bool,
        /// Checks and shows, and stores nothing.
        #[arg(long, conflicts_with = "yes")]
        dry_run: bool,
        /// Which control table.
        #[command(flatten)]
        table: Table,
    },
    /// Checks a policy document and says what it means. Calls nobody.
    PolicyCheck {
        /// The TOML document; `-` reads it from stdin.
        #[arg(value_name = "FILE")]
        file: PathBuf,
        /// Which time.
        #[command(flatten)]
        at: At,
    },
    /// Prints a stored policy document.
    PolicyShow {
        /// This version, of the newest five; the newest unless given.
        #[arg(long, value_name = "N")]
        version: Option<u32>,
        /// Which control table.
        #[command(flatten)]
        table: Table,
    },
    /// Has nobody told of some alarms for a while. They stay in their groups: what still fires
    /// when the silence ends is told then.
    Silence {
        /// Which: matchers that must all hold, such as 'fleet="aira-web",alarm=~".*cpu.*"'.
        #[arg(long = "match", value_name = "MATCHERS")]
        matchers: String,
        /// For how long: 30m, 2h, 1d12h; at most 31 days.
        #[arg(long = "for", value_name = "SPAN", value_parser = length)]
        length: SignedDuration,
        /// Who asks.
        #[arg(long, value_name = "NAME")]
        by: String,
        /// Why.
        #[arg(long, value_name = "TEXT")]
        comment: String,
        /// From this time, such as 2026-12-31T22:00:00+09:00, instead of now.
        #[arg(long, value_name = "TIME", value_parser = time)]
        starts: Option<Timestamp>,
        /// Which control table.
        #[command(flatten)]
        table: Table,
    },
    /// Lists the silences that hold or are to come.
    Silences {
        /// Those too that were over in the last day.
        #[arg(long)]
        all: bool,
        /// As JSON.
        #[arg(long)]
        json: bool,
        /// Which control table.
        #[command(flatten)]
        table: Table,
    },
    /// Ends a silence now; it is kept on the record for a day.
    Unsilence {
        /// Its id, such as s-1f0c6a83.
        id: String,
        /// Which control table.
        #[command(flatten)]
        table: Table,
    },
    /// Looks at a group before Tidegate is attached to it: what stands in the way, what to take care
    /// of, and the mode that follows. Only reads.
    Doctor {
        /// The Auto Scaling group's name.
        group: String,
        /// The policy document that it shall run by; the control table's unless given.
        #[arg(long, value_name = "FILE")]
        policy: Option<PathBuf>,
        /// As JSON.
        #[arg(long)]
        json: bool,
        /// Another region than the environment's.
        #[arg(long, value_name = "REGION", value_parser = NonEmptyStringValueParser::new())]
        region: Option<String>,
        /// The control table, where there is one already: the stack's output ControlTableName.
        #[arg(long = "table", value_name = "NAME", env = "TIDEGATE_CONTROL_TABLE", value_parser = NonEmptyStringValueParser::new())]
        table: Option<String>,
    },
    /// Leaves a group as it was found: shows what there is to do, and does it with --yes.
    Uninstall {
        /// The Auto Scaling group's name.
        group: String,
        /// Deletes the scheduled action `tidegate-restore`, too; kept unless asked for.
        #[arg(long)]
        remove_backstop: bool,
        /// `MinSize` to be, whatever the ledger knows of it.
        #[arg(long, value_name = "N")]
        min: Option<u32>,
        /// Whether functions may still write: running, stopped (schedules disabled) or gone.
        #[arg(long, value_name = "STATE", value_parser = functions, default_value = "unknown")]
        functions: Functions,
        /// Does it.
        #[arg(long)]
        yes: bool,
        /// Another region than the environment's.
        #[arg(long, value_name = "REGION", value_parser = NonEmptyStringValueParser::new())]
        region: Option<String>,
        /// Which control table.
        #[command(flatten)]
        table: Table,
    },
    /// Prints every key of the policy document as a Markdown table. Calls nobody.
    PolicyKeys {
        /// Compares with the table that stands in this file between `<!-- policy-keys -->` and
        /// `<!-- /policy-keys -->`.
        #[arg(long, value_name = "FILE")]
        check: Option<PathBuf>,
    },
}

/// Which control table.
#[derive(Debug, Args)]
pub struct Table {
    /// The control table: the stack's output ControlTableName.
    #[arg(
        long = "table",
        value_name = "NAME",
        env = "TIDEGATE_CONTROL_TABLE",
        value_parser = NonEmptyStringValueParser::new()
    )]
    pub name: String,
}

/// Which time.
#[derive(Debug, Args)]
pub struct At {
    /// Shows what holds at this time, such as 2026-12-31T22:00:00+09:00, instead of now.
    #[arg(long, value_name = "TIME", value_parser = time)]
    pub at: Option<Timestamp>,
}

/// A span of time; a day has 24 hours.
fn length(text: &str) -> Result<SignedDuration, String> {
    let span: Span = text.parse().map_err(|error: jiff::Error| error.to_string())?;
    let length = span.to_duration(SpanRelativeTo::days_are_24_hours());
    let length = length.map_err(|error| error.to_string())?;
    if length.is_positive() { Ok(length) } else { Err("a span longer than nothing".to_owned()) }
}

fn functions(word: &str) -> Result<Functions, String> {
    match word {
        "running" => Ok(Functions::Running),
        "stopped" => Ok(Functions::Stopped),
        "gone" => Ok(Functions::Gone),
        "unknown" => Ok(Functions::Unknown),
        _ => Err("one of running, stopped, gone".to_owned()),
    }
}

fn time(text: &str) -> Result<Timestamp, String> {
    text.parse().map_err(|error: jiff::Error| error.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_length_is_a_span_of_fixed_units() {
        for (text, secs) in [
            ("90s", Some(90)),
            ("30m", Some(1_800)),
            ("2h", Some(7_200)),
            ("1h 30m", Some(5_400)),
            ("1d12h", Some(129_600)),
            ("1w", Some(604_800)),
            ("PT2H", Some(7_200)),
            ("0s", None),
            ("-2h", None),
            ("1mo", None),
            ("2", None),
            ("soon", None),
        ] {
            let found = length(text).ok().map(|length| length.as_secs());
            assert_eq!(found, secs, "{text}");
        }
    }
}
