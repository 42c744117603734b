//! What the router keeps in the control table: groups, their members and leases, silences, what
//! topics were sent in this second.
//!
//! What must stay true: every write is conditional or repeatable, and a conditional one whose
//! answer was lost counts as done when what stands there is our own; every read is strongly
//! consistent and complete, or an error; one item that cannot be read hides no other.

use crate::alarm_items::{self, SILENCES, entry_place, group_key, member_place, state_place};
use crate::aws::Aws;
use crate::clock::{self, random_hex};
use crate::item::{self, Item};
use crate::put::{NewVersion, Place, Put, check_size};
use crate::together::together;
use jiff::{SignedDuration, Timestamp};
use std::collections::BTreeSet;
use tidegate_domain::alarms::group::{GroupId, GroupState};
use tidegate_domain::alarms::ports::{
    AlarmStore, GroupEntry, GroupRead, Kept, MemberId, MemberWrite, Opening,
};
use tidegate_domain::alarms::silence::Silence;
use tidegate_domain::ports::{Lease, LeaseToken, PortError, PortResult, Released, Stored};
use tidegate_wire::stored;

/// A silence is kept for so long after its end, for those who ask what was silenced.
const SILENCE_KEPT: SignedDuration = SignedDuration::from_hours(24);
const KEEP: &str = "PutItem (alarm)";
const OPEN: &str = "UpdateItem (group)";
const FORGET: &str = "DeleteItem (alarm)";

impl AlarmStore for Aws {
    async fn groups(&self) -> PortResult<Vec<GroupEntry>> {
        let items = self.partition("Query (groups)", alarm_items::GROUPS).await?;
        Ok(alarm_items::entries(&items))
    }

    async fn open(&self, openings: &[Opening], stamp: &str) -> PortResult<()> {
        let calls = openings.iter().map(|opening| {
            let (aws, opening, stamp) = (self.clone(), opening.clone(), stamp.to_owned());
            async move { aws.open_one(&opening, &stamp).await }
        });
        together(OPEN, calls).await.into_iter().collect()
    }

    async fn settle(
        &self,
        group: &GroupId,
        seen: Option<&str>,
        entry: Option<&GroupEntry>,
    ) -> PortResult<bool> {
        match entry {
            Some(entry) => self.put_entry(group, seen, entry).await,
            None => self.remove_entry(group, seen).await,
        }
    }

    async fn members(&self, ids: &[MemberId]) -> PortResult<Vec<Option<Kept>>> {
        let places: BTreeSet<Place> = ids.iter().map(member_place).collect();
        let found = self.items("BatchGetItem (alarms)", places).await?;
        // One that cannot be read counts as none; `keep` knows, and replaces it.
        let kept = |found| alarm_items::readable("an alarm", stored::member, found);
        Ok(ids.iter().map(|id| found.get(&member_place(id)).and_then(kept)).collect())
    }

    async fn keep(&self, writes: &[MemberWrite]) -> Vec<PortResult<Stored>> {
        let calls = writes.iter().map(|write| {
            let (aws, new) = (self.clone(), new_member(write));
            async move { aws.keep_one(new?).await }
        });
        together(KEEP, calls).await
    }

    async fn forget(&self, ids: &[MemberId]) -> PortResult<()> {
        let calls = ids.iter().map(|id| {
            let (aws, place) = (self.clone(), member_place(id));
            async move { aws.forget_one(&place).await }
        });
        together(FORGET, calls).await.into_iter().collect()
    }

    async fn take(
        &self,
        group: &GroupId,
        token: &LeaseToken,
        wall: Timestamp,
        until: Timestamp,
    ) -> PortResult<Lease> {
        self.acquire_lease(&group_key(group), token, wall, until).await
    }

    async fn leave(&self, group: &GroupId, token: &LeaseToken) -> PortResult<Released> {
        self.release_lease(&group_key(group), token).await
    }

    async fn group(&self, group: &GroupId) -> PortResult<GroupRead> {
        let call = "Query (group)";
        let mut read = GroupRead::default();
        for found in self.partition(call, &group_key(group)).await? {
            let added = alarm_items::add(&mut read, &found);
            added.map_err(|why| PortError::Unreadable { call, why })?;
        }
        Ok(read)
    }

    async fn mark(
        &self,
        state: &GroupState,
        expected: u64,
        token: &LeaseToken,
    ) -> PortResult<Stored> {
        let call = "PutItem (group's state)";
        let document = json(call, state)?;
        let (place, writer) = (state_place(&GroupId::of(&state.key)), token.0.clone());
        let new = NewVersion { call, place, document, expected, writer, expires: None };
        self.put_version(&new).await.map(Stored::from)
    }

