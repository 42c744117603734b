//! Three regions, each with two processes of an application and one of the function, and what is
//! going on in them.

use crate::law::Broken;
use crate::site::Site;
use crate::task::{Ask, Hands, Task};
use crate::truth::{Story, Truth};
use crate::wrong::Wrong;
use crate::{REGIONS, region, start};
use jiff::{SignedDuration, Timestamp};
use std::collections::{BTreeMap, BTreeSet};
use std::num::NonZeroU16;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64};
use tidegate_domain::sessions::part::{SessionKey, SessionPart};
use tidegate_domain::sessions::store::{SessionStore, StoreConfig};
use tidegate_domain::sessions::sync::SessionSync;
use tidegate_fakes::sessions::{
    Answer, CacheTwin, EpochTwin, GlobalTable, Item, Mapping, MappingSettings, Stage,
};
use tidegate_histories::dice::Dice;
use tidegate_histories::tally::Tally;

/// Shards of a stream.
pub const SHARDS: usize = 2;
/// Longer than any replication takes.
pub const ARRIVED: SignedDuration = SignedDuration::from_secs(10);

/// One region.
pub struct Region {
    /// What its processes see; by the function's clock.
    pub site: Site,
    /// The application's processes, with how far their clocks are ahead.
    pub stores: Vec<(Arc<SessionStore>, SignedDuration)>,
    /// The function's process.
    pub sync: Arc<SessionSync>,
    /// The stream's mapping.
    pub mapping: Mapping,
    /// Records that the function was done with, at least once.
    pub seen: BTreeSet<String>,
    /// When the function was done with a tombstone of a session, first.
    pub served: BTreeMap<SessionKey, Timestamp>,
}

/// How time passes in a history.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Pace {
    /// Mostly milliseconds and seconds: things that meet.
    Seconds,
    /// Mostly hours and days: things that run out.
    Days,
}

/// See the module.
pub struct World {
    /// Time and troubles.
    pub stage: Stage,
    /// The table.
    pub table: GlobalTable,
    /// The regions.
    pub regions: Vec<Region>,
    /// What is going on.
    pub tasks: Vec<Task>,
    /// What was acknowledged.
    pub truth: Truth,
    /// How often each kind of thing happened.
    pub tally: Tally,
    /// How time passes in it.
    pub pace: Pace,
    /// Since when each pair of regions is cut off from each other.
    pub cut: BTreeMap<(usize, usize), Timestamp>,
    /// The longest of them.
    pub longest_cut: SignedDuration,
    /// What happened, if somebody wants to read it.
    pub log: Option<Vec<String>>,
    /// The first law that was broken.
    pub broken: Option<Broken>,
}

impl World {
    /// An empty world whose clocks and settings the dice choose.
    pub fn new(dice: &mut Dice, wrong: Option<Wrong>) -> Self {
        let stage = Stage::at(start());
        stage.interleave();
        let names: Vec<_> = (0..REGIONS.len()).map(region).collect();
        let table = GlobalTable::new(&stage, &names);
        table.set_shards(SHARDS);
        let rolls = Arc::new(AtomicU64::new(u64::from(dice.below(1 << 30)) << 20));
        let regions = (0..REGIONS.len()).map(|number| {
            let name = region(number);
            let site = Site {
                stage: stage.clone(),
                table: table.clone(),
                replica: table.replica(&name),
                cache: CacheTwin::new(&stage, &name),
                epoch: EpochTwin::new(&stage, &name),
                skew: skew(dice),
                cacheless: false,
                asked: Arc::new(AtomicBool::new(false)),
                wrong,
                rolls: Arc::clone(&rolls),
            };
            let sync = Arc::new(SessionSync::new(name.clone()));
            let mapping = Mapping::new(&table, &name, settings(dice));
            let stores = (0..2).map(|_| (Arc::new(store(number)), skew(dice))).collect();
            Region { site, stores, sync, mapping, seen: BTreeSet::new(), served: BTreeMap::new() }
        });
        let regions = regions.collect();
        Self {
            stage,
            table,
            regions,
            tasks: Vec::new(),
            truth: Truth::default(),
            tally: Tally::default(),
            pace: if dice.below(5) < 2 { Pace::Days } else { Pace::Seconds },
            cut: BTreeMap::new(),
            longest_cut: SignedDuration::ZERO,
            log: None,
            broken: None,
        }
    }

