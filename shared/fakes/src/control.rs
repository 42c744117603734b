//! The control table: every write conditional, every document stored as text.

use crate::alarm_items::AlarmItems;
use crate::faults::Refusal;
use crate::leases::{HeldLease, Leases};
use crate::{Call, FakeAws, State};
use jiff::Timestamp;
use std::collections::BTreeMap;
use tidegate_domain::ids::FleetName;
use tidegate_domain::ledger::LedgerEntry;
use tidegate_domain::memory::Memory;
use tidegate_domain::ports::{
    Control, Lease, LeaseToken, PortResult, Released, Stored, StoredPolicy, StoredSizing, Versioned,
};
use tidegate_domain::sizing::Sizing;

/// DynamoDB takes items of at most 400 KB, keys included.
const ITEM_LIMIT: usize = 400 * 1024;
/// The newest policies that are read.
const POLICIES: usize = 5;

#[derive(Debug, Clone)]
struct StoredMemory {
    version: u64,
    document: String,
    writer: LeaseToken,
}

#[derive(Debug, Clone)]
struct StoredEntry {
    document: String,
    /// Epoch seconds, as TTL has it.
    expires: i64,
}

/// The control table.
#[derive(Debug, Default)]
pub(crate) struct Table {
    missing: bool,
    policies: BTreeMap<u32, String>,
    leases: Leases<FleetName>,
    memories: BTreeMap<FleetName, StoredMemory>,
    /// By time and id within a fleet.
    ledgers: BTreeMap<FleetName, BTreeMap<(Timestamp, String), StoredEntry>>,
    /// Version, bytes and writer.
    sizings: BTreeMap<FleetName, (u64, Vec<u8>, LeaseToken)>,
    /// What the alarm router keeps.
    pub router: AlarmItems,
}

impl FakeAws {
    /// The table does not exist, or exists again with what it held.
    pub fn set_table_missing(&self, missing: bool) {
        self.lock().table.missing = missing;
    }

    /// The fleet's lease as it is stored, run out or not.
    pub fn lease(&self, fleet: &FleetName) -> Option<HeldLease> {
        self.lock().table.leases.get(fleet)
    }

    /// The fleet's memory as it is stored; none when there is none or it cannot be read.
    pub fn memory(&self, fleet: &FleetName) -> Option<Versioned> {
        self.lock().table.load(fleet).ok().filter(|stored| stored.version > 0)
    }

    /// Overwrites the fleet's stored memory with a text, as the next version.
    pub fn garble_memory(&self, fleet: &FleetName, document: &str) {
        let memories = &mut self.lock().table.memories;
        let version = memories.get(fleet).map_or(0, |m| m.version) + 1;
        let (document, writer) = (document.to_owned(), LeaseToken("outside".to_owned()));
        memories.insert(fleet.clone(), StoredMemory { version, document, writer });
    }

    /// What sizing has learned, as it is stored.
    pub fn sizing_of(&self, fleet: &FleetName) -> Option<(u64, Vec<u8>)> {
        let state = self.lock();
        state.table.sizings.get(fleet).map(|(version, bytes, _)| (*version, bytes.clone()))
    }

    /// Overwrites what sizing has learned with these bytes, as the next version.
    pub fn garble_sizing(&self, fleet: &FleetName, state: &[u8]) {
        let sizings = &mut self.lock().table.sizings;
        let version = sizings.get(fleet).map_or(0, |(version, ..)| *version) + 1;
        let writer = LeaseToken("outside".to_owned());
        sizings.insert(fleet.clone(), (version, state.to_vec(), writer));
    }

    /// Overwrites the newest entry of the fleet's ledger with a text.
    pub fn garble_ledger(&self, fleet: &FleetName, document: &str) {
        let ledgers = &mut self.lock().table.ledgers;
        let newest = ledgers.get_mut(fleet).and_then(|entries| entries.values_mut().next_back());
        newest.into_iter().for_each(|entry| document.clone_into(&mut entry.document));
    }

