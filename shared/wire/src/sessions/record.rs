//! What session-sync tells of a batch and of a tick: log and metrics at once, as [`crate::record`]'s.
//!
//! | metric | unit | dimensions | meaning |
//! |---|---|---|---|
//! | `RecordsApplied` | Count | | writes that the cache has taken |
//! | `PoisonRecords` | Count | | records that cannot be read |
//! | `RefusedStamps` | Count | | parts of other regions that are too far ahead |
//! | `CacheFailures` | Count | | 1 when the cache did not take all of a batch, else 0 |
//! | `ReplicationLag` | Milliseconds | `from`, `to` | for each thing that another region wrote: now minus its stamp; at most 100 values of a batch |
//! | `ReplicationAge` | Seconds | `from`, `to` | age of the newest beat of another region |
//! | `TickCompleted` | Count | `function` | 1: the own beat was written, the others were read |
//!
//! A line has the metrics of one set of dimensions: one for the batch and one for each region that
//! something came from.
//!
//! What must stay true: no line holds a key, a field, a value or a token.

use crate::record::{Metric, with_metrics};
use jiff::Timestamp;
use serde::Serialize;
use serde_json::{Value, json};
use tidegate_domain::sessions::stamp::RegionName;
use tidegate_domain::sessions::sync::{Doubted, SyncReport, TickReport};

/// The function's name.
pub const FUNCTION: &str = "session-sync";

/// A batch without its lists of samples and sequence numbers.
#[derive(Serialize)]
struct Batch<'a> {
    function: &'static str,
    received: u32,
    foreign: u32,
    failed: usize,
    cache_failure: &'a Option<String>,
    doubted: &'a Doubted,
    notes: &'a [String],
}

/// The lines of a batch of the stream of `to`.
pub fn batch(report: &SyncReport, to: &RegionName) -> Vec<Value> {
    let batch = Batch {
        function: FUNCTION,
        received: report.received,
        foreign: report.foreign,
        failed: report.failed.len(),
        cache_failure: &report.cache_failure,
        doubted: &report.doubted,
        notes: &report.notes,
    };
    let counts = [
        ("RecordsApplied", report.applied),
        ("PoisonRecords", report.poison),
        ("RefusedStamps", report.refused),
        ("CacheFailures", u32::from(report.cache_failure.is_some())),
    ];
    let counts = counts.map(|(name, value)| metric(name, "Count", value.into()));
    let mut lines = vec![with_metrics(&batch, report.at, &[], counts.into())];
    let lags = report.lag_ms.iter().filter(|(_, samples)| !samples.is_empty());
    lines.extend(lags.map(|(from, samples)| {
        let lag = metric("ReplicationLag", "Milliseconds", json!(samples));
        of_pair(report.at, from, to, lag)
    }));
    lines
}

/// The lines of a tick in `to`.
pub fn tick(report: &TickReport, to: &RegionName) -> Vec<Value> {
    let done = u32::from(report.errors.is_empty());
    let tick = json!({
        "function": FUNCTION, "refused": report.refused, "errors": report.errors,
    });
    let completed = vec![metric("TickCompleted", "Count", done.into())];
    let mut lines = vec![with_metrics(&tick, report.at, &["function"], completed)];
    lines.extend(report.age_ms.iter().map(|(from, ms)| {
        let secs = serde_json::Number::from_f64(seconds(*ms)).unwrap_or_else(|| 0.into());
        of_pair(report.at, from, to, metric("ReplicationAge", "Seconds", secs.into()))
    }));
    lines
}

fn metric(name: &'static str, unit: &'static str, value: Value) -> Metric {
    Metric { name, unit, value }
}

fn of_pair(at: Timestamp, from: &RegionName, to: &RegionName, metric: Metric) -> Value {
    let pair = json!({ "function": FUNCTION, "from": from.as_str(), "to": to.as_str() });
    with_metrics(&pair, at, &["from", "to"], vec![metric])
}

/// To three digits, as the milliseconds have it.
fn seconds(ms: u64) -> f64 {
    std::time::Duration::from_millis(ms).as_secs_f64()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn region(name: &str) -> RegionName {
        RegionName::new(name).unwrap()
    }

    fn at() -> Timestamp {
        "2026-03-02T22:10:00Z".parse().unwrap()
    }

    fn a_batch() -> SyncReport {
        SyncReport {
            at: at(),
            received: 9,
            applied: 6,
            poison: 1,
            refused: 1,
            foreign: 1,
            cache_failure: Some("no answer within 200 ms".to_owned()),
            doubted: Doubted::Now,
            failed: vec!["111".to_owned()],
            lag_ms: [(region("us-east-1"), (0..100).collect()), (region("eu-west-1"), Vec::new())]
                .into(),
            notes: vec!["`v` is 2".to_owned()],
        }
    }

    fn directive(line: &Value) -> &Value {
        &line["_aws"]["CloudWatchMetrics"][0]
    }

    /// Every metric that a line names stands at its top.
    fn values(line: &Value) -> Vec<(&str, &Value)> {
        let metrics = directive(line)["Metrics"].as_array().unwrap();
        let named = metrics.iter().map(|metric| metric["Name"].as_str().unwrap());
        named.map(|name| (name, &line[name])).collect()
    }

    #[test]
    fn a_batch_is_a_line_of_counts_and_one_for_each_region() {
        let lines = batch(&a_batch(), &region("ap-northeast-2"));
        let [counts, lag] = lines.as_slice() else { panic!("{lines:?}") };
        assert_eq!(directive(counts)["Dimensions"], json!([[]]));
        let expected = [
            ("RecordsApplied", &json!(6)),
            ("PoisonRecords", &json!(1)),
            ("RefusedStamps", &json!(1)),
            ("CacheFailures", &json!(1)),
        ];
        assert_eq!(values(counts), expected);
        assert_eq!((&counts["failed"], &counts["doubted"]), (&json!(1), &json!("now")));
        assert_eq!(directive(lag)["Dimensions"], json!([["from", "to"]]));
        assert_eq!((&lag["from"], &lag["to"]), (&json!("us-east-1"), &json!("ap-northeast-2")));
        assert_eq!(lag["ReplicationLag"].as_array().unwrap().len(), 100, "no value is cut off");
        assert_eq!(directive(lag)["Metrics"][0]["Unit"], "Milliseconds");
    }

    #[test]
    fn a_tick_is_a_line_for_itself_and_one_for_each_region() {
        let mut report = TickReport {
            at: at(),
            age_ms: [(region("us-east-1"), 61_500)].into(),
            refused: 0,
            errors: Vec::new(),
        };
        let lines = tick(&report, &region("ap-northeast-2"));
        let [done, age] = lines.as_slice() else { panic!("{lines:?}") };
        assert_eq!(values(done), [("TickCompleted", &json!(1))]);
        assert_eq!(directive(done)["Dimensions"], json!([["function"]]));
        assert_eq!(done["function"], "session-sync");
        assert_eq!(values(age), [("ReplicationAge", &json!(61.5))]);
        assert_eq!(directive(age)["Metrics"][0]["Unit"], "Seconds");
        report.errors.push("the beats could not be read".to_owned());
        assert_eq!(tick(&report, &region("ap-northeast-2"))[0]["TickCompleted"], 0);
    }
}