    async fn silences(&self) -> PortResult<Vec<Silence>> {
        let items = self.partition("Query (silences)", SILENCES).await?;
        let kept = items.iter().filter(|i| !stored::is_expired(&item::fields(i), clock::wall()));
        // One that cannot be read silences nothing: people hear of what they did not want to.
        let read = |found| alarm_items::readable("a silence", stored::silence, found);
        Ok(kept.filter_map(read).collect())
    }

    async fn put_silence(&self, silence: &Silence) -> PortResult<()> {
        let call = "PutItem (silence)";
        let document = json(call, silence)?;
        check_size(call, &document)?;
        let expires = silence.ends.saturating_add(SILENCE_KEPT).unwrap_or(Timestamp::MAX);
        let request = self
            .clients
            .dynamodb
            .put_item()
            .table_name(&self.names.control_table)
            .item("pk", item::text(SILENCES))
            .item("sk", item::text(&silence.id))
            .item("doc", item::text(document))
            .item("expires_at", item::number(expires.as_second()))
            .send();
        self.operation(call)?.run(request).await.map(drop)
    }

    async fn spend(&self, topic: &str, second: i64, want: u32, most: u32) -> PortResult<u32> {
        self.spend_of(topic, second, want.min(most), most).await
    }
}

impl Aws {
    async fn open_one(&self, Opening { key, due }: &Opening, stamp: &str) -> PortResult<()> {
        let request = self
            .update(&entry_place(&GroupId::of(key)))
            .update_expression(
                "SET #key = :key, due_ms = :due, #stamp = :stamp, \
                 explains = if_not_exists(explains, :nothing)",
            )
            .expression_attribute_names("#key", "key")
            .expression_attribute_names("#stamp", "stamp")
            .expression_attribute_values(":key", item::text(json(OPEN, key)?))
            .expression_attribute_values(":due", item::number(due.as_millisecond()))
            .expression_attribute_values(":stamp", item::text(stamp))
            .expression_attribute_values(":nothing", item::text("[]"))
            .send();
        self.operation(OPEN)?.run(request).await.map(drop)
    }

    async fn put_entry(
        &self,
        group: &GroupId,
        seen: Option<&str>,
        entry: &GroupEntry,
    ) -> PortResult<bool> {
        let call = "PutItem (group)";
        let place = entry_place(group);
        let request = self
            .clients
            .dynamodb
            .put_item()
            .table_name(&self.names.control_table)
            .item("pk", item::text(place.pk))
            .item("sk", item::text(place.sk))
            .item("key", item::text(json(call, &entry.key)?))
            .item("due_ms", item::number(entry.due.as_millisecond()))
            .item("explains", item::text(alarm_items::explains(&entry.explains)))
            .item("stamp", item::text(&entry.stamp));
        let request = match entry.told {
            None => request,
            Some(told) => request.item("told_ms", item::number(told.as_millisecond())),
        };
        let request = match seen {
            None => request.condition_expression("attribute_not_exists(pk)"),
            Some(seen) => request
                .condition_expression("#stamp = :seen")
                .expression_attribute_names("#stamp", "stamp")
                .expression_attribute_values(":seen", item::text(seen)),
        };
        // Our own stamp stands there: the first answer was lost.
        let is_ours = |stands: &Item| item::fields(stands).string("stamp") == Ok(&entry.stamp);
        Ok(self.put_if(call, request).await?.is_none_or(|stands| is_ours(&stands)))
    }

    /// Writes a member; one that stands there and cannot be read is replaced.
    async fn keep_one(&self, new: NewVersion) -> PortResult<Stored> {
        let stands = match self.put_version(&new).await? {
            Put::Refused(stands) if new.expected == 0 && !stands.is_empty() => stands,
            put => return Ok(put.into()),
        };
        if stored::member(&item::fields(&stands)).is_ok() {
            return Ok(Stored::Conflict);
        }
        let request = self.put_request(&new)?;
        let request = match stands.get("doc") {
            None => request.condition_expression("attribute_not_exists(doc)"),
            Some(document) => request
                .condition_expression("doc = :unreadable")
                .expression_attribute_values(":unreadable", document.clone()),
        };
        let refused = self.put_if(KEEP, request).await?;
        let written = refused.is_none_or(|stands| new.is_ours(&stands));
        Ok(if written { Stored::Version(new.expected + 1) } else { Stored::Conflict })
    }
}

/// A member as it is written. Its writer is this one call.
fn new_member(write: &MemberWrite) -> PortResult<NewVersion> {
    Ok(NewVersion {
        call: KEEP,
        place: member_place(&write.id),
        document: json(KEEP, &write.member)?,
        expected: write.expected,
        writer: random_hex(),
        expires: write.expires,
    })
}

fn json<T: serde::Serialize>(call: &'static str, value: &T) -> PortResult<String> {
    let refused = |error: serde_json::Error| PortError::Refused { call, why: error.to_string() };
    serde_json::to_string(value).map_err(refused)
}
