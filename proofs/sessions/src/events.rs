//! What can happen in a history, by the dice.

use crate::expiry::{expire, expiry, keep_alive};
use crate::task::Ask;
use crate::world::{Pace, SHARDS, World};
use crate::{field, key, region, word};
use jiff::{SignedDuration, Timestamp};
use tidegate_domain::sessions::part::{FieldValue, PartId, SessionKey};
use tidegate_domain::sessions::store::{Changes, Life};
use tidegate_fakes::Fault;
use tidegate_fakes::sessions::{Address, CacheTwin, Item, Partition, SessionAt, SessionCall, Sort};
use tidegate_histories::dice::Dice;

/// A clock that is wrong is at most this far ahead.
pub const FAR_AHEAD: SignedDuration = SignedDuration::from_mins(20);
/// Sessions of one history.
const SESSIONS: u32 = 2;
/// Troubles of one history that are injected into calls: fewer than Lambda's retries.
const TROUBLES: u64 = 4;

/// One thing happens.
pub fn happen(world: &mut World, dice: &mut Dice) {
    match (world.pace, dice.below(100)) {
        (Pace::Seconds, 0..33) | (Pace::Days, 0..28) => request(world, dice),
        (Pace::Seconds, 33..42) | (Pace::Days, 28..34) => meeting(world, dice),
        (Pace::Seconds, 42..54) | (Pace::Days, 34..38) => {
            world.invoke(some_region(dice), some(dice, SHARDS));
        }
        (Pace::Seconds, 54..68) | (Pace::Days, 38..52) => time(world, dice),
        (Pace::Days, 52..66) => keep_alive(world, dice),
        (Pace::Seconds, 68..74) | (Pace::Days, 66..75) => network(world, dice),
        (Pace::Seconds, 74..78) | (Pace::Days, 75..88) => expiry(world, dice),
        (Pace::Seconds, 78..88) | (Pace::Days, 88..93) => cache(world, dice),
        (_, 78..93) => trouble(world, dice),
        (_, 93..98) => death(world, dice),
        (_, 98) if dice.below(3) == 0 => plant(world, dice),
        _ => world.begin(some_region(dice), 0, Ask::Tick),
    }
}

pub(crate) fn some(dice: &mut Dice, count: usize) -> usize {
    let count = u32::try_from(count).unwrap_or(u32::MAX);
    usize::try_from(dice.below(count)).unwrap_or(0)
}

pub(crate) fn some_region(dice: &mut Dice) -> usize {
    some(dice, crate::REGIONS.len())
}

pub(crate) fn secs(secs: i64) -> SignedDuration {
    SignedDuration::from_secs(secs)
}

/// The idle time of a session: the same wherever it is used.
pub(crate) fn idle(key: &SessionKey) -> SignedDuration {
    match key.as_str().as_bytes().last() {
        Some(b'0') => secs(60),
        Some(b'1') => secs(20 * 60),
        Some(b'2') => secs(2 * 3_600),
        Some(b'3' | b'4') => secs(30 * 3_600),
        Some(b'5') => secs(20 * 3_600),
        _ => secs(50 * 3_600),
    }
}

fn request(world: &mut World, dice: &mut Dice) {
    let (number, process) = (some_region(dice), some(dice, 2));
    let made = u32::try_from(world.truth.sessions.len()).unwrap_or(0);
    if made == 0 || (made < SESSIONS && dice.below(8) == 0) {
        let ask = creation(world, dice);
        return world.begin(number, process, ask);
    }
    let keys: Vec<SessionKey> = world.truth.sessions.keys().cloned().collect();
    let Some(key) = keys.get(some(dice, keys.len())).cloned() else { return };
    let idle = idle(&key);
    let ask = match dice.below(40) {
        0..14 => Ask::Update(key, changes(world, dice), idle),
        14..19 => Ask::Touch(key, idle),
        19..20 => Ask::End(key),
        20..31 => Ask::Get(key),
        31..37 => Ask::Add(
            word("b"),
            word(if dice.below(2) == 0 { "kim" } else { "lee" }),
            delta(world, dice),
        ),
        37..39 => Ask::Rank(word("b")),
        _ => {
            world.note("far ahead", String::new);
            let ahead = secs(i64::from(dice.number(301, 1_100)));
            let ask = match dice.below(3) {
                0 => Ask::End(key),
                _ => Ask::Update(key, changes(world, dice), idle),
            };
            return world.begin_ahead(number, ask, ahead);
        }
    };
    world.begin(number, process, ask);
}

