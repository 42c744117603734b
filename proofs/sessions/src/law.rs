//! The laws, judged by what was acknowledged and by what the table's replicas hold.

use crate::region;
use crate::task::{Ask, Task};
use crate::truth::Story;
use crate::world::World;
use jiff::{SignedDuration, Timestamp};
use std::collections::BTreeMap;
use std::fmt;
use tidegate_domain::sessions::part::{SessionKey, SessionPart};
use tidegate_domain::sessions::score::{ScorePart, ShardKey, totals};
use tidegate_domain::sessions::session::Session;
use tidegate_domain::sessions::stamp::MAX_AHEAD;
use tidegate_domain::sessions::store::Ranking;
use tidegate_fakes::sessions::Item;

/// What was served from a cache may be this old.
const BOUND: SignedDuration = SignedDuration::from_secs(10);
/// Clocks are at most this far off.
const OFF: SignedDuration = SignedDuration::from_secs(1);

/// A law that was broken.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Broken {
    /// Its name.
    pub law: &'static str,
    /// How.
    pub how: String,
}

impl fmt::Display for Broken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.law, self.how)
    }
}

type Law = Result<(), Broken>;

fn broken(law: &'static str, how: impl Into<String>) -> Law {
    Err(Broken { law, how: how.into() })
}

/// A session was served: its end had not been there long enough.
pub fn after_get(world: &World, task: &Task, session: &Session) -> Law {
    let Ask::Get(key) = &task.ask else { return Ok(()) };
    let Some(story) = world.truth.sessions.get(key) else {
        return broken("value from nowhere", "a session that nobody created");
    };
    no_strange_value(story, session)?;
    if !story.end_tried {
        return Ok(());
    }
    let Some(accepted) = end_accepted(world, task.region, key) else { return Ok(()) };
    if task.asked_table() {
        if accepted < task.began {
            return broken("served after its end", format!("by the table, there since {accepted}"));
        }
        return Ok(());
    }
    let served = world.regions.get(task.region).and_then(|region| region.served.get(key));
    let since = served.map(|served| (*served).max(accepted));
    match since {
        Some(since) if task.began.duration_since(since) > BOUND => {
            broken("served after its end", format!("by the cache, which was told at {since}"))
        }
        _ => Ok(()),
    }
}

/// Since when a region has a tombstone of a session that its readers do not refuse.
fn end_accepted(world: &World, number: usize, key: &SessionKey) -> Option<Timestamp> {
    let shards = 0..world.table.shards(&region(number));
    let records =
        shards.flat_map(|shard| world.table.records(&region(number), shard, 0, usize::MAX));
    let ends = records.filter_map(|record| match record.new.as_deref() {
        Some(Item::Part(part)) if part.key == *key && part.ended.is_some() => {
            let own = part.id.region == region(number);
            let sound = part.newest().at().checked_sub(MAX_AHEAD - OFF).unwrap_or(record.taken);
            Some(if own { record.taken } else { record.taken.max(sound) })
        }
        _ => None,
    });
    ends.min()
}

fn no_strange_value(story: &Story, session: &Session) -> Law {
    for (name, value) in session.values() {
        if !story.tried.contains(&(name.clone(), value.clone())) {
            return broken("value from nowhere", name.as_str());
        }
    }
    Ok(())
}

/// A part ran out in a region: the session, if it lives there, has lost no field.
pub fn after_expiry(before: Option<&Session>, after: Option<&Session>, now: Timestamp) -> Law {
    let Some(before) = before.filter(|before| before.is_live(now)) else { return Ok(()) };
    let Some(after) = after else { return broken("field lost with a part", "the whole session") };
    // A tombstone that stays says that the fields do not matter.
    for (name, field) in &before.fields {
        if after.ended.is_none() && after.fields.get(name).is_none_or(|kept| kept.at < field.at) {
            return broken("field lost with a part", name.as_str());
        }
    }
    Ok(())
}

/// Everything has arrived everywhere, and the functions have caught up.
pub fn at_rest(world: &World) -> Law {
    let items = |number: usize| world.table.items(&region(number));
    let first = items(0);
    for number in 1..world.regions.len() {
        if items(number) != first {
            return broken("replicas differ", format!("0 and {number}"));
        }
    }
    let now = world.stage.now();
    for (key, story) in &world.truth.sessions {
        let session = Session::of(&world.parts(0, key));
        story.holds(session.as_ref(), now)?;
    }
    counted(world, &first.iter().map(|(_, item)| item.clone()).collect::<Vec<_>>())?;
    (0..world.regions.len()).try_for_each(|number| cache_equals(world, number))
}

