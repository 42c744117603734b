//! What runs out in a history, and the session that is kept alive meanwhile.

use crate::events::{idle, secs, some, some_region};
use crate::law::after_expiry;
use crate::region;
use crate::task::Ask;
use crate::world::World;
use tidegate_domain::sessions::part::{SessionKey, SessionPart};
use tidegate_domain::sessions::session::Session;
use tidegate_fakes::sessions::{Address, Partition, Sort};
use tidegate_histories::dice::Dice;

/// Somebody uses a session in one region, and each time shortly before half of its time is over or
/// it runs out; meanwhile time to live does its work anywhere.
pub(crate) fn keep_alive(world: &mut World, dice: &mut Dice) {
    let keys: Vec<SessionKey> = world.truth.sessions.keys().cloned().collect();
    let Some(key) = keys.get(some(dice, keys.len())).cloned() else { return };
    let (number, process) = (some_region(dice), some(dice, 2));
    for _ in 0..dice.number(1, 3) {
        let Some(session) = Session::of(&world.parts(number, &key)) else { return };
        let now = world.stage.now();
        if !session.is_live(now) {
            return;
        }
        let half = i32::try_from(idle(&key).as_secs() / 2).unwrap_or(i32::MAX);
        let early = secs(i64::from(half) - 2 - i64::from(dice.below(1_800)));
        let late = secs(i64::from(dice.number(2, 600)));
        let spare = if dice.below(3) == 0 { late } else { early };
        let time = session.live_until.duration_since(now) - spare;
        if time.is_positive() {
            world.pass(time);
        }
        world.note("kept alive", String::new);
        if dice.below(2) == 0 {
            expiry(world, dice);
        }
        world.begin(number, process, Ask::Touch(key.clone(), idle(&key)));
        world.finish_tasks();
    }
}

/// Time to live removes one item in one region, or all of them.
pub(crate) fn expiry(world: &mut World, dice: &mut Dice) {
    let number = some_region(dice);
    let over = world.table.run_out(&region(number));
    let all = dice.below(2) == 0;
    let picked = over.get(some(dice, over.len())).cloned();
    expire(world, number, |address| all || Some(address) == picked.as_ref());
}

/// Time to live removes what it may of these in a region.
pub(crate) fn expire(world: &mut World, number: usize, pick: impl Fn(&Address) -> bool) {
    let over = world.table.run_out(&region(number));
    for address in over.iter().filter(|address| pick(address)) {
        match &address.partition {
            Partition::Session(key) => expire_part(world, number, address, key),
            _ => drop(world.table.expire(&region(number), address)),
        }
    }
}

fn expire_part(world: &mut World, number: usize, address: &Address, key: &SessionKey) {
    let now = world.stage.now();
    let before = world.parts(number, key);
    world.table.expire(&region(number), address);
    let after = world.parts(number, key);
    let is_this = |part: &SessionPart| Sort::Part(part.id.clone()) == address.sort;
    let was_tombstone = before.iter().any(|part| is_this(part) && part.ended.is_some());
    let what = if was_tombstone { "tombstone expiry" } else { "part expiry" };
    world.note(what, || format!("{} in {number}", address.sort));
    let (before, after) = (Session::of(&before), Session::of(&after));
    if before.as_ref().is_some_and(|session| session.is_live(now)) {
        world.note("part expiry of a living session", String::new);
    }
    if let Err(broken) = after_expiry(before.as_ref(), after.as_ref(), now) {
        world.breaks(broken.law, broken.how);
    }
}
