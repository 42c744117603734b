//! Log lines, and the record of one decision: log and metrics at once (CloudWatch embedded metric
//! format:
//! <https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/CloudWatch_Embedded_Metric_Format_Specification.html>).
//!
//! # The decision record
//! Every key of the ledger entry (`fleet`, `function`, `signal`, `mode`, `action`, `reason`
//! with its fields, `text`, `notes`, `bids`, `observed`, `outcome`, ...), `level`, and these
//! metrics in the namespace [`NAMESPACE`] with the one dimension `fleet`:
//!
//! | metric | unit | meaning |
//! |---|---|---|
//! | `TickCompleted` | Count | 1: a decision was reached; its absence is a dead function, or Auto Scaling does not answer |
//! | `Raised`, `Lowered` | Count | 1 when the group was written so, else 0 |
//! | `Held` | Count | 1 when the decision was to hold, else 0 |
//! | `Refused` | Count | 1 when the decision broke an invariant and was not written, else 0 |
//! | `MinSize`, `MaxSize`, `Desired`, `InService` | None | capacity units that were seen; absent when the group was not |
//! | `Need` | None | capacity units that the load needs; absent where it was not judged |
//! | `Load` | None | the load that was judged; absent where it was not |
//!
//! What must stay true: no text, however hostile, breaks a line; no metric has a
//! dimension but the fleet.

use crate::text;
use jiff::Timestamp;
use serde::Serialize;
use serde_json::{Map, Value, json};
use tidegate_domain::ledger::{ActionRecord, LedgerEntry, OutcomeWord};
use tidegate_domain::reason::Reason;

/// Namespace of the metrics.
pub const NAMESPACE: &str = "Tidegate";
/// The metrics' only dimension.
pub const DIMENSION: &str = "fleet";

/// Bytes of a log line's message.
const MESSAGE_BYTES: usize = 4_000;
/// Bytes of one text in a record: hostile input stays readable and a line stays small.
const TEXT_BYTES: usize = 2_000;
/// Elements of one list in a record.
const LIST: usize = 50;

/// A log line: `fields` with time, level and message beside them.
pub fn headed(at: Timestamp, level: &str, message: &str, mut fields: Map<String, Value>) -> Value {
    fields.insert("timestamp".to_owned(), json!(format!("{at:.3}")));
    fields.insert("level".to_owned(), json!(level));
    fields.insert("message".to_owned(), json!(text::cut(message, MESSAGE_BYTES)));
    Value::Object(fields)
}

/// The record of one decision.
pub fn record(entry: &LedgerEntry) -> Value {
    with_metrics(entry, entry.at, &[DIMENSION], metrics(entry))
}

/// A log line of what can be written as an object, its texts and lists cut to a bound, with
/// metrics in it.
pub(crate) fn with_metrics(
    what: &impl Serialize,
    at: Timestamp,
    dimensions: &[&str],
    metrics: Vec<Metric>,
) -> Value {
    let mut record = match bounded(serde_json::to_value(what).unwrap_or_default()) {
        Value::Object(keys) => keys,
        _ => Map::new(),
    };
    record.insert("level".to_owned(), json!("INFO"));
    record.insert(
        "_aws".to_owned(),
        json!({
            "Timestamp": at.as_millisecond(),
            "CloudWatchMetrics": [{
                "Namespace": NAMESPACE,
                "Dimensions": [dimensions],
                "Metrics": metrics.iter().map(definition).collect::<Vec<_>>(),
            }],
        }),
    );
    record.extend(metrics.into_iter().map(|metric| (metric.name.to_owned(), metric.value)));
    Value::Object(record)
}

/// One metric of a record.
pub(crate) struct Metric {
    pub(crate) name: &'static str,
    pub(crate) unit: &'static str,
    pub(crate) value: Value,
}

fn definition(metric: &Metric) -> Value {
    json!({ "Name": metric.name, "Unit": metric.unit })
}

