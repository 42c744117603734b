//! What the alarm router keeps in the control table: groups, their members, silences, messages
//! spent. Every item is stored as text and read back, as the table does.
//!
//! An item whose time is over is shown until [`FakeAws::delete_expired`]: DynamoDB deletes it up
//! to days later, and either must do.

use crate::alarm_items::{SILENCE_LIFE, StoredMember, StoredSilence, StoredState, read};
use crate::control::document;
use crate::faults::Refusal;
use crate::leases::HeldLease;
use crate::{Call, FakeAws};
use jiff::Timestamp;
use std::collections::BTreeSet;
use tidegate_domain::alarms::group::{GroupId, GroupState};
use tidegate_domain::alarms::ports::{
    AlarmStore, GroupEntry, GroupRead, Kept, MemberId, MemberWrite, Opening,
};
use tidegate_domain::alarms::silence::Silence;
use tidegate_domain::ports::{Lease, LeaseToken, PortResult, Released, Stored};

/// BatchGetItem takes this many keys.
const AT_ONCE: usize = 100;

impl FakeAws {
    /// Groups on the list, around the port.
    pub fn alarm_groups(&self) -> Vec<GroupEntry> {
        self.lock().table.router.list().unwrap_or_default()
    }

    /// Everything of one group, around the port.
    pub fn alarm_group(&self, group: &GroupId) -> GroupRead {
        self.lock().table.router.read(group)
    }

    /// Every group of which anything is kept: a state, or a member.
    pub fn alarm_group_ids(&self) -> BTreeSet<GroupId> {
        let state = self.lock();
        let items = &state.table.router;
        items.states.keys().chain(items.members.keys()).cloned().collect()
    }

    /// A group's lease as it is stored, run out or not.
    pub fn alarm_lease(&self, group: &GroupId) -> Option<HeldLease> {
        self.lock().table.router.leases.get(group)
    }

    /// Overwrites the document of a group's state with a text, as the next version.
    pub fn garble_alarm_group(&self, group: &GroupId, document: &str) {
        let states = &mut self.lock().table.router.states;
        let version = states.get(group).map_or(0, |s| s.version) + 1;
        let (document, writer) = (document.to_owned(), LeaseToken("outside".to_owned()));
        states.insert(group.clone(), StoredState { version, document, writer });
    }

    /// DynamoDB gets round to deleting the router's items whose time is over.
    pub fn delete_expired(&self) {
        let mut state = self.lock();
        let wall = state.wall.as_second();
        let items = &mut state.table.router;
        for members in items.members.values_mut() {
            members.retain(|_, member| member.expires.is_none_or(|at| wall < at));
        }
        items.members.retain(|_, members| !members.is_empty());
        items.silences.retain(|_, silence| wall < silence.expires);
    }
}

impl AlarmStore for FakeAws {
    async fn groups(&self) -> PortResult<Vec<GroupEntry>> {
        self.turn().await;
        self.call(Call::GroupList, None, String::new(), |state| state.table()?.router.list())
    }

    async fn open(&self, openings: &[Opening], stamp: &str) -> PortResult<()> {
        at_most(Call::OpenGroup, openings.len())?;
        for Opening { key, due } in openings {
            self.turn().await;
            let group = GroupId::of(key);
            let args = format!("group={group} due={due} stamp={stamp}");
            self.call(Call::OpenGroup, None, args, |state| {
                state.table()?.router.open(group, key, (*due, stamp))
            })?;
        }
        Ok(())
    }

    async fn settle(
        &self,
        group: &GroupId,
        seen: Option<&str>,
        entry: Option<&GroupEntry>,
    ) -> PortResult<bool> {
        self.turn().await;
        let due = entry.map_or("never".to_owned(), |entry| entry.due.to_string());
        let args = format!("group={group} seen={} due={due}", seen.unwrap_or("-"));
        self.call(Call::SettleGroup, None, args, |state| {
            state.table()?.router.settle(group, seen, entry)
        })
    }

    async fn members(&self, ids: &[MemberId]) -> PortResult<Vec<Option<Kept>>> {
        self.turn().await;
        at_most(Call::Members, ids.len())?;
        self.call(Call::Members, None, format!("ids={}", ids.len()), |state| {
            let items = &state.table()?.router;
            Ok(ids.iter().map(|id| items.member(id)).collect())
        })
    }

