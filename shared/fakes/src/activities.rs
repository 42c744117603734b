//! Scaling activities with causes in AWS's words.

use crate::fleet::{Fleet, Ids};
use jiff::Timestamp;
use tidegate_domain::group::{Activity, ActivityKind, ActivityResult, DesiredChange};

/// What is known of an activity when it begins.
pub(crate) struct Begun<'a> {
    pub kind: ActivityKind,
    pub zone: &'a str,
    pub message: String,
    pub change: Option<DesiredChange>,
}

impl Fleet {
    /// Begins an activity and gives its id.
    pub fn begin(&mut self, now: Timestamp, ids: &mut Ids, begun: Begun<'_>) -> String {
        let id = ids.activity();
        self.activities.push(Activity {
            id: id.clone(),
            started: now,
            ended: None,
            kind: begun.kind,
            result: ActivityResult::InProgress,
            zone: Some(begun.zone.to_owned()).filter(|z| !z.is_empty()),
            message: begun.message,
            desired_change: begun.change,
        });
        id
    }

    /// Ends an activity.
    pub fn end(&mut self, now: Timestamp, id: &str, result: ActivityResult) {
        if let Some(activity) = self.activities.iter_mut().rev().find(|a| a.id == id) {
            (activity.ended, activity.result) = (Some(now), result);
        }
    }

    /// Records an activity that failed at once, with AWS's message.
    pub fn fail(&mut self, now: Timestamp, ids: &mut Ids, begun: Begun<'_>) {
        let id = self.begin(now, ids, begun);
        self.end(now, &id, ActivityResult::Failed);
    }

    /// The cause of a launch or termination that follows from desired capacity.
    pub fn capacity_cause(&self, now: Timestamp, verb: &str, to: u32) -> String {
        let from = self.capacity();
        let why = self.cause.as_ref().map(|c| format!("{}  ", c.text)).unwrap_or_default();
        format!(
            "{why}At {now} an instance was {verb} in response to a difference between desired \
             and actual capacity, {} the capacity from {from} to {to}.",
            if to < from { "shrinking" } else { "increasing" }
        )
    }

    /// The change of desired capacity that the cause names.
    pub fn change(&self) -> Option<DesiredChange> {
        self.cause.as_ref().map(|cause| cause.change)
    }
}
