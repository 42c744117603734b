//! The record of one invocation of alarm-router: log and metrics at once, as
//! [`crate::record`]'s.
//!
//! Every key of [`RunRecord`], `level`, and these metrics in the namespace
//! [`crate::record::NAMESPACE`], without a dimension:
//!
//! | metric | unit | meaning |
//! |---|---|---|
//! | `AlarmsReceived` | Count | events of alarms that came |
//! | `AlarmsNoticed` | Count | lost events that the comparison with `DescribeAlarms` found |
//! | `MessagesSent` | Count | messages that were published |
//! | `MessagesWaiting` | Count | groups whose message waits for their topic's next second |
//! | `WithoutTable` | Count | 1 when the control table could not be reached, else 0 |

use crate::record::{Metric, with_metrics};
use serde_json::Value;
use tidegate_domain::alarms::router::RunRecord;

/// The record of one invocation.
pub fn run(record: &RunRecord) -> Value {
    with_metrics(record, record.at, &[], metrics(record))
}

fn metrics(record: &RunRecord) -> Vec<Metric> {
    let sent = u32::try_from(record.messages.len()).unwrap_or(u32::MAX);
    let counts = [
        ("AlarmsReceived", record.received),
        ("AlarmsNoticed", record.noticed),
        ("MessagesSent", sent),
        ("MessagesWaiting", record.over_rate),
        ("WithoutTable", u32::from(record.without_table)),
    ];
    counts.map(|(name, count)| Metric { name, unit: "Count", value: count.into() }).into()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;
    use tidegate_domain::alarms::reason::Why;

    fn ran() -> RunRecord {
        RunRecord {
            function: "alarm-router",
            at: "2026-03-02T22:10:00Z".parse().unwrap(),
            signal: "alarms".to_owned(),
            policy_version: Some(3),
            received: 7,
            kept: 5,
            foreign: 1,
            unclassified: 0,
            noticed: 2,
            returned: 0,
            groups: 1,
            busy: 0,
            over_rate: 4,
            outcomes: [(Why::Duplicate, 1)].into(),
            unsent: [(Why::Silenced, ["cpu".to_owned()].into())].into(),
            messages: Vec::new(),
            without_table: true,
            notes: vec!["a note".to_owned()],
            errors: Vec::new(),
        }
    }

    #[test]
    fn a_record_is_the_run_and_its_metrics_without_a_dimension() {
        let record = run(&ran());
        let directive = &record["_aws"]["CloudWatchMetrics"][0];
        assert_eq!(directive["Namespace"], "Tidegate");
        assert_eq!(directive["Dimensions"], json!([[]]));
        assert_eq!(record["_aws"]["Timestamp"], 1_772_489_400_000_i64);
        assert_eq!(record["outcomes"], json!({"Duplicate": 1}));
        assert_eq!(record["unsent"], json!({"Silenced": ["cpu"]}));
        for (name, value) in [
            ("AlarmsReceived", 7),
            ("AlarmsNoticed", 2),
            ("MessagesSent", 0),
            ("MessagesWaiting", 4),
            ("WithoutTable", 1),
        ] {
            assert_eq!(record[name], value, "{name}");
        }
        let metrics = directive["Metrics"].as_array().unwrap();
        assert_eq!(metrics.len(), 5);
        assert!(metrics.iter().all(|metric| record[metric["Name"].as_str().unwrap()].is_u64()));
    }

    #[test]
    fn hostile_text_stays_one_short_line() {
        let mut ran = ran();
        ran.notes = vec!["x\n{\"_aws\":{}}\r\u{1b}".repeat(10_000); 10_000];
        let line = run(&ran).to_string();
        assert!(!line.contains('\n') && !line.contains('\r') && !line.contains('\u{1b}'));
        assert!(line.len() < 250_000, "{}", line.len());
        let back: Value = serde_json::from_str(&line).unwrap();
        assert_eq!(back["_aws"]["CloudWatchMetrics"][0]["Namespace"], "Tidegate");
    }
}
