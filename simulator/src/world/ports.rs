//! The other ports: Auto Scaling, the control table, notices and the clock.
//!
//! A control table keeps values, not documents: nothing else runs meanwhile, so a lease is
//! always free. How large an item would be is measured now and then, for the bill.

use super::{Calls, SimWorld, State};
use jiff::{SignedDuration, Timestamp};
use tidegate_domain::group::{Backstop, Evidence, Group};
use tidegate_domain::ids::FleetName;
use tidegate_domain::ledger::LedgerEntry;
use tidegate_domain::memory::Memory;
use tidegate_domain::notice::Notice;
use tidegate_domain::ports::{
    Clock, Control, Groups, Lease, LeaseToken, Notices, PortError, PortResult, Released, Stored,
    StoredPolicy, StoredSizing, Versioned,
};
use tidegate_domain::sizing::Sizing;
use tidegate_fakes::{LoneGroup, Writer};

/// Every so many writes of an item its size is measured.
const MEASURED_EVERY: u64 = 64;
/// A function's deadline.
const TIME_LEFT: SignedDuration = SignedDuration::from_secs(30);

impl State<'_> {
    fn groups_reachable(&self, call: &'static str) -> PortResult<()> {
        if self.weather.no_auto_scaling {
            let why = "the scripted outage of Auto Scaling".to_owned();
            return Err(PortError::Unavailable { call, why });
        }
        Ok(())
    }

    fn table_reachable(&self, call: &'static str) -> PortResult<()> {
        if self.weather.no_table {
            let why = "the scripted outage of the control table".to_owned();
            return Err(PortError::Unavailable { call, why });
        }
        Ok(())
    }

    fn write(
        &mut self,
        call: &'static str,
        write: impl FnOnce(&mut LoneGroup, Timestamp) -> PortResult<()>,
    ) -> PortResult<()> {
        self.calls.group_writes += 1;
        self.groups_reachable(call)?;
        self.changed();
        self.site.touch(write)
    }
}

impl Groups for SimWorld<'_> {
    async fn describe(&self, _: &FleetName) -> PortResult<Option<Group>> {
        let state = &mut *self.lock();
        state.calls.describes += 1;
        state.groups_reachable("DescribeAutoScalingGroups")?;
        Ok(Some(Group::clone(&state.shown())))
    }

    async fn evidence(&self, _: &FleetName, now: Timestamp) -> PortResult<Evidence> {
        let state = &mut *self.lock();
        state.calls.evidences += 1;
        state.groups_reachable("DescribeScalingActivities")?;
        Ok(state.site.group().evidence(now))
    }

    async fn set_min(&self, _: &FleetName, min: u32) -> PortResult<()> {
        let write = |group: &mut LoneGroup, now| group.set_min(now, Writer::Tidegate, min);
        self.lock().write("UpdateAutoScalingGroup", write)
    }

    async fn set_desired(&self, _: &FleetName, desired: u32) -> PortResult<()> {
        let write = |group: &mut LoneGroup, now| group.set_desired(now, Writer::Tidegate, desired);
        self.lock().write("SetDesiredCapacity", write)
    }

    async fn put_backstop(&self, _: &FleetName, backstop: &Backstop) -> PortResult<()> {
        let write = |group: &mut LoneGroup, now| group.schedule(now, Backstop::NAME, backstop);
        self.lock().write("PutScheduledUpdateGroupAction", write)
    }
}

/// Bytes of an item, if it is this write's turn to be measured.
fn measure(sizes: &mut super::Sizes, bytes: impl FnOnce() -> usize) {
    if sizes.writes.is_multiple_of(MEASURED_EVERY) {
        sizes.measured += 1;
        sizes.bytes += bytes() as u64;
    }
    sizes.writes += 1;
}

/// Bytes of a value as a JSON document.
fn document(value: &impl serde::Serialize) -> usize {
    serde_json::to_string(value).map_or(0, |text| text.len())
}