impl Story {
    fn holds(&self, session: Option<&Session>, now: Timestamp) -> Law {
        let is_over = self.not_after <= now;
        if self.end_acked && !is_over && session.is_none_or(|s| s.ended.is_none()) {
            return broken("logout undone", "the tombstone is gone");
        }
        if let Some(session) = session {
            no_strange_value(self, session)?;
        }
        let lives = self.lives_until.is_some_and(|until| now < until && !is_over);
        if self.end_tried || !lives {
            return Ok(());
        }
        let Some(session) = session else { return broken("session lost", "no part is there") };
        if self.lives_until.is_none_or(|until| session.live_until < until) {
            return broken("session lost", format!("it lives only until {}", session.live_until));
        }
        for acked in &self.acked {
            let kept = session.fields.get(&acked.name);
            let is_kept = kept.is_some_and(|kept| {
                kept.at > acked.at || (kept.at == acked.at && kept.value == acked.value)
            });
            if !is_kept {
                let what =
                    format!("{} of region {} at {}", acked.name.as_str(), acked.region, acked.at);
                return broken("update lost", what);
            }
        }
        Ok(())
    }
}

/// Each region's score of each member is what was acknowledged there.
fn counted(world: &World, items: &[Item]) -> Law {
    for ((member, number), counted) in &world.truth.scores {
        let n = items.iter().find_map(|item| match item {
            Item::Score(score) if score.member == *member && score.region == region(*number) => {
                Some(score.n)
            }
            _ => None,
        });
        if !counted.admits(n.unwrap_or(0)) {
            let how = format!("{n:?} of {} in {number}: {counted:?}", member.as_str());
            return broken("increment lost", how);
        }
    }
    Ok(())
}

/// Complete entries have the replica's parts: all of them, none older, and no others as long as
/// no removal was lost.
fn cache_equals(world: &World, number: usize) -> Law {
    let Some(there) = world.regions.get(number) else { return Ok(()) };
    let (cache, epoch) = (&there.site.cache, there.site.epoch.stands().number);
    for (key, held) in cache.complete(epoch) {
        let table = by_id(world.parts(number, &key));
        let held = by_id(held);
        if let Some((id, _)) = table.iter().find(|(id, part)| held.get(*id) != Some(part)) {
            return broken("cache differs", format!("region {number} lacks {id}"));
        }
        let more = held.keys().find(|id| !table.contains_key(*id));
        // A removal that was lost with a doubt, or with the entry, leaves a part that the others
        // have taken up.
        if let Some(id) = more.filter(|_| epoch == 0 && !cache.has_lost(&key)) {
            return broken("cache differs", format!("region {number} has {id} still"));
        }
    }
    for (shard, held) in cache.complete_shards(epoch) {
        let (table, held) = (scores(world, number, &shard), totals(&held));
        if totals(&table) != held {
            return broken("cache differs", format!("region {number}, board: {held:?}"));
        }
    }
    Ok(())
}

fn by_id(parts: Vec<SessionPart>) -> BTreeMap<String, SessionPart> {
    parts.into_iter().map(|part| (part.id.to_string(), part)).collect()
}

/// The scores of a shard in a region's replica.
pub fn scores(world: &World, number: usize, shard: &ShardKey) -> Vec<ScorePart> {
    let items = world.table.items(&region(number)).into_iter();
    let scores = items.filter_map(|(_, item)| match item {
        Item::Score(score) if score.shard == *shard => Some(score),
        _ => None,
    });
    scores.collect()
}

/// What a reader gets at rest is the join of the replica's parts.
pub fn reads(world: &World, number: usize, key: &SessionKey, got: Option<&Session>) -> Law {
    let now = world.stage.now();
    let session = Session::of(&world.parts(number, key));
    let lives = |at: Timestamp| session.as_ref().is_some_and(|session| session.is_live(at));
    // Clocks are off by a little: what runs out right now is either.
    if lives(now - OFF) != lives(now + OFF) {
        return Ok(());
    }
    let story = world.truth.sessions.get(key);
    if story.is_some_and(|story| story.end_acked) && got.is_some() {
        return broken("logout undone", format!("region {number} serves it"));
    }
    match (session.filter(|session| session.is_live(now)), got) {
        (None, None) => Ok(()),
        (Some(session), Some(got)) if session.fields == got.fields => Ok(()),
        (expected, got) => {
            let is = |session: bool| if session { "a session" } else { "none" };
            let (expected, got) = (is(expected.is_some()), is(got.is_some()));
            broken("read differs", format!("region {number} serves {got}, not {expected}"))
        }
    }
}

/// What a reader of a board gets at rest is the sum of the replica's scores.
pub fn ranks(world: &World, number: usize, shard: &ShardKey, got: &Ranking) -> Law {
    let expected = totals(&scores(world, number, shard));
    if got.iter().cloned().collect::<BTreeMap<_, _>>() == expected {
        return Ok(());
    }
    broken("read differs", format!("region {number} ranks {got:?}, not {expected:?}"))
}