/// Things meet: while somebody reads a session, others write it, records arrive, its entry goes,
/// parts of it run out.
fn meeting(world: &mut World, dice: &mut Dice) {
    let keys: Vec<SessionKey> = world.truth.sessions.keys().cloned().collect();
    let Some(key) = keys.get(some(dice, keys.len())).cloned() else { return };
    let number = some_region(dice);
    world.finish_tasks();
    world.begin(number, some(dice, 2), Ask::Get(key.clone()));
    for _ in 0..dice.number(1, 5) {
        world.poll(world.reader());
    }
    for _ in 0..dice.number(1, 3) {
        interfere(world, dice, (number, &key));
    }
    world.note("meeting", String::new);
}

fn interfere(world: &mut World, dice: &mut Dice, (number, key): (usize, &SessionKey)) {
    let reader = world.reader();
    let waits = (reader < world.tasks.len()).then(|| world.tasks.swap_remove(reader));
    match dice.below(8) {
        0..3 => {
            let ask = match dice.below(8) {
                0 => Ask::End(key.clone()),
                _ => Ask::Update(key.clone(), changes(world, dice), idle(key)),
            };
            let there = if dice.below(2) == 0 { number } else { some_region(dice) };
            world.begin(there, some(dice, 2), ask);
            world.finish_tasks();
            world.stage.advance(secs(i64::from(dice.below(9))));
            world.catch_up();
        }
        3..5 => {
            let region = world.regions.get(number);
            if region.is_some_and(|region| region.site.cache.evict(key)) {
                world.note("eviction", String::new);
            }
        }
        5..7 => {
            expire(world, number, |address| address.partition == Partition::Session(key.clone()));
            world.catch_up();
        }
        _ => cache(world, dice),
    }
    world.tasks.extend(waits);
}

fn creation(world: &World, dice: &mut Dice) -> Ask {
    let (first, lives) = match world.pace {
        Pace::Seconds => (0, [600, 7_200, 86_400, 4 * 86_400]),
        Pace::Days => (3, [4 * 86_400, 7 * 86_400, 9 * 86_400, 30 * 86_400]),
    };
    let key = key(u64::from(first + dice.below(4)) + 16 * world.truth.sessions.len() as u64);
    let longest = lives.get(some(dice, lives.len())).copied().unwrap_or(600);
    let not_after = world.stage.now() + secs(longest + i64::from(dice.below(100)));
    let fields = [(field(0), FieldValue::new("first"))].into();
    let life = Life { not_after, idle: idle(&key) };
    Ask::Create(key, fields, life)
}

/// One or two fields, each with a value that nobody else sets, or without.
fn changes(world: &World, dice: &mut Dice) -> Changes {
    let tried: usize = world.truth.sessions.values().map(|story| story.tried.len()).sum();
    let mut changes = Changes::new();
    for n in 0..dice.number(1, 2) {
        let value = FieldValue::new(format!("v{tried}-{n}"));
        changes.insert(field(dice.below(4)), (dice.below(6) > 0).then_some(value));
    }
    changes
}

/// No two sums of increments are the same.
fn delta(world: &World, dice: &mut Dice) -> i64 {
    let made = world.truth.scores.values().map(|c| c.unsure.len()).sum::<usize>();
    let size = 1_i64 << (u32::try_from(made).unwrap_or(0) % 20);
    let sign = if dice.below(5) == 0 { -1 } else { 1 };
    sign * (size * 1_000 + i64::from(dice.below(1_000)))
}

fn time(world: &mut World, dice: &mut Dice) {
    let time = match dice.below(20) {
        0..6 => SignedDuration::from_millis(i64::from(dice.number(1, 60))),
        6..10 => SignedDuration::from_millis(i64::from(dice.number(100, 3_000))),
        10..12 => secs(i64::from(dice.number(3, 10))),
        12..14 => secs(i64::from(dice.number(11, 1_200))),
        14..15 => secs(i64::from(dice.number(1_200, 20 * 3_600))),
        _ => until_something(world, dice),
    };
    if time > secs(10) {
        world.note("long time", || time.to_string());
    }
    world.pass(time);
}

/// Until just before or after something runs out, is to be renewed, or is over.
fn until_something(world: &World, dice: &mut Dice) -> SignedDuration {
    let now = world.stage.now();
    let items = world.table.items(&region(some_region(dice)));
    let times = items.iter().flat_map(|(_, item)| match item {
        Item::Part(part) => vec![
            part.live_until,
            part.expires_at(),
            part.expires_at() - SignedDuration::from_mins(10),
            part.not_after,
        ],
        _ => Vec::new(),
    });
    let times: Vec<Timestamp> = times.filter(|time| *time > now).collect();
    let Some(time) = times.get(some(dice, times.len())) else { return secs(1) };
    let time = time.duration_since(now) + secs(i64::from(dice.below(5)) - 2);
    // Mostly no further than two days; a tombstone stays for more than a week.
    let most = if dice.below(4) == 0 { 40 } else { 2 };
    time.clamp(SignedDuration::from_millis(1), secs(most * 86_400))
}

