//! Messages: what people read, within what SNS takes.

use crate::alarms::event::Fingerprint;
use crate::alarms::group::{Bulletin, GroupId};
use crate::alarms::reason::Why;
use crate::ledger::LedgerEntry;
use jiff::Timestamp;
use std::collections::{BTreeMap, BTreeSet};

/// A message ready to be published.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Message {
    /// The topic's name.
    pub topic: String,
    /// One line of printable ASCII, 1 to 99 characters.
    pub subject: String,
    /// For `default` and `email`.
    pub text: String,
    /// For `sms`: at most 140 characters.
    pub sms: String,
    /// The chat notification (JSON) of Amazon Q Developer in chat applications.
    pub chat: String,
    /// What subscriptions filter by; no value is empty.
    pub attributes: BTreeMap<String, String>,
    /// Messages of one incident have one thread.
    pub thread: String,
    /// Why it is sent.
    pub why: Why,
    /// The new critical alarms that its text names.
    pub named: BTreeSet<Fingerprint>,
}

/// What a text is written from besides the group.
#[derive(Debug, Clone, Copy)]
pub struct Background<'a> {
    /// The fleet's last ledger entries, newest first; empty without a fleet.
    pub ledger: &'a [LedgerEntry],
    /// Now.
    pub now: Timestamp,
}

/// The message about a group.
pub fn compose(bulletin: &Bulletin, background: &Background<'_>) -> Message {
    let _ = (background, GroupId::of(&bulletin.key));
    Message {
        topic: bulletin.topic.clone(),
        subject: String::new(),
        text: String::new(),
        sms: String::new(),
        chat: String::new(),
        attributes: BTreeMap::new(),
        thread: bulletin.thread.clone(),
        why: bulletin.why,
        named: BTreeSet::new(),
    }
}

/// One message to `topic` in place of many, when more are due than it may get.
pub fn digest(topic: &str, bulletins: &[&Bulletin], background: &Background<'_>) -> Message {
    let _ = (topic, bulletins, background);
    Message {
        topic: topic.to_owned(),
        subject: String::new(),
        text: String::new(),
        sms: String::new(),
        chat: String::new(),
        attributes: BTreeMap::new(),
        thread: String::new(),
        why: Why::FirstNotification,
        named: BTreeSet::new(),
    }
}