    /// Counts something, and notes it.
    pub fn note(&mut self, what: &'static str, more: impl FnOnce() -> String) {
        self.tally.add(what.to_owned(), 1);
        if let Some(log) = &mut self.log {
            log.push(format!("{} {what} {}", self.stage.now(), more()));
        }
    }

    /// A law was broken.
    pub fn breaks(&mut self, law: &'static str, how: String) {
        if let Some(log) = &mut self.log {
            log.push(format!("{} BROKEN {law}: {how}", self.stage.now()));
        }
        self.broken.get_or_insert(Broken { law, how });
    }

    /// The parts of a session in a region's replica.
    pub fn parts(&self, number: usize, key: &SessionKey) -> Vec<SessionPart> {
        let items = self.table.items(&region(number)).into_iter();
        let parts = items.filter_map(|(_, item)| match item {
            Item::Part(part) => Some(part),
            _ => None,
        });
        parts.filter(|part| part.key == *key).collect()
    }

    /// Somebody asks a region for something.
    pub fn begin(&mut self, number: usize, process: usize, ask: Ask) {
        let Some(region) = self.regions.get(number) else { return };
        let Some((store, skew)) = region.stores.get(process) else { return };
        let is_function = matches!(ask, Ask::Serve(_) | Ask::Tick);
        let skew = if is_function { region.site.skew } else { *skew };
        let site = Site { skew, ..region.site.clone() };
        let hands = Hands { store: Arc::clone(store), sync: Arc::clone(&region.sync) };
        self.start(number, ask, hands, site);
    }

    /// A process whose clock is far ahead, and that does not reach the cache, is asked.
    pub fn begin_ahead(&mut self, number: usize, ask: Ask, ahead: SignedDuration) {
        let Some(region) = self.regions.get(number) else { return };
        let site = Site { skew: ahead, cacheless: true, ..region.site.clone() };
        let hands = Hands { store: Arc::new(store(number)), sync: Arc::clone(&region.sync) };
        self.start(number, ask, hands, site);
    }

    fn start(&mut self, number: usize, ask: Ask, hands: Hands, site: Site) {
        self.note(ask.name(), || format!("begins in {number}: {ask}"));
        self.expect(number, &ask);
        let mut task = Task::new(number, ask, hands, site);
        if let Ask::Update(key, ..) = &task.ask {
            task.before = self.truth.sessions.get(key).and_then(|story| story.newest_of(number));
        }
        self.tasks.push(task);
    }

    /// What is tried from now on.
    fn expect(&mut self, number: usize, ask: &Ask) {
        match ask {
            Ask::Create(key, fields, life) => {
                let whole = Timestamp::from_second(life.not_after.as_second());
                let story = Story::new(whole.unwrap_or(life.not_after));
                let story = self.truth.sessions.entry(key.clone()).or_insert(story);
                let changes = fields.iter().map(|(n, v)| (n.clone(), Some(v.clone())));
                story.tries(&changes.collect());
            }
            Ask::Update(key, changes, _) => {
                if let Some(story) = self.truth.sessions.get_mut(key) {
                    story.tries(changes);
                }
            }
            Ask::End(key) => {
                if let Some(story) = self.truth.sessions.get_mut(key) {
                    story.end_tried = true;
                }
            }
            Ask::Add(_, member, delta) => {
                let counted = self.truth.scores.entry((member.clone(), number)).or_default();
                counted.unsure.push(*delta);
            }
            _ => {}
        }
    }

    /// One step of something that is going on.
    pub fn poll(&mut self, index: usize) {
        let Some(task) = self.tasks.get_mut(index) else { return };
        if let Some(outcome) = task.poll() {
            let task = self.tasks.swap_remove(index);
            self.finish(task, outcome);
        }
    }