    /// The fleet's ledger, oldest first, expired entries included.
    pub fn ledger_of(&self, fleet: &FleetName) -> Vec<LedgerEntry> {
        let state = self.lock();
        let entries = state.table.ledgers.get(fleet).into_iter().flat_map(BTreeMap::values);
        entries.filter_map(|entry| serde_json::from_str(&entry.document).ok()).collect()
    }
}

impl Control for FakeAws {
    async fn policies(&self) -> PortResult<Vec<StoredPolicy>> {
        self.turn().await;
        self.call(Call::Policies, None, String::new(), |state| {
            let newest = state.table()?.policies.iter().rev().take(POLICIES);
            Ok(newest.map(|(v, d)| StoredPolicy { version: *v, document: d.clone() }).collect())
        })
    }

    async fn put_policy(&self, policy: &StoredPolicy) -> PortResult<Stored> {
        self.turn().await;
        let version = policy.version;
        self.call(Call::PutPolicy, None, format!("version={version}"), |state| {
            fits(&policy.document)?;
            let policies = &mut state.table()?.policies;
            if policies.contains_key(&version) {
                return Ok(Stored::Conflict);
            }
            policies.insert(version, policy.document.clone());
            Ok(Stored::Version(version.into()))
        })
    }

    async fn acquire(
        &self,
        fleet: &FleetName,
        token: &LeaseToken,
        wall: Timestamp,
        until: Timestamp,
    ) -> PortResult<Lease> {
        self.turn().await;
        let args = format!("token={} wall={wall} until={until}", token.0);
        self.call(Call::Acquire, Some(fleet), args, |state| {
            Ok(state.table()?.leases.take(fleet, token, (wall, until)))
        })
    }

    async fn release(&self, fleet: &FleetName, token: &LeaseToken) -> PortResult<Released> {
        self.turn().await;
        self.call(Call::Release, Some(fleet), format!("token={}", token.0), |state| {
            Ok(state.table()?.leases.leave(fleet, token))
        })
    }

    async fn load(&self, fleet: &FleetName) -> PortResult<Versioned> {
        self.turn().await;
        self.call(Call::Load, Some(fleet), String::new(), |state| state.table()?.load(fleet))
    }

    async fn store(
        &self,
        fleet: &FleetName,
        expected: u64,
        memory: &Memory,
        token: &LeaseToken,
    ) -> PortResult<Stored> {
        self.turn().await;
        let args = format!("expected={expected} token={}", token.0);
        self.call(Call::Store, Some(fleet), args, |state| {
            let document = document(serde_json::to_string(memory))?;
            let table = state.table()?;
            Ok(table.store(
                fleet,
                expected,
                StoredMemory {
                    version: expected.saturating_add(1),
                    document,
                    writer: token.clone(),
                },
            ))
        })
    }

    async fn sizing(&self, fleet: &FleetName) -> PortResult<Option<StoredSizing>> {
        self.turn().await;
        self.call(Call::Sizing, Some(fleet), String::new(), |state| {
            let stored = state.table()?.sizings.get(fleet);
            Ok(stored.map(|(version, bytes, _)| StoredSizing {
                state: Sizing::from_bytes(bytes),
                version: *version,
            }))
        })
    }

    async fn put_sizing(
        &self,
        fleet: &FleetName,
        expected: u64,
        state: &Sizing,
        token: &LeaseToken,
    ) -> PortResult<Stored> {
        self.turn().await;
        let bytes = state.to_bytes();
        let args = format!("expected={expected} token={} bytes={}", token.0, bytes.len());
        self.call(Call::PutSizing, Some(fleet), args, |world| {
            if bytes.len() >= ITEM_LIMIT {
                return Err(too_large());
            }
            let new = (expected.saturating_add(1), bytes, token.clone());
            Ok(world.table()?.put_sizing(fleet, expected, new))
        })
    }

