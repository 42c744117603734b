//! The tick's comparison with `DescribeAlarms`, so that a lost event is noticed within a minute.

use super::Session;
use super::record::{Arrival, Zeal};
use crate::alarms::event::{AlarmEvent, Fingerprint, Kind, State};
use crate::alarms::group::{GroupId, GroupKey};
use crate::alarms::inhibit::explains;
use crate::alarms::member::Member;
use crate::alarms::ports::{Kept, RouterWorld};
use jiff::{SignedDuration, Timestamp};
use std::collections::{BTreeMap, BTreeSet};

/// What nobody understands is no state that ends: it is told once, and forgotten after this.
const UNCLASSIFIED_LIFE: SignedDuration = SignedDuration::from_mins(15);

impl<W: RouterWorld> Session<'_, W> {
    /// Records what `DescribeAlarms` knows and nobody told us. The groups that this touched.
    pub(super) async fn reconcile(&mut self) -> BTreeMap<GroupId, GroupKey> {
        if !self.has_list().await {
            return BTreeMap::new();
        }
        let firing = match self.world.firing().await {
            Ok(firing) => firing,
            Err(error) => {
                self.record.notes.push(format!("not compared with DescribeAlarms: {error}"));
                return BTreeMap::new();
            }
        };
        let mut misplaced = BTreeMap::new();
        let known = self.known(&mut misplaced).await;
        let mut lost = Vec::new();
        for event in &firing {
            if known.get(&event.id.fingerprint()).is_some_and(|m| m.agrees(event, self.now)) {
                continue;
            }
            lost.push(event.clone());
        }
        lost.extend(self.ended(&known, &firing).await);
        let mut arrivals = Vec::new();
        for mut event in lost {
            self.read_tags(&mut event).await;
            arrivals.push(Arrival { message_id: None, event });
        }
        match self.take_in(&arrivals, Zeal::Comparison).await {
            Ok(taken) => misplaced.extend(taken.touched),
            Err(error) => {
                self.record.errors.push(format!("what was noticed could not be recorded: {error}"));
            }
        }
        misplaced
    }

    /// The newest that is known of each alarm in the groups on the list, and their tags. Groups
    /// with members that belong elsewhere by now (or nowhere) are `misplaced`: to be looked at.
    async fn known(
        &mut self,
        misplaced: &mut BTreeMap<GroupId, GroupKey>,
    ) -> BTreeMap<Fingerprint, Member> {
        let mut known: BTreeMap<Fingerprint, Member> = BTreeMap::new();
        let listed: Vec<(GroupId, GroupKey)> =
            self.entries.iter().map(|(id, entry)| (id.clone(), entry.key.clone())).collect();
        for (id, key) in listed {
            let read = match self.world.group(&id).await {
                Ok(read) => read,
                Err(error) => {
                    self.record.errors.push(format!("group {id}: {error}"));
                    continue;
                }
            };
            let mut members = read.members;
            for kept in members.iter_mut().filter(|kept| kept.member.is_open()) {
                self.read_tags(&mut kept.member.event).await;
            }
            if self.is_to_be_sorted(&key, &members) {
                misplaced.insert(id, key);
            }
            for member in members.into_iter().map(|kept| kept.member) {
                if let Some(tags) = &member.event.tags {
                    self.remember_tags(&member.event.id.arn, tags);
                }
                let newer = |m: &Member| m.event.state_at >= member.event.state_at;
                let fingerprint = member.fingerprint();
                if !known.get(&fingerprint).is_some_and(newer) {
                    known.insert(fingerprint, member);
                }
            }
        }
        known
    }

    /// Whether a member belongs elsewhere, or the group explains other alarms than its entry says:
    /// after another policy was stored, or tags were read late.
    fn is_to_be_sorted(&self, key: &GroupKey, members: &[Kept]) -> bool {
        let mut now_explains = BTreeSet::new();
        for Kept { member, .. } in members.iter().filter(|kept| kept.member.is_open()) {
            let labels = self.rules.labeller.label(&member.event);
            if self.is_past(member) || !self.rules.groups(&labels).contains(key) {
                return true;
            }
            now_explains.extend(explains(&self.rules.alarms.inhibit, &labels));
        }
        self.explained
            .get(&GroupId::of(key))
            .map_or(!now_explains.is_empty(), |e| *e != now_explains)
    }

    /// Whether it is something that nobody understood, a while ago: no state that ends.
    pub(super) fn is_past(&self, member: &Member) -> bool {
        let past = self.now.duration_since(member.arrived) > UNCLASSIFIED_LIFE;
        member.event.kind == Kind::Unclassified && past
    }

    /// Alarms whose problem stands here and that do not fire any more, with their state now.
    async fn ended(
        &mut self,
        known: &BTreeMap<Fingerprint, Member>,
        firing: &[AlarmEvent],
    ) -> Vec<AlarmEvent> {
        let firing: BTreeSet<&str> = firing.iter().map(|event| event.id.arn.as_str()).collect();
        let stands = |m: &&Member| m.is_open() && m.event.kind != Kind::Unclassified;
        let quiet: Vec<&Member> = known
            .values()
            .filter(stands)
            .filter(|m| !firing.contains(m.event.id.arn.as_str()))
            .collect();
        if quiet.is_empty() {
            return Vec::new();
        }
        let names: BTreeSet<String> = quiet.iter().map(|m| m.event.id.name.clone()).collect();
        let names: Vec<String> = names.into_iter().collect();
        match self.world.named(&names).await {
            Ok(found) => {
                let found: BTreeMap<&str, &AlarmEvent> =
                    found.iter().map(|event| (event.id.name.as_str(), event)).collect();
                let now = self.now;
                let state = |m: &&Member| state_of(m, found.get(m.event.id.name.as_str()), now);
                quiet.iter().filter_map(state).collect()
            }
            Err(error) => {
                self.record.notes.push(format!("not compared with DescribeAlarms: {error}"));
                Vec::new()
            }
        }
    }
}

/// What `DescribeAlarms` says of a member's alarm, as an event about that member; none when it
/// says the same.
fn state_of(member: &Member, found: Option<&&AlarmEvent>, now: Timestamp) -> Option<AlarmEvent> {
    let mut event = member.event.clone();
    (event.suppressed_by, event.suppressed_until) = (None, None);
    match found {
        None => {
            event.state = State::Ok;
            event.state_at = now;
            "The alarm does not exist any more.".clone_into(&mut event.reason);
        }
        Some(alarm) if alarm.state == event.state || alarm.state.is_firing() => return None,
        Some(alarm) => {
            // A time series has no state in `DescribeAlarms`: it ends with its alarm.
            event.state = alarm.state.clone();
            event.state_at = alarm.state_at.max(event.state_at);
            event.reason.clone_from(&alarm.reason);
            if event.state_at == member.event.state_at {
                event.state_at = now;
            }
        }
    }
    Some(event)
}