fn network(world: &mut World, dice: &mut Dice) {
    let (one, other) = (some_region(dice), some_region(dice));
    if one == other {
        return;
    }
    match dice.below(6) {
        0..3 => {
            let since = world.stage.now();
            world.cut.entry((one.min(other), one.max(other))).or_insert(since);
            world.table.partition(&region(one), &region(other));
            world.note("partition", || format!("{one} {other}"));
        }
        3..4 => world.mend(),
        _ => {
            let delay = SignedDuration::from_millis(i64::from(dice.below(8_000)));
            world.table.set_delay(&region(one), &region(other), delay);
            world.note("delay", || format!("{one} to {other}: {delay}"));
        }
    }
}

fn cache(world: &mut World, dice: &mut Dice) {
    let number = some_region(dice);
    let Some(cache) = world.regions.get(number).map(|region| region.site.cache.clone()) else {
        return;
    };
    match dice.below(16) {
        0..8 => evict(world, dice, &cache),
        8..9 => {
            cache.pause();
            world.note("cache pause", || number.to_string());
        }
        9..10 => {
            cache.pause_unread();
            world.note("cache pause unread", || number.to_string());
        }
        10..11 => {
            cache.kill();
            world.note("cache killed", || number.to_string());
        }
        11..14 => {
            cache.tear(u64::from(dice.below(16)));
            world.note("cache torn", || number.to_string());
        }
        _ => {
            cache.resume();
            world.note("cache resumes", || number.to_string());
        }
    }
}

fn evict(world: &mut World, dice: &mut Dice, cache: &CacheTwin) {
    let keys: Vec<SessionKey> = world.truth.sessions.keys().cloned().collect();
    let evicted = match keys.get(some(dice, keys.len() + 1)) {
        Some(key) => cache.evict(key),
        None => {
            let board = word("b");
            cache.evict_shard(&tidegate_domain::sessions::score::ShardKey { board, shard: 0 })
        }
    };
    if evicted {
        world.note("eviction", String::new);
    }
}

fn trouble(world: &mut World, dice: &mut Dice) {
    if world.tally.of("trouble") >= TROUBLES {
        return;
    }
    let calls = [
        SessionCall::Parts,
        SessionCall::PutPart,
        SessionCall::PutPart,
        SessionCall::Score,
        SessionCall::PutScore,
        SessionCall::PutScore,
        SessionCall::Epoch,
        SessionCall::Doubt,
        SessionCall::CacheApply,
        SessionCall::CacheApply,
        SessionCall::CacheRead,
        SessionCall::CacheFill,
    ];
    let call = calls.get(some(dice, calls.len())).copied().unwrap_or(SessionCall::PutPart);
    let fault = match dice.below(5) {
        0 => Fault::Throttled,
        1 => Fault::Unavailable,
        _ => Fault::LostAnswer,
    };
    let at = SessionAt::call(call).region(&region(some_region(dice))).nth(dice.number(1, 2));
    world.note("trouble", || format!("{call:?} {fault:?}"));
    if fault == Fault::LostAnswer {
        world.note("lost answer", String::new);
    }
    world.stage.inject(at, fault);
}

fn death(world: &mut World, dice: &mut Dice) {
    if dice.below(3) == 0 {
        return world.crash(some(dice, world.tasks.len()));
    }
    // An invocation is given up in the middle.
    world.invoke(some_region(dice), some(dice, SHARDS));
    let batch = |world: &World| world.tasks.iter().position(|task| task.is_awaited_batch());
    if let Some(index) = batch(world)
        && dice.below(2) == 0
    {
        world.poll(index);
    }
    if let Some(index) = batch(world) {
        world.give_up(index);
    }
}

/// An item that nobody of us can read: a region that runs a newer version has written it.
fn plant(world: &mut World, dice: &mut Dice) {
    let keys: Vec<SessionKey> = world.truth.sessions.keys().cloned().collect();
    let Some(key) = keys.get(some(dice, keys.len())) else { return };
    let newer = tidegate_domain::sessions::stamp::RegionName::new("eu-north-1").expect("a region");
    let id = PartId { region: newer, generation: dice.below(2) };
    let address = Address { partition: Partition::Session(key.clone()), sort: Sort::Part(id) };
    let item = Item::Odd { why: format!("v is {}", dice.below(9)), expires: None };
    let _ = world.table.plant(&region(some_region(dice)), &address, item);
    world.note("poison", String::new);
}
