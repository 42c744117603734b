//! Looking at groups: under the lease, decide, publish, mark, until nothing more is due.

use super::record::later;
use super::{Session, TIME_TO_START};
use crate::alarms::event::Fingerprint;
use crate::alarms::group::{Bulletin, GroupId, GroupKey, GroupState, Verdict};
use crate::alarms::inhibit::explains;
use crate::alarms::member::Member;
use crate::alarms::planned::{Plan, could_explain, plan};
use crate::alarms::ports::{GroupEntry, Opening, RouterWorld};
use crate::alarms::silence::Muting;
use crate::ids::FleetName;
use crate::ledger::LedgerEntry;
use crate::ports::{Lease, PortResult, Released};
use jiff::SignedDuration;
use std::collections::{BTreeMap, BTreeSet, VecDeque};

/// Groups that are held at a time: their messages share a topic's seconds.
const CHUNK: usize = 32;
/// Messages of one group in one look; a group with more critical ones goes on with the next.
const ROUNDS: usize = 30;
/// A group that keeps being wanted is looked at this often; the next tick goes on.
const LOOKS: u32 = 3;
/// A lease outlives its holder: Lambda may kill a function a little after its deadline.
const LEASE_MARGIN: SignedDuration = SignedDuration::from_secs(5);
/// Entries of a fleet's ledger that are read.
const LEDGER: u32 = 60;

/// A group whose lease we hold.
pub(super) struct Open {
    pub id: GroupId,
    /// The list entry's stamp that we saw.
    pub seen: Option<String>,
    pub state: GroupState,
    pub version: u64,
    pub members: Vec<Member>,
    pub plans: BTreeMap<Fingerprint, Plan>,
    pub verdict: Option<Verdict>,
    /// Something failed, or the topic's second is full: it is left for the next look.
    pub stuck: bool,
}

impl Open {
    /// The message that is due, if it can be sent now.
    pub fn bulletin(&self) -> Option<&Bulletin> {
        let verdict = self.verdict.as_ref().filter(|_| !self.stuck)?;
        verdict.bulletin.as_deref()
    }
}

