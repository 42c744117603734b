//! The function behind Lambda's stream mapping: poison records, the lag that it tells, and the age
//! that rises in a partition.

#![expect(clippy::unwrap_used, reason = "a scene that cannot be played fails the proof")]

use jiff::{SignedDuration, Timestamp};
use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64};
use tidegate_domain::sessions::lag::order_statistics;
use tidegate_domain::sessions::part::{Field, FieldValue, PartId, SessionPart};
use tidegate_domain::sessions::ports::{PartTable, Put};
use tidegate_domain::sessions::stamp::{RegionName, Stamp};
use tidegate_domain::sessions::sync::SessionSync;
use tidegate_fakes::block_on;
use tidegate_fakes::sessions::{
    Address, Answer, CacheTwin, EpochTwin, FirstFailed, GlobalTable, Item, Mapping,
    MappingSettings, Partition, Sort, Stage,
};
use tidegate_session_proofs::site::Site;
use tidegate_session_proofs::{field, key, region, start};

/// From where the records come.
const THERE: usize = 0;
/// Where the function runs.
const HERE: usize = 1;

struct Scene {
    stage: Stage,
    table: GlobalTable,
    cache: CacheTwin,
    sync: SessionSync,
    mapping: Mapping,
    /// The newest part of each session, as it was written.
    written: BTreeMap<u64, SessionPart>,
}

fn secs(secs: i64) -> SignedDuration {
    SignedDuration::from_secs(secs)
}

impl Scene {
    fn new(settings: MappingSettings) -> Self {
        let stage = Stage::at(start());
        let table = GlobalTable::new(&stage, &[region(THERE), region(HERE)]);
        let cache = CacheTwin::new(&stage, &region(HERE));
        let mapping = Mapping::new(&table, &region(HERE), settings);
        let (sync, written) = (SessionSync::new(region(HERE)), BTreeMap::new());
        Self { stage, table, cache, sync, mapping, written }
    }

    fn site(&self, number: usize) -> Site {
        let name = region(number);
        Site {
            stage: self.stage.clone(),
            table: self.table.clone(),
            replica: self.table.replica(&name),
            cache: self.cache.clone(),
            epoch: EpochTwin::new(&self.stage, &name),
            skew: SignedDuration::ZERO,
            cacheless: false,
            asked: Arc::new(AtomicBool::new(false)),
            wrong: None,
            rolls: Arc::new(AtomicU64::new(0)),
        }
    }

    /// The other region writes a session.
    fn write(&mut self, number: u64) {
        let seen = self.written.get(&number).map(|part| part.written.clone());
        let written = Stamp::next(self.stage.now(), seen.as_ref(), &region(THERE));
        let value = Some(FieldValue::new(written.to_string()));
        let part = SessionPart {
            key: key(number),
            id: PartId { region: region(THERE), generation: 0 },
            fields: BTreeMap::from([(field(0), Field { at: written.clone(), value })]),
            ended: None,
            not_after: whole(start()) + secs(86_400),
            live_until: whole(start()) + secs(3_600),
            writer: written.to_string(),
            written,
        };
        let put = self.site(THERE).put_part_now(&part, seen.as_ref());
        assert_eq!(put, Put::Written);
        self.written.insert(number, part);
    }

    /// Something that cannot be read comes into a session.
    fn poison(&self, number: u64) {
        let newer = RegionName::new("eu-north-1").unwrap();
        let address = Address {
            partition: Partition::Session(key(number)),
            sort: Sort::Part(PartId { region: newer, generation: 0 }),
        };
        let item = Item::Odd { why: "v is 2".to_owned(), expires: None };
        self.table.plant(&region(THERE), &address, item).unwrap();
    }

    /// One invocation, if there is anything for it: its lags.
    fn invoke(&mut self) -> Option<Vec<u64>> {
        let batch = self.mapping.take(0)?;
        let records = batch.records.iter().map(|record| record.read()).collect();
        let report = block_on(self.sync.serve(&self.site(HERE), records));
        self.mapping.settle(0, &Answer::Reported(report.failed));
        Some(report.lag_ms.get(&region(THERE)).cloned().unwrap_or_default())
    }