    async fn append(&self, entry: &LedgerEntry, expires: Timestamp) -> PortResult<()> {
        self.turn().await;
        let args = format!("id={} at={} expires={expires}", entry.id, entry.at);
        self.call(Call::Append, Some(&entry.fleet), args, |state| {
            let (document, expires) =
                (document(serde_json::to_string(entry))?, expires.as_second());
            let ledger = state.table()?.ledgers.entry(entry.fleet.clone()).or_default();
            ledger.insert((entry.at, entry.id.clone()), StoredEntry { document, expires });
            Ok(())
        })
    }

    async fn ledger(&self, fleet: &FleetName, limit: u32) -> PortResult<Vec<LedgerEntry>> {
        self.turn().await;
        self.call(Call::Ledger, Some(fleet), format!("limit={limit}"), |state| {
            let wall = state.wall.as_second();
            Ok(state.table()?.newest(fleet, limit, wall))
        })
    }
}

impl State {
    pub(crate) fn table(&mut self) -> Result<&mut Table, Refusal> {
        if self.table.missing {
            let words = "ResourceNotFoundException: Requested resource not found";
            return Err(Refusal::Refused(words.to_owned()));
        }
        Ok(&mut self.table)
    }
}

impl Table {
    fn load(&self, fleet: &FleetName) -> Result<Versioned, Refusal> {
        let Some(stored) = self.memories.get(fleet) else {
            return Ok(Versioned { memory: Memory::default(), version: 0 });
        };
        let unreadable = |error: serde_json::Error| Refusal::Unreadable(error.to_string());
        let memory = Memory::read(&stored.document).map_err(unreadable)?;
        Ok(Versioned { memory, version: stored.version })
    }

    fn store(&mut self, fleet: &FleetName, expected: u64, new: StoredMemory) -> Stored {
        let stands = self.memories.get(fleet);
        let version = stands.map_or(0, |m| m.version);
        let is_ours = stands.is_some_and(|m| {
            m.version == new.version && m.writer == new.writer && m.document == new.document
        });
        if version == expected {
            self.memories.insert(fleet.clone(), new);
        } else if !is_ours {
            return Stored::Conflict;
        }
        Stored::Version(expected.saturating_add(1))
    }

    fn put_sizing(
        &mut self,
        fleet: &FleetName,
        expected: u64,
        new: (u64, Vec<u8>, LeaseToken),
    ) -> Stored {
        let stands = self.sizings.get(fleet);
        let is_ours = stands == Some(&new);
        if stands.map_or(0, |(version, ..)| *version) == expected {
            self.sizings.insert(fleet.clone(), new);
        } else if !is_ours {
            return Stored::Conflict;
        }
        Stored::Version(expected.saturating_add(1))
    }

    /// The oldest, one that has run out and still stands included.
    pub fn oldest(&self, fleet: &FleetName) -> Result<Option<LedgerEntry>, Refusal> {
        let oldest = self.ledgers.get(fleet).and_then(|entries| entries.values().next());
        let unreadable = |error: serde_json::Error| Refusal::Unreadable(error.to_string());
        oldest.map(|e| serde_json::from_str(&e.document).map_err(unreadable)).transpose()
    }

    /// What has run out is not shown, though DynamoDB deletes it up to days later; nor is what
    /// cannot be read.
    fn newest(&self, fleet: &FleetName, limit: u32, wall: i64) -> Vec<LedgerEntry> {
        let entries = self.ledgers.get(fleet).into_iter().flat_map(|l| l.values().rev());
        let live = entries.filter(|entry| wall < entry.expires);
        let readable = live.filter_map(|entry| serde_json::from_str(&entry.document).ok());
        readable.take(usize::try_from(limit).unwrap_or(usize::MAX)).collect()
    }
}

/// A document, if an item holds it.
pub(crate) fn document(text: serde_json::Result<String>) -> Result<String, Refusal> {
    let text = text.map_err(Refusal::invalid)?;
    fits(&text)?;
    Ok(text)
}

/// Whether an item holds it.
pub(crate) fn fits(document: &str) -> Result<(), Refusal> {
    if document.len() < ITEM_LIMIT {
        return Ok(());
    }
    Err(too_large())
}

fn too_large() -> Refusal {
    Refusal::invalid("Item size has exceeded the maximum allowed size")
}
