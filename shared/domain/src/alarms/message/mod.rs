//! Messages: what people read, within what SNS takes.
//!
//! What must stay true: whatever the texts in an alarm are, the message is one that SNS accepts;
//! what is most important stands first and is cut last; every new critical alarm that is counted
//! as told stands in the text by name.

mod alarm;
mod attributes;
mod budget;
mod chat;
mod digest;
mod facts;
mod headline;
mod links;
mod text;
mod words;

#[cfg(test)]
mod tests;

pub use digest::digest;

use crate::alarms::event::Fingerprint;
use crate::alarms::group::Bulletin;
use crate::alarms::policy::ways;
use crate::alarms::reason::Why;
use crate::ledger::LedgerEntry;
use facts::Facts;
use jiff::Timestamp;
use serde_json::json;
use std::collections::{BTreeMap, BTreeSet};

/// SNS's bound for a message with its subject and attributes.
/// <https://docs.aws.amazon.com/sns/latest/api/API_Publish.html>
pub const MESSAGE_BYTES: usize = 262_144;
/// Kept for the subject, the attributes (six of 255 bytes), the SMS text and JSON's own signs.
const RESERVED_BYTES: usize = 4_096;
/// What SNS writes beside an attribute's value.
const ATTRIBUTE_TYPE: &str = "String";

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

impl Message {
    /// The topics that it goes to, in order: its own, and who stands in for it.
    pub fn ways(&self) -> impl Iterator<Item = &str> {
        ways(&self.topic, self.attributes.get("severity").map_or("", String::as_str))
    }

    /// The text for SNS's `MessageStructure` `json`: `default`, `email` and `sms`. A text that
    /// does not fit twice stands there once: without `email`, mail gets `default`.
    /// <https://docs.aws.amazon.com/sns/latest/dg/sns-send-custom-platform-specific-payloads-mobile-devices.html>
    pub fn structured(&self) -> String {
        let all = json!({ "default": self.text, "email": self.text, "sms": self.sms }).to_string();
        if all.len().saturating_add(self.beside()) <= MESSAGE_BYTES {
            return all;
        }
        json!({ "default": self.text, "sms": self.sms }).to_string()
    }

    /// Bytes of the subject and the attributes, which count as well.
    pub fn beside(&self) -> usize {
        let attributes = self.attributes.iter();
        let bytes = attributes.map(|(n, v)| n.len() + v.len() + ATTRIBUTE_TYPE.len());
        self.subject.len() + bytes.sum::<usize>()
    }
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
    let facts = Facts::of(bulletin, background);
    let written = text::write(&facts);
    Message {
        topic: bulletin.topic.clone(),
        subject: headline::subject(&facts),
        text: written.text,
        sms: headline::sms(&facts),
        chat: chat::of_group(&facts),
        attributes: attributes::of_group(&facts),
        thread: bulletin.thread.clone(),
        why: bulletin.why,
        named: written.named,
    }
}
