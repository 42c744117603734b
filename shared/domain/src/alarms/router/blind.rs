//! Telling without the table: every critical group, within a bound of the invocation's own.
//! Nothing is remembered, so what is told may be told again.

use super::record::Arrival;
use super::tell::{message_of, singly};
use super::{MessageRecord, Session};
use crate::alarms::event::Fingerprint;
use crate::alarms::group::{Bulletin, GroupKey, GroupState, Surroundings, decide};
use crate::alarms::inhibit::explains;
use crate::alarms::member::{Member, Taken, take};
use crate::alarms::message::Background;
use crate::alarms::policy::Terms;
use crate::alarms::ports::RouterWorld;
use jiff::{SignedDuration, Timestamp};
use std::collections::{BTreeMap, BTreeSet};

/// Messages in a second, and at the start at once.
const BUCKET: i64 = 2;

/// The groups of a batch, and the messages that they came in.
#[derive(Default)]
struct Gathered {
    members: BTreeMap<Fingerprint, Member>,
    message_ids: BTreeSet<String>,
}

impl<W: RouterWorld> Session<'_, W> {
    /// Tells a batch without the table. The ids of the messages that are to come again: those
    /// of groups that could not be told within the bound.
    pub(super) async fn tell_blindly(&mut self, arrivals: &[Arrival]) -> BTreeSet<String> {
        self.record.without_table = true;
        let started = self.world.wall();
        let mut spent = 0;
        let groups = self.gather(arrivals);
        let mut topics = self.bulletins(&groups);
        // Where critical alarms are, first.
        topics.sort_by_key(|due| due.iter().all(|b| b.severity() != "critical"));
        let mut again = BTreeSet::new();
        let mut left = topics.len();
        for due in topics {
            left -= 1;
            let most = usize::try_from(self.bucket(started) - spent).unwrap_or(0);
            let mine = most.saturating_sub(left).max(usize::from(most > 0));
            let sent = self.tell_topic(&due, mine).await;
            spent += i64::try_from(sent.messages).unwrap_or(i64::MAX);
            let untold = sent.untold.iter().filter_map(|key| groups.get(key));
            again.extend(untold.flat_map(|group| group.message_ids.clone()));
            if !sent.untold.is_empty() && again.is_empty() {
                // Nobody brings the event again by itself: the invocation is tried again.
                self.record
                    .errors
                    .push("not every group could be told without the table".to_owned());
            }
        }
        again
    }

    /// What the invocation may have sent by now.
    fn bucket(&self, started: Timestamp) -> i64 {
        let secs = self.world.wall().duration_since(started).as_secs().max(0);
        BUCKET.saturating_add(secs.saturating_mul(BUCKET))
    }

    fn gather(&mut self, arrivals: &[Arrival]) -> BTreeMap<GroupKey, Gathered> {
        let mut groups: BTreeMap<GroupKey, Gathered> = BTreeMap::new();
        let mut ordered: Vec<&Arrival> = arrivals.iter().collect();
        ordered.sort_by_key(|arrival| arrival.event.state_at);
        for arrival in ordered {
            let labels = self.rules.labeller.label(&arrival.event);
            for key in self.rules.groups(&labels) {
                let group = groups.entry(key).or_default();
                group.message_ids.extend(arrival.message_id.clone());
                let fingerprint = arrival.event.id.fingerprint();
                let known = group.members.get(&fingerprint);
                let event = arrival.event.clone();
                match take(known, event, labels.clone(), self.now) {
                    Taken::Keep(member) => drop(group.members.insert(fingerprint, *member)),
                    Taken::Leave(why) => self.record.count(why),
                }
            }
        }
        groups
    }

    /// What is to be told, by topic.
    fn bulletins(&self, groups: &BTreeMap<GroupKey, Gathered>) -> Vec<Vec<Bulletin>> {
        let rules = &self.rules.alarms.inhibit;
        let members = groups.values().flat_map(|group| group.members.values());
        let firing = members.filter(|m| m.is_open());
        let explained: BTreeSet<String> = firing.flat_map(|m| explains(rules, &m.labels)).collect();
        let mut topics: BTreeMap<String, Vec<Bulletin>> = BTreeMap::new();
        for (key, group) in groups {
            // Nobody will look at the group again: it does not wait.
            let terms = self.rules.terms(&key.route).clone();
            let terms = Terms { group_wait: SignedDuration::ZERO, ..terms };
            let around = Surroundings {
                policy: &self.rules.alarms,
                terms: &terms,
                silences: &[],
                explained: &explained,
                plans: &BTreeMap::new(),
                now: self.now,
            };
            let members: Vec<Member> = group.members.values().cloned().collect();
            let verdict = decide(&GroupState::new(key.clone()), &members, &around);
            if let Some(bulletin) = verdict.bulletin {
                topics.entry(bulletin.topic.clone()).or_default().push(*bulletin);
            }
        }
        let mut topics: Vec<Vec<Bulletin>> = topics.into_values().collect();
        for due in &mut topics {
            due.sort_by_key(|b| (b.severity() != "critical", b.key.clone()));
        }
        topics
    }

    /// Tells one topic in at most `most` messages, the last one a digest when there are more.
    async fn tell_topic(&mut self, due: &[Bulletin], most: usize) -> Told {
        let mut told = Told::default();
        let (single, together) = due.split_at(singly(due.len(), most).min(due.len()));
        for bulletin in single {
            self.send_blindly(&[bulletin], &mut told).await;
        }
        let together: Vec<&Bulletin> = together.iter().collect();
        if most > 0 && !together.is_empty() {
            self.send_blindly(&together, &mut told).await;
        } else {
            told.untold.extend(together.into_iter().map(|b| b.key.clone()));
        }
        told
    }

    async fn send_blindly(&mut self, bulletins: &[&Bulletin], told: &mut Told) {
        let Some(first) = bulletins.first() else { return };
        let background = Background { ledger: &[], now: self.now };
        let message = message_of(&first.topic, bulletins, &background);
        told.messages += 1;
        match self.world.send(&message).await {
            Ok(note) => {
                self.record.notes.extend(note);
                self.record.count(message.why);
                self.record.messages.push(MessageRecord::of(&message, bulletins));
            }
            Err(error) => {
                self.record.notes.push(format!("topic {}: {error}", message.topic));
                told.untold.extend(bulletins.iter().map(|b| b.key.clone()));
            }
        }
    }
}

/// What became of a topic's messages.
#[derive(Default)]
struct Told {
    messages: usize,
    untold: Vec<GroupKey>,
}
