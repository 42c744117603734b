//! Telling: what is due, topic by topic, within what each topic may get; then marking it.

use super::flush::Open;
use super::{MessageRecord, Session};
use crate::alarms::group::{Bulletin, Surroundings, Verdict, decide};
use crate::alarms::message::{Background, Message, compose, digest};
use crate::alarms::policy::ways;
use crate::alarms::ports::RouterWorld;
use crate::ids::FleetName;
use crate::ledger::LedgerEntry;
use crate::ports::Stored;
use std::collections::{BTreeMap, BTreeSet};

/// The chat topic's name.
const CHAT: &str = "chat";

impl<W: RouterWorld> Session<'_, W> {
    pub(super) fn judge(&self, open: &Open) -> Verdict {
        let others = self.explained.iter().filter(|(id, _)| **id != open.id);
        let explained: BTreeSet<String> = others.flat_map(|(_, keys)| keys.clone()).collect();
        let around = Surroundings {
            policy: &self.rules.alarms,
            terms: self.rules.terms(&open.state.key.route),
            silences: &self.silences,
            explained: &explained,
            plans: &open.plans,
            now: self.now,
        };
        decide(&open.state, &open.members, &around)
    }

    /// Publishes what is due, topic by topic, within what each topic may get in this second:
    /// what is beyond it goes into one digest.
    pub(super) async fn tell(&mut self, opens: &mut [Open]) {
        let mut topics: BTreeMap<String, Vec<usize>> = BTreeMap::new();
        for (nth, open) in opens.iter().enumerate() {
            if let Some(bulletin) = open.bulletin() {
                topics.entry(self.counted_as(bulletin)).or_default().push(nth);
            }
        }
        for (topic, mut due) in topics {
            due.sort_by_key(|nth| {
                opens.get(*nth).and_then(Open::bulletin).map(|b| b.severity() != "critical")
            });
            let second = self.world.wall().as_second();
            let granted = self.spend(&topic, due.len()).await;
            let single = singly(due.len(), granted);
            let rest = due.split_off(single);
            for nth in due {
                self.publish(opens, &[nth], &topic, second).await;
            }
            if granted > single {
                self.publish(opens, &rest, &topic, second).await;
            } else {
                self.leave_for_later(opens, &rest);
            }
        }
    }

    /// Whose seconds a message takes: its topic's, or, where that is not configured, those of the
    /// one that stands in for it.
    fn counted_as(&self, bulletin: &Bulletin) -> String {
        let mut ways = ways(&bulletin.topic, bulletin.severity());
        ways.find(|topic| self.world.has_topic(topic)).unwrap_or(&bulletin.topic).to_owned()
    }

    /// How many of `want` messages a topic may get now.
    async fn spend(&mut self, topic: &str, want: usize) -> usize {
        let second = self.world.wall().as_second();
        let most = self.rules.alarms.max_per_second;
        let want = u32::try_from(want).unwrap_or(u32::MAX);
        match self.world.spend(topic, second, want, most).await {
            Ok(granted) => usize::try_from(granted).unwrap_or(usize::MAX),
            Err(error) => {
                // Who cannot count sends one, so that nothing urgent stays unsaid.
                self.record.notes.push(format!("messages could not be counted: {error}"));
                1
            }
        }
    }

    /// The topic has had its messages of this second.
    fn leave_for_later(&mut self, opens: &mut [Open], which: &[usize]) {
        self.record.over_rate += u32::try_from(which.len()).unwrap_or(u32::MAX);
        stick(opens, which);
    }

    /// Publishes one message about these groups and marks them. It was granted in `second`; when
    /// that is over it takes one of the messages of the second that it is now.
    async fn publish(&mut self, opens: &mut [Open], which: &[usize], topic: &str, second: i64) {
        let bulletins: Vec<&Bulletin> =
            which.iter().filter_map(|nth| opens.get(*nth)?.bulletin()).collect();
        if bulletins.is_empty() {
            return;
        }
        let mut message = self.compose(&bulletins, topic).await;
        if self.world.has_topic(CHAT) && self.spend(CHAT, 1).await == 0 {
            message.chat.clear();
        }
        let sent = MessageRecord::of(&message, &bulletins);
        if self.world.wall().as_second() != second && self.spend(topic, 1).await == 0 {
            return self.leave_for_later(opens, which);
        }
        match self.world.send(&message).await {
            Ok(note) => {
                self.record.notes.extend(note);
                self.record.count(message.why);
                self.record.messages.push(sent);
                for nth in which {
                    if let Some(open) = opens.get_mut(*nth) {
                        self.mark(open, &message).await;
                    }
                }
            }
            Err(error) => {
                self.record.errors.push(format!("topic {topic}: {error}"));
                stick(opens, which);
            }
        }
    }

    async fn compose(&mut self, bulletins: &[&Bulletin], topic: &str) -> Message {
        let now = self.now;
        let ledger = match bulletins {
            [bulletin] => self.ledger_of(bulletin).await,
            _ => Vec::new(),
        };
        message_of(topic, bulletins, &Background { ledger: &ledger, now })
    }

    /// The newest decisions about the fleet that a bulletin is about.
    async fn ledger_of(&mut self, bulletin: &Bulletin) -> Vec<LedgerEntry> {
        let listed = bulletin.firing.iter().chain(&bulletin.flapping).chain(&bulletin.resolved);
        let mut fleets = listed.map(|l| FleetName::new(l.member.labels.get("fleet")));
        match fleets.find_map(Result::ok) {
            Some(fleet) => self.ledger(&fleet).await.to_vec(),
            None => Vec::new(),
        }
    }

    async fn mark(&mut self, open: &mut Open, message: &Message) {
        let Some(verdict) = open.verdict.take() else { return };
        let next = verdict.confirmed(&message.named);
        match self.world.mark(&next, open.version, &self.token).await {
            Ok(Stored::Version(version)) => {
                (open.state, open.version) = (next, version);
            }
            Ok(Stored::Conflict) => {
                self.record.notes.push(format!("group {} was marked by another run", open.id));
                open.stuck = true;
            }
            Err(error) => {
                self.record.errors.push(format!("group {}: {error}", open.id));
                open.stuck = true;
            }
        }
    }
}

/// How many of so many are told in a message of their own when `most` messages may be sent: the
/// last one is for all others together.
pub(super) fn singly(due: usize, most: usize) -> usize {
    if due <= most { due } else { most.saturating_sub(1) }
}

/// One message about these bulletins of one topic.
pub(super) fn message_of(
    topic: &str,
    bulletins: &[&Bulletin],
    background: &Background<'_>,
) -> Message {
    match bulletins {
        [bulletin] => compose(bulletin, background),
        _ => digest(topic, bulletins, background),
    }
}

fn stick(opens: &mut [Open], which: &[usize]) {
    for nth in which {
        if let Some(open) = opens.get_mut(*nth) {
            open.stuck = true;
        }
    }
}
