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
