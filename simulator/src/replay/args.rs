//! The arguments of `replay`.

use super::against::Against;
use crate::trace::Rules;
use crate::world::{AlarmRule, Measure};
use clap::Args;
use std::path::PathBuf;
use tidegate_domain::ids::AlarmName;
use tidegate_domain::metrics::Comparison;
use tidegate_domain::policy::SizingMode;
use tidegate_domain::sizing::Dial;

/// What stands under the help.
pub const AFTER: &str = "\
Examples:

  What would Tidegate have done to last month's traffic, and what would it have cost?

  $ tidegate replay --trace requests.csv --against native,static:12,oracle --price 0.04

  Your own policy, scored from the third day on, as a page to look at:

  $ tidegate replay --trace requests.csv.gz --policy policy.toml --from \"day 2\" \\
      --report rehearsal.html

  The same with trouble:

  $ tidegate replay --trace requests.csv --policy policy.toml --faults faults.toml

The load is what the policy's load expression would have measured, by the minute. The plant: an
instance serves capacity_per_instance at 80 % CPU, boots boot_secs, drains 60 s, is billed by the
second; a minute's metric is published 70 s after its end; what exceeds the capacity in service
is unserved, there is no queue. The decisions are made by the code that the functions run.

Without --policy: one fleet, at least 2 instances, capacity such that the mean load takes ten,
no schedule above the minimum, no step tables.

A step table's alarm is CPU at or above 70 % in 2 of 2 minutes, as in the template, unless
--alarm says otherwise. Veto alarms are OK all the time.

Faults (--faults FILE, TOML): one [[fault]] each with kind, from, to. Kinds: launch-failures
(zone), zone-lost (zone), suspended (process), metrics-missing, cloudwatch-down,
auto-scaling-down, control-table-down. Zones are a, b, c.

Exit codes:
  0  replayed
  1  a decision broke an invariant; stderr says which
  2  the input is wrong: arguments, a file, with every fault of it";

/// Rehearses a policy on recorded traffic.
#[derive(Debug, Clone, Args)]
pub struct Replay {
    /// The load by the minute: time,load rows, or what `aws cloudwatch get-metric-data` printed;
    /// plain or gzip; `-` reads it from stdin. Without it: four weeks of an invented chat service.
    #[arg(long, value_name = "FILE")]
    pub trace: Option<PathBuf>,
    /// How it is read.
    #[command(flatten)]
    pub rules: Rules,
    /// The policy document (TOML); `-` reads it from stdin.
    #[arg(long, value_name = "FILE")]
    pub policy: Option<PathBuf>,
    /// Which of the policy's fleets; needed when there are several.
    #[arg(long, value_name = "NAME")]
    pub fleet: Option<String>,
    /// Whom Tidegate is held against: native, tracking, step, static, static:N, oracle.
    #[arg(
        long,
        value_name = "WHO",
        value_delimiter = ',',
        default_value = "native,tracking,static,oracle"
    )]
    pub against: Vec<Against>,
    /// Policies are scored from here on; what lies before it is for learning. Two days after the
    /// first minute unless given, if the trace is longer than four: 2026-01-19T08:00:00Z,
    /// 2026-01-19 or "day 14".
    #[arg(long, value_name = "TIME")]
    pub from: Option<String>,
    /// The trace ends here.
    #[arg(long, value_name = "TIME")]
    pub to: Option<String>,
    /// The price of unserved load for sizing: thrifty, balanced, strict. The policy's; without a
    /// policy balanced.
    #[arg(long, value_name = "DIAL", value_parser = dial)]
    pub sla: Option<Dial>,
    /// Learned headroom: off, advise, on. The policy's; without a policy on.
    #[arg(long, value_name = "MODE", value_parser = sizing)]
    pub sizing: Option<SizingMode>,
    /// The group's MaxSize; twice the peak's need unless given.
    #[arg(long, value_name = "COUNT")]
    pub max: Option<u32>,
    /// The alarm of a step table: NAME=METRIC>THRESHOLD[:MINUTES], or >=; METRIC is cpu (percent)
    /// or requests-per-target.
    #[arg(long, value_name = "ALARM", value_parser = alarm)]
    pub alarm: Vec<AlarmRule>,
    /// A native policy beside Tidegate: net is target tracking of 70 % that only scales out, as
    /// in the template; tracking is one of 50 % that scales in too (floor mode).
    #[arg(long, value_name = "POLICY", value_parser = ["net", "tracking"])]
    pub attached: Option<String>,
    /// What goes wrong meanwhile.
    #[arg(long, value_name = "FILE")]
    pub faults: Option<PathBuf>,
    /// USD of an instance-hour.
    #[arg(long, value_name = "USD", default_value_t = 0.0416, value_parser = price)]
    pub price: f64,
    /// Writes a page of it that needs nothing else (HTML); a name that ends in .svg: the main chart
    /// alone.
    #[arg(long, value_name = "FILE")]
    pub report: Option<PathBuf>,
    /// As JSON, with every decision.
    #[arg(long)]
    pub json: bool,
    /// Tells how far it is, on stderr, also when that is no terminal.
    #[arg(long)]
    pub progress: bool,
}

