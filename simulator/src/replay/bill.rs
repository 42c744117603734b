//! What Tidegate itself costs: its calls, at the prices below.

use super::drive::{Driven, Woken};
use super::found::{Bill, BillLine};
use crate::world::{Calls, Sizes};

/// Hours of a month.
const MONTH_HOURS: f64 = 730.0;
/// What a warm run takes of a function's time, seconds (assumed, not measured), and its memory, GB
/// (the template's).
const RUN_SECS: f64 = 0.1;
const MEMORY_GB: f64 = 0.125;
/// What a run writes to its log, GB (assumed).
const LOG_GB: f64 = 1.5e-6;
/// Metrics that a fleet's decision record carries (CloudWatch custom metrics).
const RECORD_METRICS: f64 = 11.0;

/// A price in USD, us-east-1, written down in November 2026. It is to be checked against the page
/// that it names before anybody relies on it: none was read when it was written.
struct Price {
    /// What is paid for, and the page.
    what: &'static str,
    usd: f64,
}

const LAMBDA_RUNS: Price =
    Price { what: "Lambda, requests (aws.amazon.com/lambda/pricing)", usd: 0.20e-6 };
const LAMBDA_TIME: Price =
    Price { what: "Lambda, GB-seconds at 128 MB and 0.1 s", usd: 16.6667e-6 };
const SCHEDULES: Price =
    Price { what: "EventBridge Scheduler (aws.amazon.com/eventbridge/pricing)", usd: 1.0e-6 };
const METRICS: Price = Price {
    what: "CloudWatch GetMetricData, metrics (aws.amazon.com/cloudwatch/pricing)",
    usd: 0.01e-3,
};
const CUSTOM: Price = Price { what: "CloudWatch custom metrics of the decision record", usd: 0.30 };
const LOGS: Price = Price { what: "CloudWatch Logs, GB at 1.5 kB a run", usd: 0.50 };
const WRITES: Price = Price {
    what: "DynamoDB on demand, write units (aws.amazon.com/dynamodb/pricing)",
    usd: 0.625e-6,
};
const READS: Price = Price { what: "DynamoDB on demand, read units", usd: 0.125e-6 };
const NOTICES: Price = Price { what: "SNS, publishes (aws.amazon.com/sns/pricing)", usd: 0.50e-6 };

/// The bill of a run over so many hours. `DescribeAutoScalingGroups`, `DescribeAlarms` and the
/// other calls of Auto Scaling cost nothing; free tiers are not counted.
pub fn of(driven: &Driven, hours: f64) -> Bill {
    let month = MONTH_HOURS / hours.max(f64::MIN_POSITIVE);
    let Driven { calls, woken: Woken { ticks, schedules, alarms, .. }, .. } = driven;
    let runs = (ticks + schedules + alarms) as f64;
    let line = |price: &Price, count: f64| BillLine {
        what: price.what.to_owned(),
        monthly: count,
        usd: count * price.usd,
    };
    let mut lines = vec![
        line(&LAMBDA_RUNS, runs * month),
        line(&LAMBDA_TIME, runs * RUN_SECS * MEMORY_GB * month),
        line(&SCHEDULES, (ticks + schedules) as f64 * month),
        line(&METRICS, (calls.metrics + calls.sizing_metrics) as f64 * month),
        line(&CUSTOM, RECORD_METRICS),
        line(&LOGS, runs * LOG_GB * month),
        line(&WRITES, write_units(calls) * month),
        line(&READS, read_units(calls, runs) * month),
        line(&NOTICES, calls.notices as f64 * month),
    ];
    lines.sort_by(|a, b| b.usd.total_cmp(&a.usd));
    Bill { lines }
}

/// A unit writes up to a kilobyte.
fn write_units(calls: &Calls) -> f64 {
    let units = |sizes: &Sizes| sizes.writes as f64 * (sizes.mean() / 1024.0).ceil().max(1.0);
    calls.leases as f64 + units(&calls.memories) + units(&calls.sizings) + units(&calls.entries)
}

/// A strongly consistent unit reads up to four kilobytes; each run reads its policy too. What
/// sizing learned is read eventually consistent, at half of that.
fn read_units(calls: &Calls, runs: f64) -> f64 {
    let units = |sizes: &Sizes| (sizes.mean() / 4096.0).ceil().max(1.0);
    let sizing = calls.sizing_reads as f64 * units(&calls.sizings) / 2.0;
    runs + calls.loads as f64 * units(&calls.memories) + sizing
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plant::Tally;

    #[test]
    fn a_month_of_ticks_is_scaled_to_730_hours() {
        let memories = Sizes { writes: 100, measured: 2, bytes: 3_000 };
        let calls = Calls { metrics: 1_000, leases: 200, loads: 100, memories, ..Calls::default() };
        let woken = Woken { ticks: 100, schedules: 40, alarms: 1, failed: 0 };
        let outcome = Tally::default().outcome();
        let driven = Driven { outcome, minutes: Vec::new(), calls, woken, mode: None };
        let bill = of(&driven, 73.0);
        let usd = |what: &str| bill.lines.iter().find(|l| l.what.contains(what)).unwrap();
        assert_eq!(usd("requests").monthly, 1_410.0);
        assert_eq!(usd("Scheduler").monthly, 1_400.0);
        assert!((usd("GetMetricData").usd - 0.1).abs() < 1e-12);
        assert_eq!(usd("write units").monthly, 10.0 * (200.0 + 100.0 * 2.0));
        assert_eq!(usd("read units").monthly, 10.0 * (141.0 + 100.0));
        assert!((bill.total() - bill.lines.iter().map(|l| l.usd).sum::<f64>()).abs() < 1e-12);
        assert!(bill.lines.is_sorted_by(|a, b| a.usd >= b.usd));
    }
}