    async fn keep(&self, writes: &[MemberWrite]) -> Vec<PortResult<Stored>> {
        let room = at_most(Call::KeepMember, writes.len());
        let mut answers = Vec::with_capacity(writes.len());
        for write in writes {
            if let Err(error) = &room {
                answers.push(Err(error.clone()));
                continue;
            }
            self.turn().await;
            answers.push(self.call(Call::KeepMember, None, show(&write.id), |state| {
                let document = document(serde_json::to_string(&write.member))?;
                if write.member.fingerprint() != write.id.fingerprint {
                    return Err(Refusal::invalid("the member is another alarm's"));
                }
                let expires = write.expires.map(Timestamp::as_second);
                let version = write.expected.saturating_add(1);
                let new = StoredMember { version, document, expires };
                Ok(state.table()?.router.keep(&write.id, write.expected, new))
            }));
        }
        answers
    }

    async fn forget(&self, ids: &[MemberId]) -> PortResult<()> {
        at_most(Call::ForgetMember, ids.len())?;
        for id in ids {
            self.turn().await;
            self.call(Call::ForgetMember, None, show(id), |state| {
                if let Some(members) = state.table()?.router.members.get_mut(&id.group) {
                    members.remove(&id.fingerprint);
                }
                Ok(())
            })?;
        }
        Ok(())
    }

    async fn take(
        &self,
        group: &GroupId,
        token: &LeaseToken,
        wall: Timestamp,
        until: Timestamp,
    ) -> PortResult<Lease> {
        self.turn().await;
        let args = format!("group={group} token={} wall={wall} until={until}", token.0);
        self.call(Call::TakeGroup, None, args, |state| {
            Ok(state.table()?.router.leases.take(group, token, (wall, until)))
        })
    }

    async fn leave(&self, group: &GroupId, token: &LeaseToken) -> PortResult<Released> {
        self.turn().await;
        let args = format!("group={group} token={}", token.0);
        self.call(Call::LeaveGroup, None, args, |state| {
            Ok(state.table()?.router.leases.leave(group, token))
        })
    }

    async fn group(&self, group: &GroupId) -> PortResult<GroupRead> {
        self.turn().await;
        self.call(Call::ReadGroup, None, format!("group={group}"), |state| {
            Ok(state.table()?.router.read(group))
        })
    }

    async fn mark(
        &self,
        group: &GroupState,
        expected: u64,
        token: &LeaseToken,
    ) -> PortResult<Stored> {
        self.turn().await;
        let id = GroupId::of(&group.key);
        let args = format!("group={id} expected={expected} token={}", token.0);
        self.call(Call::MarkGroup, None, args, |state| {
            let document = document(serde_json::to_string(group))?;
            let (version, writer) = (expected.saturating_add(1), token.clone());
            let new = StoredState { version, document, writer };
            Ok(state.table()?.router.mark(id, expected, new))
        })
    }

    async fn silences(&self) -> PortResult<Vec<Silence>> {
        self.turn().await;
        self.call(Call::Silences, None, String::new(), |state| {
            let wall = state.wall.as_second();
            let silences = state.table()?.router.silences.values();
            silences.filter(|s| wall < s.expires).map(|s| read(&s.document)).collect()
        })
    }

    async fn put_silence(&self, silence: &Silence) -> PortResult<()> {
        self.turn().await;
        self.call(Call::PutSilence, None, format!("id={}", silence.id), |state| {
            let document = document(serde_json::to_string(silence))?;
            let expires = silence.ends.as_second().saturating_add(SILENCE_LIFE);
            let stored = StoredSilence { document, expires };
            state.table()?.router.silences.insert(silence.id.clone(), stored);
            Ok(())
        })
    }

    async fn spend(&self, topic: &str, second: i64, want: u32, most: u32) -> PortResult<u32> {
        self.turn().await;
        let args = format!("topic={topic} second={second} want={want} most={most}");
        self.call(Call::Spend, None, args, |state| {
            Ok(state.table()?.router.spend(topic, second, (want, most)))
        })
    }
}

fn show(id: &MemberId) -> String {
    format!("group={} fingerprint={}", id.group, id.fingerprint)
}

/// More than the port takes is refused before anything happens.
fn at_most(call: Call, count: usize) -> PortResult<()> {
    if count <= AT_ONCE {
        return Ok(());
    }
    Err(Refusal::invalid(format!("{count} at once, at most {AT_ONCE}")).error(call))
}
