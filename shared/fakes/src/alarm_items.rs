//! The router's items as the table holds them: documents as text, each with its version.

use crate::control::{document, fits};
use crate::faults::Refusal;
use crate::leases::Leases;
use jiff::Timestamp;
use std::collections::BTreeMap;
use tidegate_domain::alarms::event::Fingerprint;
use tidegate_domain::alarms::group::{GroupId, GroupKey};
use tidegate_domain::alarms::member::Member;
use tidegate_domain::alarms::ports::{GroupEntry, GroupRead, Kept, MemberId};
use tidegate_domain::ports::{LeaseToken, Stored};

/// A silence is kept this long after its end, in seconds.
pub(crate) const SILENCE_LIFE: i64 = 24 * 3600;

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct StoredGroup {
    pub key: String,
    pub due_ms: i64,
    pub told_ms: Option<i64>,
    pub explains: String,
    pub stamp: String,
}

#[derive(Debug, Clone)]
pub(crate) struct StoredState {
    pub version: u64,
    pub document: String,
    pub writer: LeaseToken,
}

#[derive(Debug, Clone)]
pub(crate) struct StoredMember {
    pub version: u64,
    pub document: String,
    /// Epoch seconds, as TTL has it.
    pub expires: Option<i64>,
}

#[derive(Debug, Clone)]
pub(crate) struct StoredSilence {
    pub document: String,
    pub expires: i64,
}

#[derive(Debug, Clone, Copy)]
pub(crate) struct Spent {
    pub second: i64,
    pub used: u32,
}

/// The router's items.
#[derive(Debug, Default)]
pub(crate) struct AlarmItems {
    pub groups: BTreeMap<GroupId, StoredGroup>,
    pub states: BTreeMap<GroupId, StoredState>,
    pub leases: Leases<GroupId>,
    pub members: BTreeMap<GroupId, BTreeMap<Fingerprint, StoredMember>>,
    pub silences: BTreeMap<String, StoredSilence>,
    pub spent: BTreeMap<String, Spent>,
}

impl AlarmItems {
    pub fn list(&self) -> Result<Vec<GroupEntry>, Refusal> {
        self.groups.values().map(StoredGroup::read).collect()
    }

    pub fn open(
        &mut self,
        id: GroupId,
        key: &GroupKey,
        (due, stamp): (Timestamp, &str),
    ) -> Result<(), Refusal> {
        let stands = self.groups.get(&id);
        let explains = stands.map(|group| group.explains.clone());
        let told_ms = stands.and_then(|group| group.told_ms);
        let group = StoredGroup {
            key: document(serde_json::to_string(key))?,
            due_ms: due.as_millisecond(),
            told_ms,
            explains: explains.unwrap_or_else(|| "[]".to_owned()),
            stamp: stamp.to_owned(),
        };
        self.groups.insert(id, group);
        Ok(())
    }

    pub fn settle(
        &mut self,
        id: &GroupId,
        seen: Option<&str>,
        entry: Option<&GroupEntry>,
    ) -> Result<bool, Refusal> {
        if entry.is_some_and(|entry| GroupId::of(&entry.key) != *id) {
            return Err(Refusal::invalid("the entry is another group's"));
        }
        let new = entry.map(StoredGroup::of).transpose()?;
        let stands = self.groups.get(id).map(|group| group.stamp.as_str());
        if stands != seen {
            // Our own stamp: the first answer was lost.
            return Ok(new.is_some_and(|new| stands == Some(&new.stamp)));
        }
        match new {
            Some(group) => drop(self.groups.insert(id.clone(), group)),
            None => drop(self.groups.remove(id)),
        }
        Ok(true)
    }

    pub fn member(&self, id: &MemberId) -> Option<Kept> {
        let members = self.members.get(&id.group);
        members.and_then(|members| members.get(&id.fingerprint)).and_then(StoredMember::read)
    }

    /// Each by itself, against its version. Nobody's token is kept: an equal member of somebody
    /// else is a conflict, and is found to be known when it is read again.
    pub fn keep(&mut self, id: &MemberId, expected: u64, new: StoredMember) -> Stored {
        let members = self.members.entry(id.group.clone()).or_default();
        if members.get(&id.fingerprint).map_or(0, |m| m.version) != expected {
            return Stored::Conflict;
        }
        let version = new.version;
        members.insert(id.fingerprint.clone(), new);
        Stored::Version(version)
    }

    /// What cannot be read hides nothing else: a state counts as none, with its version, so that
    /// the next one replaces it; a member as none.
    pub fn read(&self, group: &GroupId) -> GroupRead {
        let stored = self.states.get(group);
        let state = stored.and_then(|stored| read(&stored.document).ok());
        let members = self.members.get(group).into_iter().flat_map(BTreeMap::values);
        let members = members.filter_map(StoredMember::read).collect();
        GroupRead { state, version: stored.map_or(0, |stored| stored.version), members }
    }

    pub fn mark(&mut self, id: GroupId, expected: u64, new: StoredState) -> Stored {
        let stands = self.states.get(&id);
        let version = stands.map_or(0, |s| s.version);
        let is_ours = stands.is_some_and(|s| {
            s.version == new.version && s.writer == new.writer && s.document == new.document
        });
        if version == expected {
            self.states.insert(id, new);
        } else if !is_ours {
            return Stored::Conflict;
        }
        Stored::Version(expected.saturating_add(1))
    }

    /// A second that is over gives nothing any more: what it had is not known.
    pub fn spend(&mut self, topic: &str, second: i64, (want, most): (u32, u32)) -> u32 {
        let spent = self.spent.entry(topic.to_owned()).or_insert(Spent { second, used: 0 });
        if spent.second < second {
            *spent = Spent { second, used: 0 };
        }
        if spent.second > second {
            return 0;
        }
        let given = want.min(most.saturating_sub(spent.used));
        spent.used = spent.used.saturating_add(given);
        given
    }
}

impl StoredGroup {
    pub fn of(entry: &GroupEntry) -> Result<Self, Refusal> {
        let key = document(serde_json::to_string(&entry.key))?;
        let explains = document(serde_json::to_string(&entry.explains))?;
        fits(&format!("{key}{explains}"))?;
        let (due_ms, stamp) = (entry.due.as_millisecond(), entry.stamp.clone());
        let told_ms = entry.told.map(Timestamp::as_millisecond);
        Ok(Self { key, explains, due_ms, told_ms, stamp })
    }

    pub fn read(&self) -> Result<GroupEntry, Refusal> {
        let unreadable = |error: jiff::Error| Refusal::Unreadable(error.to_string());
        Ok(GroupEntry {
            key: read(&self.key)?,
            due: Timestamp::from_millisecond(self.due_ms).map_err(unreadable)?,
            told: self.told_ms.map(Timestamp::from_millisecond).transpose().map_err(unreadable)?,
            explains: read(&self.explains)?,
            stamp: self.stamp.clone(),
        })
    }
}

impl StoredMember {
    pub fn read(&self) -> Option<Kept> {
        let member: Member = read(&self.document).ok()?;
        Some(Kept { member, version: self.version })
    }
}

pub(crate) fn read<T: serde::de::DeserializeOwned>(document: &str) -> Result<T, Refusal> {
    serde_json::from_str(document).map_err(|error| Refusal::Unreadable(error.to_string()))
}
