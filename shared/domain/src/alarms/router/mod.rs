//! The router's shell over its ports: record what came, decide about each group, tell, mark.
//!
//! What must stay true: an alarm is recorded before its event is acknowledged, and its group is
//! on the list of groups before it is recorded; a message is published before it is marked;
//! whoever finds a group's lease taken leaves a mark, and the holder looks once more. So a crash
//! between any two calls loses nothing and repeats at most one message. Without the table every
//! critical group is told, within a bound of the invocation's own.

mod blind;
mod flush;
mod moves;
mod reconcile;
mod record;
mod report;
mod tell;

pub use report::{MessageRecord, RunRecord};

use crate::alarms::event::{AlarmEvent, Kind};
use crate::alarms::group::{GroupId, GroupKey};
use crate::alarms::intake::{Content, Record, Wake, decode};
use crate::alarms::labels::{Labeller, Labels};
use crate::alarms::policy::{AlarmPolicy, Route, Terms, parse_whole};
use crate::alarms::ports::{GroupEntry, RouterWorld};
use crate::alarms::silence::Muting;
use crate::intake::Home;
use crate::ledger::LedgerEntry;
use crate::policy::{Policy, PolicyFaults};
use crate::ports::LeaseToken;
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, PoisonError};

/// Nothing new is started with less time than this.
const TIME_TO_START: SignedDuration = SignedDuration::from_secs(4);
/// Alarms whose tags one invocation reads; the others wait for the next ones.
const TAG_READS: usize = 10;
/// Alarms whose tags a tick reads.
const TAG_READS_OF_A_TICK: usize = 60;
/// Notes of one run that are logged.
const NOTES: usize = 50;
/// Alarms whose tags a process remembers.
const TAGS_KEPT: usize = 20_000;
/// Tags are read again after this long.
const TAGS_LIFE: SignedDuration = SignedDuration::from_hours(1);

/// The policy that holds, ready to be asked.
#[derive(Debug)]
struct Rules {
    policy: Policy,
    alarms: AlarmPolicy,
    labeller: Labeller,
    version: Option<u32>,
}

impl Rules {
    fn parse(document: &str, version: Option<u32>) -> Result<Self, PolicyFaults> {
        let (policy, alarms) = parse_whole(document)?;
        let labeller = Labeller::new(&policy);
        Ok(Self { policy, alarms, labeller, version })
    }

    /// The terms of a group's route; the root's for a route that is no longer in the tree.
    fn terms(&self, route: &str) -> &Terms {
        fn find<'a>(node: &'a Route, id: &str) -> Option<&'a Route> {
            (node.id == id)
                .then_some(node)
                .or_else(|| node.children.iter().find_map(|child| find(child, id)))
        }
        &find(&self.alarms.root, route).unwrap_or(&self.alarms.root).terms
    }

    /// The groups that an alarm with these labels belongs to, but for those told to nobody.
    fn groups(&self, labels: &Labels) -> BTreeSet<GroupKey> {
        let routes = self.alarms.root.find(labels).into_iter();
        let told = routes.filter(|route| !route.terms.tell_nobody());
        told.map(|route| GroupKey::of(&route.id, &route.terms.group_by, labels)).collect()
    }
}

/// Tags as they were read, and when.
#[derive(Debug, Clone)]
struct TagsRead {
    tags: BTreeMap<String, String>,
    at: Timestamp,
}

#[derive(Debug)]
struct Held {
    rules: Arc<Rules>,
    tags: BTreeMap<String, TagsRead>,
}

/// The router: whose alarms it takes, and what a process remembers between invocations.
#[derive(Debug)]
pub struct Router {
    home: Home,
    held: Mutex<Held>,
}

/// What became of an invocation.
#[derive(Debug, Clone, PartialEq)]
pub struct Outcome {
    /// The answer: for SQS the records that are to come again.
    pub answer: Value,
    /// What was done, for the log.
    pub record: RunRecord,
    /// Why the invocation is to fail, so that it is tried again; everything else was done.
    pub error: Option<String>,
}

impl Router {
    /// A router that starts with the template's seed policy.
    ///
    /// # Errors
    /// Every fault of the document.
    pub fn new(home: Home, seed_document: &str) -> Result<Self, PolicyFaults> {
        let rules = Arc::new(Rules::parse(seed_document, None)?);
        Ok(Self { home, held: Mutex::new(Held { rules, tags: BTreeMap::new() }) })
    }

    /// Serves one event.
    pub async fn serve<W: RouterWorld>(&self, world: &W, event: &Value) -> Outcome {
        let now = world.now();
        let (rules, fault) = self.rules(world).await;
        let mut session = Session::new(self, world, rules);
        session.record.notes.extend(fault);
        match decode(event, &self.home, now) {
            Wake::Tick => {
                session.record.signal = "tick".to_owned();
                session.tick().await;
                session.finish(None)
            }
            Wake::Records(records) => {
                session.record.signal = "alarms".to_owned();
                let queued = records.iter().any(|r| r.message_id.is_some());
                let again = session.batch(records).await;
                session.finish(queued.then_some(again))
            }
        }
    }