    /// What the cache has of a session of the other region.
    fn held(&self, number: u64) -> Option<SessionPart> {
        let (parts, _) = self.cache.peek(&key(number))?;
        parts.into_iter().find(|part| part.id.region == region(THERE))
    }
}

fn whole(at: Timestamp) -> Timestamp {
    Timestamp::from_second(at.as_second()).unwrap()
}

trait PutNow {
    fn put_part_now(&self, part: &SessionPart, seen: Option<&Stamp>) -> Put;
}

impl PutNow for Site {
    fn put_part_now(&self, part: &SessionPart, seen: Option<&Stamp>) -> Put {
        block_on(self.put_part(part, seen)).unwrap()
    }
}

/// Eight records of three sessions, one of them poison, then the shard's next batch.
fn poisoned(position: usize, settings: &MappingSettings) -> Scene {
    let mut scene = Scene::new(settings.clone());
    for place in 0..8 {
        scene.stage.advance(SignedDuration::from_millis(1));
        if place == position { scene.poison(1) } else { scene.write(place as u64 % 3) }
    }
    scene.write(9);
    scene
}

#[test]
fn a_poison_record_fails_alone_wherever_it_stands() {
    let mut invocations = Vec::new();
    for first_failed in [FirstFailed::Halves, FirstFailed::Whole] {
        for bisect in [true, false] {
            for position in 0..8 {
                let base = MappingSettings { first_failed, bisect, ..Default::default() };
                let settings = MappingSettings { batch_size: 8, ..base };
                let mut scene = poisoned(position, &settings);
                let case = format!("{position}, bisect {bisect}, {first_failed:?}");
                let mut stood: BTreeMap<u64, Stamp> = BTreeMap::new();
                let mut count = 0;
                while scene.invoke().is_some() {
                    count += 1;
                    for number in [0, 1, 2] {
                        let Some(part) = scene.held(number) else { continue };
                        let before = stood.insert(number, part.written.clone());
                        assert!(before <= Some(part.written), "{case}: {number} went back");
                    }
                    let all = [0, 1, 2].map(|number| scene.held(number));
                    let newest = [0, 1, 2].map(|number| scene.written.get(&number).cloned());
                    assert_eq!(all, newest, "{case}: all others in the first invocation");
                    assert!(count < 100, "{case}: the shard stands still");
                }
                assert_eq!(scene.held(9).as_ref(), scene.written.get(&9), "{case}: it goes on");
                let discarded = scene.mapping.discarded();
                assert_eq!(discarded.len(), 1, "{case}: on-failure gets one");
                let poison = scene.table.records(&region(HERE), 0, position, 1)[0].sequence.clone();
                assert!(discarded[0].first <= poison && poison <= discarded[0].last, "{case}");
                if first_failed == FirstFailed::Halves && bisect {
                    assert_eq!(discarded[0].count, 1, "{case}: the poison alone");
                }
                assert!(scene.mapping.is_idle(), "{case}");
                invocations.push(count);
            }
        }
    }
    invocations.sort_unstable();
    println!("{} cases, at most {} invocations", invocations.len(), invocations.last().unwrap());
}

#[test]
fn two_poison_records_are_given_up_one_by_one() {
    for first in 0..7 {
        for second in first + 1..8 {
            let settings = MappingSettings { batch_size: 8, ..Default::default() };
            let mut scene = Scene::new(settings);
            for place in 0..8_u64 {
                match usize::try_from(place).unwrap() {
                    place if place == first => scene.poison(1),
                    place if place == second => scene.poison(2),
                    _ => scene.write(place % 3),
                }
            }
            while scene.invoke().is_some() {}
            let counts: Vec<_> = scene.mapping.discarded().iter().map(|d| d.count).collect();
            assert_eq!(counts, [1, 1], "{first} and {second}");
            for (number, part) in &scene.written {
                assert_eq!(scene.held(*number).as_ref(), Some(part), "{first} and {second}");
            }
        }
    }
}