impl<W: RouterWorld> Session<'_, W> {
    /// Looks at the groups that were touched and at those that are due.
    pub(super) async fn flush(&mut self, touched: BTreeMap<GroupId, GroupKey>) {
        let now = self.now;
        if touched.is_empty() && self.entries.values().all(|entry| now < entry.due) {
            return;
        }
        if !self.has_list().await {
            return;
        }
        self.read_silences().await;
        let due = self.entries.iter().filter(|(_, entry)| entry.due <= now);
        let mut keys: BTreeMap<GroupId, GroupKey> =
            due.map(|(id, entry)| (id.clone(), entry.key.clone())).collect();
        keys.extend(touched);
        let mut looks: BTreeMap<GroupId, u32> = BTreeMap::new();
        let mut queue: VecDeque<GroupId> = keys.keys().cloned().collect();
        let mut ours = BTreeSet::new();
        while !queue.is_empty() && self.world.time_left() >= TIME_TO_START {
            let chunk: Vec<GroupId> = queue.drain(..CHUNK.min(queue.len())).collect();
            ours.retain(|id| !chunk.contains(id));
            for wanted in self.look_at(&chunk, &keys).await {
                ours.insert(wanted.clone());
                let look = looks.entry(wanted.clone()).or_insert(1);
                *look += 1;
                if *look <= LOOKS {
                    queue.push_back(wanted);
                }
            }
        }
        for id in ours {
            self.let_go(&id, keys.get(&id)).await;
        }
    }

    /// Gives back a group that was wanted once more and that we look at no more: it is due at
    /// once, for whoever comes next.
    async fn let_go(&mut self, id: &GroupId, key: Option<&GroupKey>) {
        if let Some(key) = key.cloned() {
            let stamp = self.stamp();
            let opening = Opening { key, due: self.now };
            if let Err(error) = self.world.open(&[opening], &stamp).await {
                self.record.errors.push(format!("group {id}: {error}"));
            }
        }
        for _ in 0..LOOKS {
            if self.give_back(id).await.is_none() {
                return;
            }
        }
    }

    /// Gives a group's lease back; its id when somebody wanted it meanwhile: then it is still
    /// ours.
    async fn give_back(&mut self, id: &GroupId) -> Option<GroupId> {
        match self.world.leave(id, &self.token).await {
            Ok(Released::Wanted) => Some(id.clone()),
            Ok(Released::Free) => None,
            Err(error) => {
                self.record.errors.push(format!("group {id}: {error}"));
                None
            }
        }
    }

    /// Reads the list of groups.
    ///
    /// # Errors
    /// The table's.
    pub(super) async fn read_list(&mut self) -> PortResult<()> {
        let entries = self.world.groups().await?;
        let by_id = entries.into_iter().map(|entry| (GroupId::of(&entry.key), entry));
        self.entries = by_id.collect();
        let explained = self.entries.iter().filter(|(_, e)| !e.explains.is_empty());
        self.explained = explained.map(|(id, e)| (id.clone(), e.explains.clone())).collect();
        Ok(())
    }

    /// Reads the list of groups, or notes that the invocation fails without it.
    pub(super) async fn has_list(&mut self) -> bool {
        let read = self.read_list().await;
        read.inspect_err(|error| {
            let text = format!("the list of groups could not be read: {error}");
            self.record.errors.push(text);
        })
        .is_ok()
    }

    /// Without silences people are told too much, which is better than too little.
    async fn read_silences(&mut self) {
        match self.world.silences().await {
            Ok(silences) => {
                for silence in silences {
                    let id = silence.id.clone();
                    match Muting::parse(silence) {
                        Ok(muting) => self.silences.push(muting),
                        Err(why) => self.record.notes.push(format!("silence {id}: {why}")),
                    }
                }
            }
            Err(error) => self.record.notes.push(format!("silences could not be read: {error}")),
        }
    }

    /// Looks at a few groups at a time; those that somebody wanted meanwhile.
    async fn look_at(
        &mut self,
        ids: &[GroupId],
        keys: &BTreeMap<GroupId, GroupKey>,
    ) -> Vec<GroupId> {
        let (mut opens, mut wanted) = (Vec::new(), Vec::new());
        for id in ids {
            if self.world.time_left() < TIME_TO_START {
                break;
            }
            match self.take_group(id, keys.get(id)).await {
                Ok(open) => opens.extend(open),
                Err(error) => {
                    self.record.errors.push(format!("group {id}: {error}"));
                    // Its lease may be ours: others need not wait until it has run out.
                    wanted.extend(self.give_back(id).await);
                }
            }
        }
        for _ in 0..ROUNDS {
            for open in opens.iter_mut().filter(|open| !open.stuck) {
                open.verdict = Some(self.judge(open));
            }
            if opens.iter().all(|open| open.bulletin().is_none())
                || self.world.time_left() < TIME_TO_START
            {
                break;
            }
            self.tell(&mut opens).await;
        }
        for open in opens {
            wanted.extend(self.close(open).await);
        }
        wanted
    }

    /// Takes a group's lease and reads it; none when another invocation looks at it.
    async fn take_group(
        &mut self,
        id: &GroupId,
        key: Option<&GroupKey>,
    ) -> PortResult<Option<Open>> {
        let wall = self.world.wall();
        let until = later(wall, self.world.time_left() + LEASE_MARGIN);
        if self.world.take(id, &self.token, wall, until).await? == Lease::Busy {
            self.record.busy += 1;
            return Ok(None);
        }
        let read = self.world.group(id).await?;
        let Some(state) = read.state.or_else(|| key.cloned().map(GroupState::new)) else {
            self.world.leave(id, &self.token).await?;
            return Ok(None);
        };
        self.record.groups += 1;
        let mut open = Open {
            id: id.clone(),
            seen: self.entries.get(id).map(|entry| entry.stamp.clone()),
            state,
            version: read.version,
            members: Vec::new(),
            plans: BTreeMap::new(),
            verdict: None,
            stuck: false,
        };
        self.sort_members(&mut open, read.members).await?;
        self.plan_members(&mut open).await;
        let rules = &self.rules.alarms.inhibit;
        let firing = open.members.iter().filter(|m| m.is_open());
        let explained = firing.flat_map(|m| explains(rules, &m.labels)).collect();
        self.explained.insert(id.clone(), explained);
        Ok(Some(open))
    }

    /// Which members the fleet's own plans explain.
    async fn plan_members(&mut self, open: &mut Open) {
        let now = self.now;
        let open_ones = open.members.iter().filter(|m| m.is_open() && could_explain(m));
        for member in open_ones {
            let name = member.labels.get("fleet").to_owned();
            let Ok(fleet) = FleetName::new(&name) else { continue };
            let Some(boot) = self.rules.policy.fleets.get(&fleet).map(|f| f.boot) else { continue };
            let ledger = self.ledger(&fleet).await;
            let plans = plan(member, ledger, boot, now).map(|p| (member.fingerprint(), p));
            open.plans.extend(plans);
        }
    }

    /// A fleet's newest decisions; read once, empty when they cannot be read.
    pub(super) async fn ledger(&mut self, fleet: &FleetName) -> &[LedgerEntry] {
        if !self.ledgers.contains_key(fleet.as_str()) {
            let entries = match self.world.ledger(fleet, LEDGER).await {
                Ok(entries) => entries,
                Err(error) => {
                    self.record.notes.push(format!("ledger of {fleet}: {error}"));
                    Vec::new()
                }
            };
            self.ledgers.insert(fleet.to_string(), entries);
        }
        self.ledgers.get(fleet.as_str()).map_or(&[], Vec::as_slice)
    }

    /// Writes when the group is looked at next, and gives its lease back; its id when somebody
    /// wanted it meanwhile.
    async fn close(&mut self, open: Open) -> Option<GroupId> {
        let Open { id, seen, state, members, verdict, stuck, .. } = open;
        let verdict = verdict.filter(|v| !stuck && v.bulletin.is_none());
        if let Some(verdict) = &verdict {
            for member in members.iter().filter(|m| m.is_open() && !verdict.held.is_empty()) {
                if let Some(why) = verdict.held.get(&member.fingerprint()) {
                    self.record.leave_out(*why, &member.event.id.name);
                }
            }
            self.record.count(verdict.why);
        }
        let stamp = self.stamp();
        let (due, explains) = match verdict {
            Some(verdict) => (verdict.due, verdict.explains),
            None => (Some(self.now), self.explained.get(&id).cloned().unwrap_or_default()),
        };
        let told = state.last_notice.filter(|_| !state.told.is_empty());
        let entry = due.map(|due| GroupEntry { key: state.key, due, told, explains, stamp });
        let settled = self.world.settle(&id, seen.as_deref(), entry.as_ref()).await;
        if let (Ok(true), Some(entry)) = (&settled, entry) {
            self.entries.insert(id.clone(), entry);
        } else if matches!(settled, Ok(true)) {
            self.entries.remove(&id);
        }
        if let Err(error) = settled {
            self.record.errors.push(format!("group {id}: {error}"));
        }
        self.give_back(&id).await
    }
}
