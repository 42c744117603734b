//! Looking at groups: under the lease, decide, publish, mark, until nothing more is due.

use super::record::{AT_ONCE, OVER_LIFE, later};
use super::{MessageRecord, Session, TIME_TO_START};
use crate::alarms::event::{Fingerprint, Kind};
use crate::alarms::group::{
    Bulletin, GroupId, GroupKey, GroupState, Surroundings, Verdict, decide,
};
use crate::alarms::inhibit::explains;
use crate::alarms::member::{Member, Taken, take};
use crate::alarms::message::{Background, Message, compose, digest};
use crate::alarms::planned::{Plan, could_explain, plan};
use crate::alarms::ports::{GroupEntry, Kept, MemberId, MemberWrite, Opening, RouterWorld};
use crate::alarms::silence::Muting;
use crate::ids::FleetName;
use crate::ledger::LedgerEntry;
use crate::ports::{Lease, PortResult, Released, Stored};
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
const LEDGER: u32 = 20;
/// What nobody understands is no state that ends: it is told once, and forgotten after this.
const UNCLASSIFIED_LIFE: SignedDuration = SignedDuration::from_mins(15);
/// The chat topic's name.
const CHAT: &str = "chat";

/// A group whose lease we hold.
struct Open {
    id: GroupId,
    /// The list entry's stamp that we saw.
    seen: Option<String>,
    state: GroupState,
    version: u64,
    members: Vec<Member>,
    plans: BTreeMap<Fingerprint, Plan>,
    verdict: Option<Verdict>,
    /// Something failed, or the topic's second is full: it is left for the next look.
    stuck: bool,
}

