//! What a function tells its operators: JSON lines on stdout, and for each decision one
//! record that is log and metrics at once (CloudWatch embedded metric format:
//! <https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/CloudWatch_Embedded_Metric_Format_Specification.html>).
//!
//! # The decision record
//! Every key of the ledger entry (`fleet`, `function`, `signal`, `mode`, `action`, `reason`
//! with its fields, `text`, `notes`, `bids`, `observed`, `outcome`, ...), `level`, and these
//! metrics in the namespace [`NAMESPACE`] with the one dimension `fleet`:
//!
//! | metric | unit | meaning |
//! |---|---|---|
//! | `TickCompleted` | Count | 1: a decision was reached; its absence is a dead function |
//! | `Raised`, `Lowered` | Count | 1 when the group was written so, else 0 |
//! | `Held` | Count | 1 when the decision was to hold, else 0 |
//! | `Refused` | Count | 1 when the decision broke an invariant and was not written, else 0 |
//! | `MinSize`, `MaxSize`, `Desired`, `InService` | None | capacity units that were seen; absent when the group was not |
//! | `Need` | None | capacity units that the load needs; absent where it was not judged |
//! | `Load` | None | the load that was judged; absent where it was not |
//!
//! What must stay true: no text, however hostile, breaks a line; no metric has a
//! dimension but the fleet.

use crate::log;
use crate::text;
use serde_json::{Map, Value, json};
use tidegate_domain::ledger::{ActionRecord, LedgerEntry, OutcomeWord};

pub use crate::log::{Level, init, line};

/// Namespace of the metrics.
pub const NAMESPACE: &str = "Tidegate";
/// The metrics' only dimension.
pub const DIMENSION: &str = "fleet";

/// Bytes of one text in a record: hostile input stays readable and a line stays small.
const TEXT_BYTES: usize = 2_000;
/// Elements of one list in a record.
const LIST: usize = 50;

/// Writes the record of one decision to stdout.
pub fn report(entry: &LedgerEntry) {
    log::write(&record(entry));
}

/// The record of one decision.
pub fn record(entry: &LedgerEntry) -> Value {
    let mut record = match bounded(serde_json::to_value(entry).unwrap_or_default()) {
        Value::Object(keys) => keys,
        _ => Map::new(),
    };
    let metrics = metrics(entry);
    record.insert("level".to_owned(), json!("INFO"));
    record.insert(
        "_aws".to_owned(),
        json!({
            "Timestamp": entry.at.as_millisecond(),
            "CloudWatchMetrics": [{
                "Namespace": NAMESPACE,
                "Dimensions": [[DIMENSION]],
                "Metrics": metrics.iter().map(definition).collect::<Vec<_>>(),
            }],
        }),
    );
    record.extend(metrics.into_iter().map(|metric| (metric.name.to_owned(), metric.value)));
    Value::Object(record)
}

/// One metric of a record.
struct Metric {
    name: &'static str,
    unit: &'static str,
    value: Value,
}

fn definition(metric: &Metric) -> Value {
    json!({ "Name": metric.name, "Unit": metric.unit })
}

fn metrics(entry: &LedgerEntry) -> Vec<Metric> {
    let applied = entry.outcome == OutcomeWord::Applied;
    let count = |name, yes: bool| Metric { name, unit: "Count", value: u8::from(yes).into() };
    let mut metrics = vec![
        count("TickCompleted", true),
        count("Raised", applied && matches!(entry.action, ActionRecord::Raise { .. })),
        count("Lowered", applied && matches!(entry.action, ActionRecord::Lower { .. })),
        count("Held", entry.action == ActionRecord::Hold),
        count("Refused", entry.outcome == OutcomeWord::Refused),
    ];
    if let Some(seen) = &entry.observed {
        let mut units = |name, value: Value| metrics.push(Metric { name, unit: "None", value });
        units("MinSize", seen.min.into());
        units("MaxSize", seen.max.into());
        units("Desired", seen.desired.into());
        units("InService", seen.in_service.into());
        if let Some(need) = seen.need {
            units("Need", need.into());
        }
        // EMF knows no NaN and no infinity.
        if let Some(load) = seen.load.filter(|load| load.is_finite()) {
            units("Load", load.into());
        }
    }
    metrics
}

/// A value whose texts and lists are cut to a bound.
fn bounded(value: Value) -> Value {
    match value {
        Value::String(text) => Value::String(text::cut(&text, TEXT_BYTES)),
        Value::Array(list) => list.into_iter().take(LIST).map(bounded).collect(),
        Value::Object(keys) => keys.into_iter().map(|(k, v)| (k, bounded(v))).collect(),
        plain => plain,
    }
}