    /// The newest stored document that is valid, else the last one that was.
    async fn rules<W: RouterWorld>(&self, world: &W) -> (Arc<Rules>, Option<String>) {
        let last = Arc::clone(&self.lock().rules);
        let stored = match world.policies().await {
            Ok(stored) => stored,
            Err(error) => return (last, Some(format!("the policies could not be read: {error}"))),
        };
        let mut fault = None;
        for candidate in stored {
            if last.version == Some(candidate.version) {
                return (last, fault);
            }
            match Rules::parse(&candidate.document, Some(candidate.version)) {
                Ok(rules) => {
                    let rules = Arc::new(rules);
                    self.lock().rules = Arc::clone(&rules);
                    return (rules, fault);
                }
                Err(error) => {
                    let text = format!("policy version {}: {error}", candidate.version);
                    fault.get_or_insert(text);
                }
            }
        }
        (last, fault)
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Held> {
        self.held.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// One invocation.
struct Session<'a, W> {
    router: &'a Router,
    world: &'a W,
    rules: Arc<Rules>,
    token: LeaseToken,
    now: Timestamp,
    record: RunRecord,
    silences: Vec<Muting>,
    entries: BTreeMap<GroupId, GroupEntry>,
    /// What the firing alarms of each group explain.
    explained: BTreeMap<GroupId, BTreeSet<String>>,
    ledgers: BTreeMap<String, Vec<LedgerEntry>>,
    tag_reads: usize,
    stamps: u32,
}

impl<'a, W: RouterWorld> Session<'a, W> {
    fn new(router: &'a Router, world: &'a W, rules: Arc<Rules>) -> Self {
        Self {
            router,
            world,
            token: world.token(),
            now: world.now(),
            record: RunRecord::new(world.now(), rules.version),
            rules,
            silences: Vec::new(),
            entries: BTreeMap::new(),
            explained: BTreeMap::new(),
            ledgers: BTreeMap::new(),
            tag_reads: TAG_READS,
            stamps: 0,
        }
    }

    /// Records a batch, then looks at its groups and at those that are due. The ids of the
    /// messages that are to come again.
    async fn batch(&mut self, records: Vec<Record>) -> BTreeSet<String> {
        let mut arrivals = Vec::new();
        for Record { message_id, content } in records {
            self.record.received += 1;
            match content {
                Content::Alarm(event) => {
                    arrivals.push(record::Arrival { message_id, event: *event })
                }
                Content::Foreign(why) => {
                    self.record.foreign += 1;
                    self.record.notes.push(why);
                }
            }
        }
        for arrival in &mut arrivals {
            self.read_tags(&mut arrival.event).await;
        }
        let taken = match self.read_list().await {
            Ok(()) => self.take_in(&arrivals, record::Zeal::Batch).await,
            Err(error) => Err(error),
        };
        match taken {
            Ok(taken) => {
                self.flush(taken.touched).await;
                taken.again
            }
            Err(error) => {
                self.record.notes.push(format!("told without the table: {error}"));
                self.tell_blindly(&arrivals).await
            }
        }
    }

    async fn tick(&mut self) {
        self.tag_reads = TAG_READS_OF_A_TICK;
        let touched = self.reconcile().await;
        self.flush(touched).await;
    }

    /// Gives an alarm its tags: remembered, or read while there are reads left.
    async fn read_tags(&mut self, event: &mut AlarmEvent) {
        // A name that had to be cut is none that AWS knows.
        let is_whole = event.id.arn.ends_with(&event.id.name);
        if event.tags.is_some() || event.kind == Kind::Unclassified || !is_whole {
            return;
        }
        let known = self.router.lock().tags.get(&event.id.arn).cloned();
        if let Some(read) = known
            && self.now.duration_since(read.at) < TAGS_LIFE
        {
            event.tags = Some(read.tags);
            return;
        }
        if self.tag_reads == 0 || self.world.time_left() < TIME_TO_START {
            return;
        }
        self.tag_reads -= 1;
        match self.world.tags(&event.id.arn).await {
            Ok(tags) => {
                self.remember_tags(&event.id.arn, &tags);
                event.tags = Some(tags);
            }
            Err(error) => {
                // One refusal is enough: the name's suffix does for the rest of this run.
                self.tag_reads = 0;
                self.record.notes.push(format!("tags could not be read: {error}"));
            }
        }
    }

    /// A mark that no other write has.
    fn stamp(&mut self) -> String {
        self.stamps += 1;
        format!("{}-{}", self.token.0, self.stamps)
    }

    fn remember_tags(&self, arn: &str, tags: &BTreeMap<String, String>) {
        let kept = &mut self.router.lock().tags;
        if kept.len() >= TAGS_KEPT {
            kept.clear();
        }
        kept.insert(arn.to_owned(), TagsRead { tags: tags.clone(), at: self.now });
    }

    fn finish(mut self, again: Option<BTreeSet<String>>) -> Outcome {
        let more = self.record.notes.len().saturating_sub(NOTES);
        self.record.notes.truncate(NOTES);
        if more > 0 {
            self.record.notes.push(format!("and {more} more notes"));
        }
        let answer = match again {
            Some(again) => {
                self.record.returned = u32::try_from(again.len()).unwrap_or(u32::MAX);
                let failures = again.iter().map(|id| json!({ "itemIdentifier": id }));
                json!({ "batchItemFailures": failures.collect::<Vec<_>>() })
            }
            None => serde_json::to_value(&self.record).unwrap_or_default(),
        };
        let errors = &self.record.errors;
        let error = (!errors.is_empty()).then(|| errors.join("; "));
        Outcome { answer, record: self.record, error }
    }
}
