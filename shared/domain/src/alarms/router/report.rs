//! What an invocation did, as it is logged and answered.

use crate::alarms::group::{Bulletin, Counts, GroupId};
use crate::alarms::message::Message;
use crate::alarms::reason::Why;
use jiff::Timestamp;
use serde::Serialize;
use std::collections::{BTreeMap, BTreeSet};

/// Alarms that a record names for one reason.
const NAMED: usize = 10;

/// One invocation. Counts are of alarms' events, but where they say otherwise.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct RunRecord {
    /// `alarm-router`
    pub function: &'static str,
    /// When.
    pub at: Timestamp,
    /// What woke it: `alarms` or `tick`.
    pub signal: String,
    /// The policy's version; none is the seed.
    pub policy_version: Option<u32>,
    /// Records that came.
    pub received: u32,
    /// Members that were written.
    pub kept: u32,
    /// Events of another account or region.
    pub foreign: u32,
    /// Events that nobody could understand.
    pub unclassified: u32,
    /// Events that a lost one was noticed by: `DescribeAlarms` knew better.
    pub noticed: u32,
    /// Records that are to come again.
    pub returned: u32,
    /// Groups that were looked at.
    pub groups: u32,
    /// Groups that another invocation looks at.
    pub busy: u32,
    /// Groups whose message waits for the topic's next second.
    pub over_rate: u32,
    /// What became of events and held back alarms, by reason.
    pub outcomes: BTreeMap<Why, u32>,
    /// Alarms that nothing was sent for, by reason; of each the names of at most 10.
    pub unsent: BTreeMap<Why, BTreeSet<String>>,
    /// What was published.
    pub messages: Vec<MessageRecord>,
    /// Whether the table could not be reached.
    pub without_table: bool,
    /// What else was noticed.
    pub notes: Vec<String>,
    /// What went wrong.
    pub errors: Vec<String>,
}

/// One message that was published.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct MessageRecord {
    /// The topic's name.
    pub topic: String,
    /// Why.
    pub why: Why,
    /// Its subject.
    pub subject: String,
    /// The groups that it is about.
    pub groups: Vec<GroupId>,
    /// Its counts, summed over the groups.
    pub counts: Counts,
}

impl RunRecord {
    pub(super) fn new(at: Timestamp, policy_version: Option<u32>) -> Self {
        Self {
            function: "alarm-router",
            at,
            signal: String::new(),
            policy_version,
            received: 0,
            kept: 0,
            foreign: 0,
            unclassified: 0,
            noticed: 0,
            returned: 0,
            groups: 0,
            busy: 0,
            over_rate: 0,
            outcomes: BTreeMap::new(),
            unsent: BTreeMap::new(),
            messages: Vec::new(),
            without_table: false,
            notes: Vec::new(),
            errors: Vec::new(),
        }
    }

    pub(super) fn count(&mut self, why: Why) {
        *self.outcomes.entry(why).or_default() += 1;
    }

    /// Counts an alarm that nothing is sent for, and names it while there is room.
    pub(super) fn leave_out(&mut self, why: Why, alarm: &str) {
        self.count(why);
        let named = self.unsent.entry(why).or_default();
        if named.len() < NAMED {
            named.insert(alarm.to_owned());
        }
    }
}

impl MessageRecord {
    pub(super) fn of(message: &Message, bulletins: &[&Bulletin]) -> Self {
        Self {
            topic: message.topic.clone(),
            why: message.why,
            subject: message.subject.clone(),
            groups: bulletins.iter().map(|b| GroupId::of(&b.key)).collect(),
            counts: Counts::sum(bulletins.iter().map(|b| &b.counts)),
        }
    }
}