impl Control for SimWorld<'_> {
    async fn policies(&self) -> PortResult<Vec<StoredPolicy>> {
        Ok(Vec::new())
    }

    async fn put_policy(&self, policy: &StoredPolicy) -> PortResult<Stored> {
        Ok(Stored::Version(policy.version.into()))
    }

    async fn acquire(
        &self,
        _: &FleetName,
        _: &LeaseToken,
        _: Timestamp,
        _: Timestamp,
    ) -> PortResult<Lease> {
        let state = &mut *self.lock();
        state.calls.leases += 1;
        state.sizing_asks = false;
        state.table_reachable("UpdateItem (lease)").map(|()| Lease::Taken)
    }

    async fn release(&self, _: &FleetName, _: &LeaseToken) -> PortResult<Released> {
        let state = &mut *self.lock();
        state.calls.leases += 1;
        state.table_reachable("DeleteItem (lease)").map(|()| Released::Free)
    }

    async fn load(&self, _: &FleetName) -> PortResult<Versioned> {
        let state = &mut *self.lock();
        state.calls.loads += 1;
        state.table_reachable("GetItem (memory)")?;
        Ok(Versioned { memory: state.memory.clone(), version: state.version })
    }

    async fn store(
        &self,
        _: &FleetName,
        expected: u64,
        memory: &Memory,
        _: &LeaseToken,
    ) -> PortResult<Stored> {
        let state = &mut *self.lock();
        state.table_reachable("PutItem (memory)")?;
        if expected != state.version {
            return Ok(Stored::Conflict);
        }
        let Calls { memories, .. } = &mut state.calls;
        measure(memories, || document(memory));
        state.note_change(memory);
        state.memory.clone_from(memory);
        state.version += 1;
        Ok(Stored::Version(state.version))
    }

    /// Moved out, not copied: [`Control::keep_warm`] brings it back in the same tick.
    async fn sizing(&self, _: &FleetName) -> PortResult<Option<StoredSizing>> {
        let state = &mut *self.lock();
        state.calls.sizing_reads += 1;
        state.table_reachable("GetItem (sizing)")?;
        state.sizing_asks = true;
        Ok(state.sizing.take())
    }

    async fn put_sizing(
        &self,
        _: &FleetName,
        expected: u64,
        sizing: &Sizing,
        _: &LeaseToken,
    ) -> PortResult<Stored> {
        let state = &mut *self.lock();
        state.table_reachable("PutItem (sizing)")?;
        measure(&mut state.calls.sizings, || sizing.to_bytes().len());
        Ok(Stored::Version(expected + 1))
    }

    fn keep_warm(&self, _: &FleetName, sizing: StoredSizing) {
        let state = &mut *self.lock();
        (state.sizing, state.sizing_asks) = (Some(sizing), false);
    }

    async fn append(&self, entry: &LedgerEntry, _: Timestamp) -> PortResult<()> {
        let state = &mut *self.lock();
        state.table_reachable("PutItem (ledger)")?;
        measure(&mut state.calls.entries, || document(entry));
        let second = state.site.second();
        (state.sink)(second, entry);
        Ok(())
    }

    async fn ledger(&self, _: &FleetName, _: u32) -> PortResult<Vec<LedgerEntry>> {
        Ok(Vec::new())
    }
}

impl Notices for SimWorld<'_> {
    async fn publish(&self, _: &Notice) -> PortResult<()> {
        self.lock().calls.notices += 1;
        Ok(())
    }
}

impl Clock for SimWorld<'_> {
    fn now(&self) -> Timestamp {
        self.lock().site.now()
    }

    fn wall(&self) -> Timestamp {
        self.now()
    }

    fn time_left(&self) -> SignedDuration {
        TIME_LEFT
    }

    fn token(&self) -> LeaseToken {
        let state = &mut *self.lock();
        state.tokens += 1;
        LeaseToken(state.tokens.to_string())
    }
}