fn dial(word: &str) -> Result<Dial, String> {
    Dial::parse(word).ok_or_else(|| "one of thrifty, balanced, strict".to_owned())
}

fn sizing(word: &str) -> Result<SizingMode, String> {
    match word {
        "off" => Ok(SizingMode::Off),
        "advise" => Ok(SizingMode::Advise),
        "on" => Ok(SizingMode::On),
        _ => Err("one of off, advise, on".to_owned()),
    }
}

fn price(text: &str) -> Result<f64, String> {
    let price = text.parse::<f64>().ok().filter(|price| price.is_finite() && *price >= 0.0);
    price.ok_or_else(|| "a number at or above zero".to_owned())
}

fn alarm(text: &str) -> Result<AlarmRule, String> {
    let wrong = || format!("NAME=METRIC>THRESHOLD[:MINUTES], got {text:?}");
    // A name may hold nearly anything; the rule is what follows the last sign of equality that
    // is not the comparison's own.
    let (head, rule) = text.split_once('>').ok_or_else(wrong)?;
    let (name, metric) = head.rsplit_once('=').ok_or_else(wrong)?;
    let name = AlarmName::new(name).map_err(|error| error.to_string())?;
    let measure = match metric {
        "cpu" => Measure::Cpu,
        "requests-per-target" => Measure::RequestsPerTarget,
        other => return Err(format!("cpu or requests-per-target, got {other:?}")),
    };
    let (comparison, rule) = match rule.strip_prefix('=') {
        Some(rest) => (Comparison::AtOrAbove, rest),
        None => (Comparison::Above, rule),
    };
    let (threshold, minutes) = rule.split_once(':').unwrap_or((rule, "2"));
    let threshold = threshold.parse::<f64>().ok().filter(|n| n.is_finite()).ok_or_else(wrong)?;
    let datapoints = minutes.parse().ok().filter(|n| (1..=60).contains(n)).ok_or_else(wrong)?;
    Ok(AlarmRule { name, measure, comparison, threshold, datapoints })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn alarms_as_they_are_written() {
        for (text, want) in [
            ("web-cpu=cpu>60", Ok((Measure::Cpu, Comparison::Above, 60.0, 2))),
            ("web-cpu=cpu>=50.5:3", Ok((Measure::Cpu, Comparison::AtOrAbove, 50.5, 3))),
            (
                "a=b=requests-per-target>600:1",
                Ok((Measure::RequestsPerTarget, Comparison::Above, 600.0, 1)),
            ),
            ("web-cpu=cpu", Err("NAME=METRIC>THRESHOLD")),
            ("cpu>60", Err("NAME=METRIC>THRESHOLD")),
            ("web=memory>60", Err("cpu or requests-per-target")),
            ("web=cpu>much", Err("NAME=METRIC>THRESHOLD")),
            ("web=cpu>60:0", Err("NAME=METRIC>THRESHOLD")),
            ("=cpu>60", Err("1 to 255")),
        ] {
            match (alarm(text), want) {
                (Ok(got), Ok(want)) => {
                    let got = (got.measure, got.comparison, got.threshold, got.datapoints);
                    assert_eq!(got, want, "{text}");
                }
                (Err(got), Err(want)) => assert!(got.contains(want), "{text}: {got}"),
                (got, want) => panic!("{text}: {got:?}, {want:?}"),
            }
        }
    }
}