impl Open {
    fn bulletin(&self) -> Option<&Bulletin> {
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
        if let Err(error) = self.read_list().await {
            self.errors.push(format!("the list of groups could not be read: {error}"));
            return;
        }
        self.read_silences().await;
        let due = self.entries.iter().filter(|(_, entry)| entry.due <= now);
        let mut keys: BTreeMap<GroupId, GroupKey> =
            due.map(|(id, entry)| (id.clone(), entry.key.clone())).collect();
        keys.extend(touched);
        let mut looks: BTreeMap<GroupId, u32> = BTreeMap::new();
        let mut queue: VecDeque<GroupId> = keys.keys().cloned().collect();
        while !queue.is_empty() && self.world.time_left() >= TIME_TO_START {
            let chunk: Vec<GroupId> = queue.drain(..CHUNK.min(queue.len())).collect();
            for wanted in self.look_at(&chunk, &keys).await {
                let look = looks.entry(wanted.clone()).or_insert(1);
                *look += 1;
                if *look <= LOOKS {
                    queue.push_back(wanted);
                }
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
        let mut opens = Vec::new();
        for id in ids {
            if self.world.time_left() < TIME_TO_START {
                break;
            }
            match self.take_group(id, keys.get(id)).await {
                Ok(open) => opens.extend(open),
                Err(error) => self.errors.push(format!("group {id}: {error}")),
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
        let mut wanted = Vec::new();
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

    /// Labels the members anew. Those that belong elsewhere by now (another policy, tags that
    /// were read late) move there; what nobody understood is forgotten once it was told.
    async fn sort_members(&mut self, open: &mut Open, kept: Vec<Kept>) -> PortResult<()> {
        let mut away: Vec<(Member, BTreeSet<GroupKey>)> = Vec::new();
        for Kept { mut member, .. } in kept {
            if member.is_open() {
                self.read_tags(&mut member.event).await;
                member.labels = self.rules.labeller.label(&member.event);
                let keys = self.rules.groups(&member.labels);
                let told = open.state.told.contains_key(&member.fingerprint());
                let past = self.now.duration_since(member.arrived) > UNCLASSIFIED_LIFE;
                if member.event.kind == Kind::Unclassified && told && past {
                    away.push((member, BTreeSet::new()));
                    continue;
                }
                if !keys.contains(&open.state.key) {
                    away.push((member, keys));
                    continue;
                }
            }
            open.members.push(member);
        }
        if away.is_empty() {
            return Ok(());
        }
        self.move_away(open, away).await
    }

    async fn move_away(
        &mut self,
        open: &mut Open,
        away: Vec<(Member, BTreeSet<GroupKey>)>,
    ) -> PortResult<()> {
        let mut gone = Vec::new();
        for (member, keys) in away {
            let fingerprint = member.fingerprint();
            for key in keys {
                self.move_to(key, &member).await?;
            }
            open.state.told.remove(&fingerprint);
            gone.push(MemberId { group: open.id.clone(), fingerprint });
        }
        // Before they are forgotten: a message that all is over must not come of it.
        match self.world.mark(&open.state, open.version, &self.token).await? {
            Stored::Version(version) => open.version = version,
            Stored::Conflict => open.stuck = true,
        }
        for gone in gone.chunks(AT_ONCE) {
            self.world.forget(gone).await?;
        }
        Ok(())
    }

    async fn move_to(&mut self, key: GroupKey, member: &Member) -> PortResult<()> {
        let id = MemberId { group: GroupId::of(&key), fingerprint: member.fingerprint() };
        let stamp = self.stamp();
        self.world.open(&[Opening { key, due: self.now }], &stamp).await?;
        let known = self.world.members(std::slice::from_ref(&id)).await?.pop().flatten();
        let labels = member.labels.clone();
        let event = member.event.clone();
        let Taken::Keep(mut moved) =
            take(known.as_ref().map(|k| &k.member), event, labels, self.now)
        else {
            return Ok(());
        };
        moved.arrived = member.arrived;
        moved.flips.clone_from(&member.flips);
        let expires = (!moved.is_open()).then(|| later(self.world.wall(), OVER_LIFE));
        let expected = known.map_or(0, |k| k.version);
        let write = MemberWrite { id, member: *moved, expected, expires };
        // A conflict means that its own events have reached the other group: they know better.
        self.world.keep(&[write]).await.pop().map_or(Ok(()), |done| done.map(drop))
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
    async fn ledger(&mut self, fleet: &FleetName) -> &[LedgerEntry] {
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

    fn judge(&self, open: &Open) -> Verdict {
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
    async fn tell(&mut self, opens: &mut [Open]) {
        let mut topics: BTreeMap<String, Vec<usize>> = BTreeMap::new();
        for (nth, open) in opens.iter().enumerate() {
            if let Some(bulletin) = open.bulletin() {
                topics.entry(bulletin.topic.clone()).or_default().push(nth);
            }
        }
        for (topic, mut due) in topics {
            due.sort_by_key(|nth| {
                opens.get(*nth).and_then(Open::bulletin).map(|b| b.severity() != "critical")
            });
            let granted = self.spend(&topic, due.len()).await;
            let single = if granted >= due.len() { due.len() } else { granted.saturating_sub(1) };
            let rest = due.split_off(single);
            for nth in due {
                self.publish(opens, &[nth], &topic).await;
            }
            if granted > single {
                self.publish(opens, &rest, &topic).await;
            } else {
                self.record.over_rate += u32::try_from(rest.len()).unwrap_or(u32::MAX);
                stick(opens, &rest);
            }
        }
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

    /// Publishes one message about these groups and marks them.
    async fn publish(&mut self, opens: &mut [Open], which: &[usize], topic: &str) {
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
                self.errors.push(format!("topic {topic}: {error}"));
                stick(opens, which);
            }
        }
    }

    async fn compose(&mut self, bulletins: &[&Bulletin], topic: &str) -> Message {
        let now = self.now;
        if let [bulletin] = bulletins {
            let listed = bulletin.firing.iter().chain(&bulletin.flapping).chain(&bulletin.resolved);
            let mut fleets = listed.map(|l| FleetName::new(l.member.labels.get("fleet")));
            let ledger = match fleets.find_map(Result::ok) {
                Some(fleet) => self.ledger(&fleet).await.to_vec(),
                None => Vec::new(),
            };
            return compose(bulletin, &Background { ledger: &ledger, now });
        }
        digest(topic, bulletins, &Background { ledger: &[], now })
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
                self.errors.push(format!("group {}: {error}", open.id));
                open.stuck = true;
            }
        }
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
        let left = self.world.leave(&id, &self.token).await;
        for error in [settled.err(), left.as_ref().err().cloned()].into_iter().flatten() {
            self.errors.push(format!("group {id}: {error}"));
        }
        (left == Ok(Released::Wanted)).then_some(id)
    }
}

fn stick(opens: &mut [Open], which: &[usize]) {
    for nth in which {
        if let Some(open) = opens.get_mut(*nth) {
            open.stuck = true;
        }
    }
}