    /// Everything that Lambda or an application waits for comes to its end.
    pub fn finish_tasks(&mut self) {
        while let Some(index) = self.tasks.iter().position(|task| !task.is_zombie) {
            self.poll(index);
        }
    }

    /// Whoever reads a session and has begun last; one too far if nobody does.
    pub fn reader(&self) -> usize {
        let reads = |task: &Task| matches!(task.ask, Ask::Get(_));
        self.tasks.iter().rposition(reads).unwrap_or(self.tasks.len())
    }

    /// A process dies in the middle.
    pub fn crash(&mut self, index: usize) {
        if index >= self.tasks.len() {
            return;
        }
        let task = self.tasks.swap_remove(index);
        self.note("crash", || task.ask.to_string());
        if task.is_awaited_batch()
            && let (Ask::Serve(batch), Some(region)) =
                (&task.ask, self.regions.get_mut(task.region))
        {
            region.mapping.settle(batch.shard, &Answer::Failed);
            region.sync = Arc::new(SessionSync::new(region.site.replica.region().clone()));
        }
    }

    /// Lambda gives an invocation up; its process goes on some day.
    pub fn give_up(&mut self, index: usize) {
        let Some(task) = self.tasks.get_mut(index).filter(|task| task.is_awaited_batch()) else {
            return;
        };
        task.is_zombie = true;
        if let (Ask::Serve(batch), Some(region)) = (&task.ask, self.regions.get_mut(task.region)) {
            region.mapping.settle(batch.shard, &Answer::Failed);
            region.sync = Arc::new(SessionSync::new(region.site.replica.region().clone()));
        }
        self.note("zombie", String::new);
    }

    /// Lambda invokes the function of a region with what a shard has, if it has anything.
    pub fn invoke(&mut self, number: usize, shard: usize) -> bool {
        let batch = self.regions.get_mut(number).and_then(|region| region.mapping.take(shard));
        let there = batch.is_some();
        if let Some(batch) = batch {
            self.begin(number, 0, Ask::Serve(batch));
        }
        there
    }

    /// The functions catch up with their streams.
    pub fn catch_up(&mut self) {
        self.finish_tasks();
        for number in 0..self.regions.len() {
            for shard in 0..SHARDS {
                while self.invoke(number, shard) {
                    self.finish_tasks();
                }
            }
        }
    }

    /// Time passes. What takes longer than anybody waits is over then, and the functions go on as
    /// they do; no partition is longer than this world admits.
    pub fn pass(&mut self, time: SignedDuration) {
        let then = self.stage.now() + time;
        if self.cut.values().any(|since| then.duration_since(*since) > self.longest_cut) {
            self.mend();
        }
        if time <= ARRIVED {
            self.stage.advance(time);
            return;
        }
        self.finish_tasks();
        self.stage.advance(ARRIVED);
        self.catch_up();
        self.stage.advance(time - ARRIVED);
        self.catch_up();
    }

    /// Every partition is over.
    pub fn mend(&mut self) {
        self.cut.clear();
        self.table.mend();
        self.note("heal", String::new);
    }
}

/// The store of one process in a region.
pub fn store(number: usize) -> SessionStore {
    SessionStore::new(StoreConfig { region: region(number), shards: NonZeroU16::MIN })
}

/// Two clocks of a region are less than two seconds apart.
fn skew(dice: &mut Dice) -> SignedDuration {
    SignedDuration::from_millis(i64::from(dice.below(1_900)) - 950)
}

fn settings(dice: &mut Dice) -> MappingSettings {
    use tidegate_fakes::sessions::FirstFailed::{Halves, Whole};
    let first_failed = if dice.below(2) == 0 { Halves } else { Whole };
    let batch_size = usize::try_from(dice.number(1, 6)).unwrap_or(1);
    MappingSettings { batch_size, bisect: dice.below(4) > 0, first_failed, ..Default::default() }
}
