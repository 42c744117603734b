//! Recording: an event becomes a member of its groups, by compare-and-set.

use super::Session;
use crate::alarms::event::{AlarmEvent, Kind};
use crate::alarms::group::{CRITICAL_PACE, GroupId, GroupKey};
use crate::alarms::labels::Labels;
use crate::alarms::member::{Member, Taken, take};
use crate::alarms::ports::{Kept, MemberId, MemberWrite, Opening, RouterWorld};
use crate::alarms::reason::Why;
use crate::ports::{PortError, PortResult, Stored};
use jiff::{SignedDuration, Timestamp};
use std::collections::{BTreeMap, BTreeSet};

/// What one call to the table takes.
pub(super) const AT_ONCE: usize = 100;
/// A member that changed under our hands is read again this often.
const ROUNDS: usize = 4;
/// A problem that is over is remembered this long, so that a late event does not revive it.
const OVER_LIFE: SignedDuration = SignedDuration::from_hours(24);

/// An event as it came.
#[derive(Debug, Clone)]
pub(super) struct Arrival {
    /// SQS's message id.
    pub message_id: Option<String>,
    /// What it says.
    pub event: AlarmEvent,
}

/// Who asks to record.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Zeal {
    /// Events.
    Batch,
    /// `DescribeAlarms`: only what is not known yet counts.
    Comparison,
}

/// What became of a batch.
#[derive(Debug, Default)]
pub(super) struct TakenIn {
    /// The groups to look at now.
    pub touched: BTreeMap<GroupId, GroupKey>,
    /// Messages that are to come again.
    pub again: BTreeSet<String>,
}

/// What is to be done with one alarm in one group: its events in the order of their states.
#[derive(Debug)]
struct Job<'a> {
    id: MemberId,
    key: GroupKey,
    labels: Labels,
    events: Vec<&'a Arrival>,
}

/// What is to be written of an alarm, and what became of its events if it is.
struct Merged {
    write: Option<MemberWrite>,
    told: Outcomes,
}

/// What became of an alarm's events.
#[derive(Default)]
struct Outcomes {
    /// Those that `DescribeAlarms` told.
    noticed: u32,
    /// Those that changed nothing, by the alarm's name.
    left_out: Vec<(Why, String)>,
}