/// Writes of `minutes`, one each 200 ms, with a delay of five seconds; the lags that the function
/// tells when Lambda looks at the stream every `poll_ms`.
fn lags(minutes: i64, poll_ms: i64) -> Vec<u64> {
    let mut scene = Scene::new(MappingSettings::default());
    scene.table.set_delay(&region(THERE), &region(HERE), secs(5));
    let mut lags = Vec::new();
    for ms in (0..minutes * 60_000).step_by(50) {
        scene.stage.advance(SignedDuration::from_millis(50));
        if ms % 200 == 0 {
            scene.write(u64::try_from(ms / 200 % 50).unwrap());
        }
        if ms % poll_ms == 0 {
            lags.extend(scene.invoke().unwrap_or_default());
        }
    }
    order_statistics(lags)
}

#[test]
fn the_lag_of_a_delay_of_five_seconds_is_told() {
    // Lambda looks at a stream four times a second.
    let lags = lags(2, 250);
    let median = lags[lags.len() / 2];
    println!("a delay of 5,000 ms: p50 {median} ms of {} values", lags.len());
    assert!((4_500..=5_500).contains(&median), "{median}");
    assert!(lags.iter().all(|lag| (5_000..=5_300).contains(lag)), "{lags:?}");
}

/// Ages of the other region's beat as the function tells them, one each `every` seconds: for ten
/// minutes, with a partition of 30 s after five and so many seconds. Our region ticks `later` than
/// the other one.
fn ages(every: i64, later: i64, cut_after: i64) -> Vec<(i64, u64)> {
    let scene = Scene::new(MappingSettings::default());
    scene.table.set_delay(&region(THERE), &region(HERE), secs(1));
    let there = SessionSync::new(region(THERE));
    let mut ages = Vec::new();
    for second in 0..600 {
        scene.stage.advance(secs(1));
        if second == 300 + cut_after {
            scene.table.partition(&region(THERE), &region(HERE));
        }
        if second == 330 + cut_after {
            scene.table.mend();
        }
        if second % every == 0 {
            block_on(there.tick(&scene.site(THERE)));
        }
        if second % every == later {
            let report = block_on(scene.sync.tick(&scene.site(HERE)));
            ages.extend(report.age_ms.get(&region(THERE)).map(|age| (second, *age)));
        }
    }
    ages
}

/// The alarm's condition: the largest age of a minute is at least this, in seconds.
const LATE: u64 = 20;

#[test]
fn a_partition_of_thirty_seconds_raises_the_age_above_the_alarms_threshold() {
    let (mut largest, mut smallest) = (0, u64::MAX);
    for (cut_after, later) in (0..10).flat_map(|cut| (0..10).map(move |later| (cut, later))) {
        let ages = ages(10, later, cut_after);
        let (cut, calm): (Vec<_>, Vec<_>) =
            ages.iter().partition(|(second, _)| (300..345).contains(second));
        let most = |ages: &[&(i64, u64)]| ages.iter().map(|(_, age)| *age).max().unwrap_or(0);
        let (cut, calm) = (most(&cut), most(&calm));
        assert!(cut >= LATE * 1_000, "cut after {cut_after} s, {later} s later: {cut} ms");
        assert!(calm < LATE * 1_000, "in peace, {later} s later: {calm} ms");
        (largest, smallest) = (largest.max(calm), smallest.min(cut));
    }
    println!("a beat each 10 s: at most {largest} ms in peace, {smallest} ms and more in a cut");
}

/// Why a beat each minute is not enough: its age in peace is larger than a partition of 30 s makes
/// one of 10 s.
#[test]
fn with_a_beat_each_minute_the_threshold_says_nothing() {
    let ages = ages(60, 40, 5);
    assert!(ages.iter().any(|(second, age)| *second < 300 && *age >= LATE * 1_000));
}