fn metrics(entry: &LedgerEntry) -> Vec<Metric> {
    let applied = entry.outcome == OutcomeWord::Applied;
    let count = |name, yes: bool| Metric { name, unit: "Count", value: u8::from(yes).into() };
    let mut metrics = vec![
        count("TickCompleted", !matches!(entry.reason, Reason::ControlPlaneDown { .. })),
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

#[cfg(test)]
mod tests {
    use super::*;

    fn entry() -> LedgerEntry {
        serde_json::from_value(json!({
            "id": "run-1", "at": "2026-03-02T22:10:00Z", "fleet": "web",
            "function": "nightly-scale-down", "signal": "night", "mode": "owner",
            "dry_run": false, "action": {"kind": "lower", "min": 4, "desired": 4},
            "reason": {"code": "night_step", "need": 3, "target": 3, "from": 5, "to": 4},
            "text": "one step down", "notes": ["a note"], "bids": [],
            "observed": {"min": 5, "max": 20, "desired": 5, "in_service": 5, "load": 1200.0,
                         "need": 3},
            "memory_version": 12, "outcome": "applied",
        }))
        .unwrap()
    }

    #[test]
    fn a_hostile_message_stays_one_line() {
        let at = "2026-03-02T22:10:00Z".parse().unwrap();
        let hostile = "a\n{\"level\":\"INFO\"}\r\u{1b}[2J";
        let line = headed(at, "WARN", hostile, Map::new()).to_string();
        assert!(!line.contains('\n') && !line.contains('\r') && !line.contains('\u{1b}'));
        let back: Value = serde_json::from_str(&line).unwrap();
        assert_eq!((&back["message"], &back["level"]), (&json!(hostile), &json!("WARN")));
        assert_eq!(back["timestamp"], "2026-03-02T22:10:00.000Z");
    }

    #[test]
    fn a_record_is_the_entry_and_its_metrics() {
        let record = record(&entry());
        let directive = &record["_aws"]["CloudWatchMetrics"][0];
        assert_eq!(directive["Namespace"], "Tidegate");
        assert_eq!(directive["Dimensions"], json!([["fleet"]]));
        assert_eq!(record["_aws"]["Timestamp"], 1_772_489_400_000_i64);
        assert_eq!(record["fleet"], "web");
        assert_eq!(record["reason"]["code"], "night_step");
        for (name, value) in [
            ("TickCompleted", 1.0),
            ("Raised", 0.0),
            ("Lowered", 1.0),
            ("Held", 0.0),
            ("Refused", 0.0),
            ("MinSize", 5.0),
            ("MaxSize", 20.0),
            ("Desired", 5.0),
            ("InService", 5.0),
            ("Need", 3.0),
            ("Load", 1200.0),
        ] {
            assert_eq!(record[name].as_f64(), Some(value), "{name}");
        }
    }

    #[test]
    fn every_declared_metric_is_a_number_at_the_top() {
        let mut unseen = entry();
        unseen.observed = None;
        for record in [record(&entry()), record(&unseen)] {
            let metrics = record["_aws"]["CloudWatchMetrics"][0]["Metrics"].as_array().unwrap();
            for metric in metrics {
                let name = metric["Name"].as_str().unwrap();
                assert!(record[name].is_number(), "{name}");
            }
        }
    }

    #[test]
    fn what_was_not_written_is_not_counted_as_written() {
        for (outcome, lowered, refused) in
            [(OutcomeWord::DryRun, 0, 0), (OutcomeWord::Refused, 0, 1), (OutcomeWord::Void, 0, 0)]
        {
            let record = record(&LedgerEntry { outcome, ..entry() });
            assert_eq!(
                (&record["Lowered"], &record["Refused"]),
                (&json!(lowered), &json!(refused))
            );
        }
    }

    #[test]
    fn a_run_that_rests_in_an_outage_completes_no_tick() {
        let at = "2026-03-02T22:10:00Z".parse().unwrap();
        let reason = Reason::ControlPlaneDown { since: at, again: at };
        let (rested, decided) = (record(&LedgerEntry { reason, ..entry() }), record(&entry()));
        assert_eq!((&rested["TickCompleted"], &decided["TickCompleted"]), (&json!(0), &json!(1)));
    }

    #[test]
    fn what_is_not_a_number_is_no_metric() {
        let mut entry = entry();
        if let Some(seen) = entry.observed.as_mut() {
            seen.load = Some(f64::NAN);
            seen.need = None;
        }
        let record = record(&entry);
        assert!(record.get("Load").is_none() && record.get("Need").is_none());
    }

    #[test]
    fn hostile_text_cannot_break_a_line_or_forge_a_metric() {
        let mut entry = entry();
        entry.text = "x\n{\"_aws\":{}}\r\u{2028}\u{1b}".repeat(10_000);
        entry.notes = vec!["n\n".to_owned(); 10_000];
        let line = record(&entry).to_string();
        assert!(!line.contains('\n') && !line.contains('\r') && !line.contains('\u{1b}'));
        assert!(line.len() < 20_000, "{}", line.len());
        let back: Value = serde_json::from_str(&line).unwrap();
        assert_eq!(back["_aws"]["CloudWatchMetrics"][0]["Namespace"], NAMESPACE);
    }
}
