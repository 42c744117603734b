//! The control table: policy versions, memories, ledger (leases: [`crate::lease`]).
//!
//! What must stay true: every write but the ledger's is conditional ([`crate::put`]); what
//! cannot be read is an error and never a default, but for an entry of the ledger, which is left out:
//! people read it, and nothing is decided by it.

use crate::aws::Aws;
use crate::clock::{self, random_hex};
use crate::item::{self, Item};
use crate::put::{NewVersion, Place};
use aws_sdk_dynamodb::operation::put_item::builders::PutItemFluentBuilder;
use jiff::Timestamp;
use tidegate_domain::ids::FleetName;
use tidegate_domain::ledger::LedgerEntry;
use tidegate_domain::memory::Memory;
use tidegate_domain::ports::{
    Control, Lease, LeaseToken, PortError, PortResult, Released, Stored, StoredPolicy,
    StoredSizing, Versioned,
};
use tidegate_domain::sizing::Sizing;
use tidegate_wire::stored;

/// Policy versions that are offered: one is enough unless the newest do not parse.
const POLICIES: i32 = 5;
/// Pages of one listing that are read at most; a page holds 1 MB.
const PAGES: usize = 20;

impl Control for Aws {
    async fn policies(&self) -> PortResult<Vec<StoredPolicy>> {
        let call = "Query (policies)";
        let request = self
            .clients
            .dynamodb
            .query()
            .table_name(&self.names.control_table)
            .key_condition_expression("pk = :pk")
            .expression_attribute_values(":pk", item::text("policy"))
            .consistent_read(true)
            .scan_index_forward(false)
            .limit(POLICIES)
            .send();
        let answer = self.operation(call)?.run(request).await?;
        let policies: Result<_, String> =
            answer.items().iter().map(|found| stored::policy(&item::fields(found))).collect();
        policies.map_err(|why| PortError::Unreadable { call, why })
    }

    async fn put_policy(&self, policy: &StoredPolicy) -> PortResult<Stored> {
        let writer = random_hex();
        let request = self
            .clients
            .dynamodb
            .put_item()
            .table_name(&self.names.control_table)
            .item("pk", item::text("policy"))
            .item("sk", item::text(format!("v#{:08}", policy.version)))
            .item("version", item::number(policy.version))
            .item("doc", item::text(&policy.document))
            .item("at", item::text(seconds(clock::wall())))
            .item("writer", item::text(&writer))
            .condition_expression("attribute_not_exists(pk)");
        let ours = |stored: &Item| item::fields(stored).string("writer") == Ok(writer.as_str());
        let version = u64::from(policy.version);
        self.put_once("PutItem (policy)", request, version, ours).await
    }

    async fn acquire(
        &self,
        fleet: &FleetName,
        token: &LeaseToken,
        wall: Timestamp,
        until: Timestamp,
    ) -> PortResult<Lease> {
        self.acquire_lease(&fleet_key(fleet), token, wall, until).await
    }

    async fn release(&self, fleet: &FleetName, token: &LeaseToken) -> PortResult<Released> {
        self.release_lease(&fleet_key(fleet), token).await
    }

    async fn load(&self, fleet: &FleetName) -> PortResult<Versioned> {
        let call = "GetItem (memory)";
        let request = self
            .clients
            .dynamodb
            .get_item()
            .table_name(&self.names.control_table)
            .key("pk", item::text(fleet_key(fleet)))
            .key("sk", item::text("memory"))
            .consistent_read(true)
            .send();
        let answer = self.operation(call)?.run(request).await?;
        match answer.item() {
            None => Ok(Versioned { memory: Memory::default(), version: 0 }),
            Some(found) => stored::memory(&item::fields(found))
                .map_err(|why| PortError::Unreadable { call, why }),
        }
    }

    async fn store(
        &self,
        fleet: &FleetName,
        expected: u64,
        memory: &Memory,
        token: &LeaseToken,
    ) -> PortResult<Stored> {
        let call = "PutItem (memory)";
        let document = serde_json::to_string(memory)
            .map_err(|error| PortError::Refused { call, why: error.to_string() })?;
        let place = Place { pk: fleet_key(fleet), sk: "memory".to_owned() };
        let writer = token.0.clone();
        let new = NewVersion { call, place, document, expected, writer, expires: None };
        self.put_version(&new).await.map(Stored::from)
    }

    async fn sizing(&self, fleet: &FleetName) -> PortResult<Option<StoredSizing>> {
        self.read_sizing(fleet).await
    }