impl<W: RouterWorld> Session<'_, W> {
    /// Records events in every group that they belong to.
    ///
    /// # Errors
    /// The table could not be reached at all: nothing of the batch is sure to be recorded.
    pub(super) async fn take_in(
        &mut self,
        arrivals: &[Arrival],
        zeal: Zeal,
    ) -> PortResult<TakenIn> {
        let jobs = self.jobs(arrivals, zeal);
        let mut taken = TakenIn::default();
        for jobs in jobs.chunks(AT_ONCE) {
            self.take_chunk(jobs, zeal, &mut taken).await?;
        }
        Ok(taken)
    }

    fn jobs<'e>(&mut self, arrivals: &'e [Arrival], zeal: Zeal) -> Vec<Job<'e>> {
        let mut jobs: BTreeMap<MemberId, Job<'e>> = BTreeMap::new();
        for arrival in arrivals {
            let labels = self.rules.labeller.label(&arrival.event);
            let keys = self.rules.groups(&labels);
            if zeal == Zeal::Batch {
                self.record.unclassified += u32::from(arrival.event.kind == Kind::Unclassified);
                if keys.is_empty() {
                    self.record.leave_out(Why::NotRouted, &arrival.event.id.name);
                }
            }
            for key in keys {
                let fingerprint = arrival.event.id.fingerprint();
                let id = MemberId { group: GroupId::of(&key), fingerprint };
                let job = jobs.entry(id.clone()).or_insert_with(|| Job {
                    id,
                    key,
                    labels: labels.clone(),
                    events: Vec::new(),
                });
                job.events.push(arrival);
            }
        }
        let mut jobs: Vec<Job<'e>> = jobs.into_values().collect();
        jobs.iter_mut().for_each(|job| job.events.sort_by_key(|a| a.event.state_at));
        jobs
    }

    async fn take_chunk(
        &mut self,
        jobs: &[Job<'_>],
        zeal: Zeal,
        taken: &mut TakenIn,
    ) -> PortResult<()> {
        let mut left: Vec<&Job<'_>> = jobs.iter().collect();
        for _ in 0..ROUNDS {
            let ids: Vec<MemberId> = left.iter().map(|job| job.id.clone()).collect();
            let known = self.world.members(&ids).await?;
            let mut writes = Vec::new();
            let mut openings: BTreeMap<GroupId, Opening> = BTreeMap::new();
            for (job, known) in left.into_iter().zip(known) {
                let merged = self.merge(job, known.as_ref(), zeal);
                let due = self.look_at_latest(job, known.as_ref(), merged.write.as_ref());
                if let Some(due) = due {
                    let key = || Opening { key: job.key.clone(), due };
                    let opening = openings.entry(job.id.group.clone()).or_insert_with(key);
                    opening.due = opening.due.min(due);
                }
                match merged.write {
                    Some(write) => writes.push((job, write, merged.told)),
                    None => self.count(merged.told),
                }
            }
            self.open(openings, taken).await?;
            left = self.write(writes, taken).await?;
            if left.is_empty() {
                return Ok(());
            }
        }
        // Somebody writes the same alarms all the time: they come again.
        let again = left.iter().flat_map(|job| &job.events);
        taken.again.extend(again.filter_map(|a| a.message_id.clone()));
        Ok(())
    }

    /// What is to be written of an alarm, if anything, and what its events' outcomes then are.
    fn merge(&self, job: &Job<'_>, known: Option<&Kept>, zeal: Zeal) -> Merged {
        let mut member: Option<Member> = known.map(|k| k.member.clone());
        let (mut changed, mut told) = (false, Outcomes::default());
        for arrival in &job.events {
            let agrees = |m: &Member| m.agrees(&arrival.event, self.now);
            if zeal == Zeal::Comparison && member.as_ref().is_some_and(agrees) {
                continue;
            }
            let event = arrival.event.clone();
            match take(member.as_ref(), event, job.labels.clone(), self.now) {
                Taken::Keep(next) => {
                    (member, changed) = (Some(*next), true);
                    told.noticed += u32::from(zeal == Zeal::Comparison);
                }
                Taken::Leave(why) => told.left_out.push((why, arrival.event.id.name.clone())),
            }
        }
        let member = member.filter(|_| changed);
        Merged { write: member.map(|m| self.write_of(job.id.clone(), m, known)), told }
    }

    /// A member to be written over what is known of it.
    pub(super) fn write_of(
        &self,
        id: MemberId,
        member: Member,
        known: Option<&Kept>,
    ) -> MemberWrite {
        let expires = (!member.is_open()).then(|| later(self.world.wall(), OVER_LIFE));
        MemberWrite { id, member, expected: known.map_or(0, |k| k.version), expires }
    }

    /// Counts outcomes once they stand: what is merged anew may come out otherwise.
    fn count(&mut self, told: Outcomes) {
        self.record.noticed += told.noticed;
        for (why, name) in told.left_out {
            self.record.leave_out(why, &name);
        }
    }

    /// When the alarm's group must be looked at, at the latest; none when it needs no look for
    /// this one. People learn of a new critical one at once, or when those of the last message
    /// are ten seconds old; everything else gathers.
    fn look_at_latest(
        &self,
        job: &Job<'_>,
        known: Option<&Kept>,
        write: Option<&MemberWrite>,
    ) -> Option<Timestamp> {
        let entry = self.entries.get(&job.id.group);
        let Some(write) = write else {
            // Known already. Its group is on the list, unless a run that crashed took it off.
            let stands = known.is_some_and(|k| k.member.is_open());
            return (entry.is_none() && stands).then_some(self.now);
        };
        let terms = self.rules.terms(&job.key.route);
        let urgent = write.member.is_open() && terms.is_critical(&job.labels);
        let paced = entry.and_then(|e| e.told).map(|told| later(told, CRITICAL_PACE));
        let wanted = match (urgent, paced) {
            (true, paced) => paced.unwrap_or(self.now).max(self.now),
            (false, _) => later(self.now, terms.group_wait),
        };
        Some(entry.map_or(wanted, |e| e.due.min(wanted)))
    }

    /// Puts groups on the list before their members are written: whoever takes one off it
    /// meanwhile finds another stamp, and lets it stand.
    async fn open(
        &mut self,
        openings: BTreeMap<GroupId, Opening>,
        taken: &mut TakenIn,
    ) -> PortResult<()> {
        if openings.is_empty() {
            return Ok(());
        }
        let now = self.now;
        let due = openings.iter().filter(|(_, opening)| opening.due <= now);
        taken.touched.extend(due.map(|(id, opening)| (id.clone(), opening.key.clone())));
        let openings: Vec<Opening> = openings.into_values().collect();
        let stamp = self.stamp();
        self.world.open(&openings, &stamp).await
    }

    /// Writes members; the jobs whose member changed meanwhile are left.
    async fn write<'j, 'e>(
        &mut self,
        writes: Vec<(&'j Job<'e>, MemberWrite, Outcomes)>,
        taken: &mut TakenIn,
    ) -> PortResult<Vec<&'j Job<'e>>> {
        if writes.is_empty() {
            return Ok(Vec::new());
        }
        let mut jobs = Vec::new();
        let mut items = Vec::new();
        for (job, write, told) in writes {
            jobs.push((job, told));
            items.push(write);
        }
        let answers = self.world.keep(&items).await;
        let mut left = Vec::new();
        let mut failed: Vec<PortError> = Vec::new();
        let all = jobs.len();
        for ((job, told), answer) in jobs.into_iter().zip(answers) {
            match answer {
                Ok(Stored::Version(_)) => {
                    self.record.kept += 1;
                    self.count(told);
                }
                Ok(Stored::Conflict) => left.push(job),
                Err(error) => {
                    let ids = job.events.iter().filter_map(|a| a.message_id.clone());
                    taken.again.extend(ids);
                    failed.push(error);
                }
            }
        }
        match failed.pop() {
            Some(error) if failed.len() + 1 == all => Err(error),
            Some(error) => {
                self.record.errors.push(format!("{} of {all} alarms: {error}", failed.len() + 1));
                Ok(left)
            }
            None => Ok(left),
        }
    }
}

/// `at` plus `by`, or the end of time.
pub(super) fn later(at: Timestamp, by: SignedDuration) -> Timestamp {
    at.checked_add(by).unwrap_or(Timestamp::MAX)
}
