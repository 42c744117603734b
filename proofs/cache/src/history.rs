//! A history: what happens to two sessions and a board in the table, and how the records of it
//! reach the cache: twice, late, in any order, in batches of several invocations at once.

use crate::scenes;
use jiff::Timestamp;
use std::collections::BTreeMap;
use tidegate_domain::sessions::part::{PartId, SessionKey, SessionPart};
use tidegate_domain::sessions::ports::CacheWrite;
use tidegate_domain::sessions::score::{ScorePart, ShardKey, totals};
use tidegate_domain::sessions::stamp::Stamp;
use tidegate_histories::dice::Dice;

/// Invocations at once.
pub const INVOCATIONS: usize = 3;

/// What stands in an item: its stamp, and what was written unless it was removed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Held<T> {
    /// The stamp of the write, or of what was removed.
    pub stamp: Stamp,
    /// What was written.
    pub written: Option<T>,
}

/// The table as its stream has told of it so far.
#[derive(Clone, Debug, Default)]
pub struct Table {
    /// Parts of sessions.
    pub parts: BTreeMap<(SessionKey, PartId), Held<SessionPart>>,
    /// Parts of scores by member and region.
    pub scores: BTreeMap<(String, String), Held<ScorePart>>,
}

impl Table {
    /// A session's parts.
    pub fn parts_of(&self, key: &SessionKey) -> Vec<SessionPart> {
        let own = self.parts.iter().filter(|((of, _), _)| of == key);
        own.filter_map(|(_, held)| held.written.clone()).collect()
    }

    /// The board's parts.
    pub fn scores(&self) -> Vec<ScorePart> {
        self.scores.values().filter_map(|held| held.written.clone()).collect()
    }

    /// The board, highest first.
    pub fn board(&self) -> Vec<(String, i64)> {
        let sums = totals(&self.scores());
        let mut board: Vec<_> = sums.into_iter().map(|(m, n)| (m.as_str().to_owned(), n)).collect();
        board.sort_by(|a, b| (b.1, &b.0).cmp(&(a.1, &a.0)));
        board
    }

    /// What is about to be told has happened, and everything before it.
    pub fn learn(&mut self, write: &CacheWrite) {
        match write {
            CacheWrite::Part(part) => {
                let place = (part.key.clone(), part.id.clone());
                newer(&mut self.parts, place, &part.written, Some((**part).clone()));
            }
            CacheWrite::PartGone { key, id, written } => {
                newer(&mut self.parts, (key.clone(), id.clone()), written, None);
            }
            CacheWrite::Score(score) => {
                let place = (score.member.as_str().to_owned(), score.region.to_string());
                newer(&mut self.scores, place, &score.written, Some(score.clone()));
            }
            CacheWrite::ScoreGone { member, region, written, .. } => {
                let place = (member.as_str().to_owned(), region.to_string());
                newer(&mut self.scores, place, written, None);
            }
            CacheWrite::Doubt(_) | CacheWrite::DoubtShard(_) => {}
        }
    }
}

/// A removal wins over what it removes.
fn newer<K: Ord, T>(held: &mut BTreeMap<K, Held<T>>, place: K, stamp: &Stamp, written: Option<T>) {
    let rank = |stamp: &Stamp, gone: bool| (stamp.clone(), gone);
    let stands = held.get(&place).map(|held| rank(&held.stamp, held.written.is_none()));
    if stands.is_none_or(|stands| stands < rank(stamp, written.is_none())) {
        held.insert(place, Held { stamp: stamp.clone(), written });
    }
}

/// What happens, decided by a seed.
#[derive(Debug)]
pub struct History {
    /// A session whose entry is never evicted.
    pub kept: SessionKey,
    /// One whose entry is evicted at any time.
    pub evicted: SessionKey,
    /// A board.
    pub shard: ShardKey,
    /// Whether halves of the board are evicted.
    pub board_is_evicted: bool,
    /// The batches of each invocation.
    pub batches: Vec<Vec<Vec<CacheWrite>>>,
    /// How often the entries are read, polled and evicted while the batches are applied.
    pub looks: u32,
}

impl History {
    /// The history of a seed; `number` is its own among those that are played on one server.
    pub fn new(number: u64, dice: &mut Dice, now: Timestamp) -> Self {
        let (kept, evicted) = (scenes::key(2 * number), scenes::key(2 * number + 1));
        let shard = scenes::shard(&format!("h{number}"), 0);
        let mut records = Vec::new();
        for key in [&kept, &evicted] {
            sessions(key, dice, now, &mut records);
        }
        scores(&shard, dice, now, &mut records);
        let twice: Vec<_> = records.iter().filter(|_| dice.below(2) == 0).cloned().collect();
        records.extend(twice);
        for doubt in [CacheWrite::Doubt(evicted.clone()), CacheWrite::DoubtShard(shard.clone())] {
            if dice.below(4) == 0 {
                records.push(doubt);
            }
        }
        dice.shuffle(&mut records);
        let mut batches = vec![Vec::new(); INVOCATIONS];
        while !records.is_empty() {
            let size = usize::try_from(dice.number(1, 8)).unwrap_or(1).min(records.len());
            let batch = records.split_off(records.len() - size);
            let who = usize::try_from(dice.below(3)).unwrap_or(0);
            if let Some(own) = batches.get_mut(who) {
                own.push(batch);
            }
        }
        let (board_is_evicted, looks) = (dice.below(2) == 0, dice.number(2, 6));
        Self { kept, evicted, shard, board_is_evicted, batches, looks }
    }
}

fn sessions(key: &SessionKey, dice: &mut Dice, now: Timestamp, records: &mut Vec<CacheWrite>) {
    for (region, generation) in [(0, 0), (0, 1), (1, 0), (2, 0)] {
        let id = PartId { region: scenes::region(region), generation };
        let writes = dice.below(5);
        let stamp = |n| scenes::stamp(&id.region, now, n);
        for n in 0..writes {
            let value = format!("{region}.{generation}.{n}");
            let fields = [("cart", value.as_str())];
            let part = scenes::part(key, id.clone(), stamp(n), now, &fields);
            records.push(CacheWrite::Part(Box::new(part)));
        }
        if writes > 0 && dice.below(4) == 0 {
            let (key, id, written) = (key.clone(), id.clone(), stamp(writes - 1));
            records.push(CacheWrite::PartGone { key, id, written });
        }
    }
}

fn scores(shard: &ShardKey, dice: &mut Dice, now: Timestamp, records: &mut Vec<CacheWrite>) {
    for member in ["ann", "bob", "cho"] {
        for region in 0..3 {
            let writes = dice.below(4);
            for n in 0..writes {
                let stamp = scenes::stamp(&scenes::region(region), now, n);
                let held = i64::from(dice.below(1_000)) - 300;
                records.push(CacheWrite::Score(scenes::score(shard, member, held, stamp)));
            }
            if writes > 0 && dice.below(6) == 0 {
                let stamp = scenes::stamp(&scenes::region(region), now, writes - 1);
                let ScorePart { shard, member, region, written, .. } =
                    scenes::score(shard, member, 0, stamp);
                records.push(CacheWrite::ScoreGone { shard, member, region, written });
            }
        }
    }
}