    async fn put_sizing(
        &self,
        fleet: &FleetName,
        expected: u64,
        state: &Sizing,
        token: &LeaseToken,
    ) -> PortResult<Stored> {
        self.write_sizing(fleet, expected, state, token).await
    }

    async fn append(&self, entry: &LedgerEntry, expires: Timestamp) -> PortResult<()> {
        let call = "PutItem (ledger)";
        let document = serde_json::to_string(entry)
            .map_err(|error| PortError::Refused { call, why: error.to_string() })?;
        let request = self
            .clients
            .dynamodb
            .put_item()
            .table_name(&self.names.control_table)
            .item("pk", item::text(ledger_key(&entry.fleet)))
            .item("sk", item::text(format!("{}#{}", sortable(entry.at), entry.id)))
            .item("doc", item::text(document))
            .item("expires_at", item::number(expires.as_second()))
            .send();
        self.operation(call)?.run(request).await.map(drop)
    }

    async fn ledger(&self, fleet: &FleetName, limit: u32) -> PortResult<Vec<LedgerEntry>> {
        let call = "Query (ledger)";
        let limit = usize::try_from(limit).unwrap_or(usize::MAX);
        let mut entries = Vec::new();
        let mut start = None;
        for _ in 0..PAGES {
            let missing = limit.saturating_sub(entries.len());
            if missing == 0 {
                break;
            }
            let request = self
                .clients
                .dynamodb
                .query()
                .table_name(&self.names.control_table)
                .key_condition_expression("pk = :pk")
                .expression_attribute_values(":pk", item::text(ledger_key(fleet)))
                .consistent_read(true)
                .scan_index_forward(false)
                .limit(i32::try_from(missing).unwrap_or(i32::MAX))
                .set_exclusive_start_key(start)
                .send();
            let answer = self.operation(call)?.run(request).await?;
            let found = answer.items().iter().map(item::fields);
            let kept = found.filter(|entry| !stored::is_expired(entry, clock::wall()));
            // One that a newer version wrote is not to hide the others.
            entries.extend(kept.filter_map(|entry| stored::entry(&entry).ok()));
            start = answer.last_evaluated_key().cloned();
            if start.is_none() {
                break;
            }
        }
        Ok(entries)
    }
}

impl Aws {
    /// The oldest entry of a fleet's ledger, one that has run out and still stands included.
    pub(crate) async fn oldest_entry(&self, fleet: &FleetName) -> PortResult<Option<LedgerEntry>> {
        let call = "Query (ledger)";
        let request = self
            .clients
            .dynamodb
            .query()
            .table_name(&self.names.control_table)
            .key_condition_expression("pk = :pk")
            .expression_attribute_values(":pk", item::text(ledger_key(fleet)))
            .consistent_read(true)
            .limit(1)
            .send();
        let answer = self.operation(call)?.run(request).await?;
        let entry = answer.items().first().map(|found| stored::entry(&item::fields(found)));
        entry.transpose().map_err(|why| PortError::Unreadable { call, why })
    }

    /// Puts an item under its condition. When the condition does not hold because the
    /// item is `ours` already, the first answer was lost: done.
    pub(crate) async fn put_once(
        &self,
        call: &'static str,
        request: PutItemFluentBuilder,
        version: u64,
        ours: impl Fn(&Item) -> bool,
    ) -> PortResult<Stored> {
        match self.put_if(call, request).await? {
            None => Ok(Stored::Version(version)),
            Some(stands) if ours(&stands) => Ok(Stored::Version(version)),
            Some(_) => Ok(Stored::Conflict),
        }
    }
}

pub(crate) fn fleet_key(fleet: &FleetName) -> String {
    format!("fleet#{fleet}")
}

fn ledger_key(fleet: &FleetName) -> String {
    format!("ledger#{fleet}")
}

/// RFC 3339 with always three decimals, so that text order is time order.
fn sortable(at: Timestamp) -> String {
    format!("{at:.3}")
}

fn seconds(at: Timestamp) -> String {
    format!("{at:.0}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ledger_keys_sort_as_time_does() {
        let times = ["2026-01-01T00:00:00Z", "2026-01-01T00:00:00.5Z", "2026-01-01T00:00:01Z"];
        let keys = times.map(|t| sortable(t.parse().unwrap()));
        assert!(keys.is_sorted(), "{keys:?}");
        assert_eq!(keys[1], "2026-01-01T00:00:00.500Z");
    }
}
