//! One history: its events, and the rest at its end.

use crate::law::{Broken, at_rest, ranks, reads};
use crate::task::{Ask, Outcome, Task};
use crate::world::{ARRIVED, World};
use crate::wrong::Wrong;
use crate::{events, word};
use jiff::SignedDuration;
use tidegate_domain::sessions::score::ShardKey;
use tidegate_domain::sessions::store::StoreError;
use tidegate_histories::dice::Dice;
use tidegate_histories::tally::Tally;

/// The longest time that nothing passes between two regions, so that nothing is lost.
pub const LONGEST_CUT: SignedDuration = SignedDuration::from_mins(23 * 60 + 30);

/// Which histories.
#[derive(Debug, Clone, Copy)]
pub struct Space {
    /// The seed of all of them.
    pub seed: u64,
    /// What is wrong with the store or the function.
    pub wrong: Option<Wrong>,
    /// The longest partition.
    pub longest_cut: SignedDuration,
}

impl Space {
    /// Histories of what is deployed.
    pub fn new(seed: u64) -> Self {
        Self { seed, wrong: None, longest_cut: LONGEST_CUT }
    }

    /// Plays one of them: what happened in it, and the law that it broke.
    pub fn play(&self, number: u64) -> Played {
        self.played(number, None)
    }

    /// Plays it again, and tells what happened.
    pub fn tell(&self, number: u64) -> Vec<String> {
        self.played(number, Some(Vec::new())).log
    }

    fn played(&self, number: u64, log: Option<Vec<String>>) -> Played {
        let seed = self.seed.wrapping_mul(0x2545_F491_4F6C_DD1D).wrapping_add(number);
        let mut dice = Dice::new(seed);
        let mut world = World::new(&mut dice, self.wrong);
        world.log = log;
        world.longest_cut = self.longest_cut;
        for _ in 0..dice.number(10, 34) {
            events::happen(&mut world, &mut dice);
            for _ in 0..dice.below(7) {
                let count = u32::try_from(world.tasks.len()).unwrap_or(0);
                world.poll(usize::try_from(dice.below(count)).unwrap_or(0));
            }
            if world.broken.is_some() {
                break;
            }
        }
        if world.broken.is_none() {
            rest(&mut world, &mut dice);
        }
        Played { tally: world.tally, broken: world.broken, log: world.log.unwrap_or_default() }
    }
}

/// Many histories.
#[derive(Debug, Default)]
pub struct Summary {
    /// How often each kind of thing happened.
    pub tally: Tally,
    /// The first history that broke a law, and the law.
    pub broken: Option<(u64, Broken)>,
}

impl Space {
    /// Plays the first `count` of them on two threads, until one breaks a law.
    pub fn play_all(&self, count: u64) -> Summary {
        let (evens, odds) = std::thread::scope(|scope| {
            let odds = scope.spawn(|| self.play_some((1..count).step_by(2)));
            (self.play_some((0..count).step_by(2)), odds.join().expect("a thread"))
        });
        let mut tally = evens.tally;
        tally.merge(&odds.tally);
        let broken = evens.broken.into_iter().chain(odds.broken).min_by_key(|(number, _)| *number);
        Summary { tally, broken }
    }

    fn play_some(&self, numbers: impl Iterator<Item = u64>) -> Summary {
        let mut summary = Summary::default();
        for number in numbers {
            let played = self.play(number);
            summary.tally.merge(&played.tally);
            if let Some(broken) = played.broken {
                summary.broken = Some((number, broken));
                break;
            }
        }
        summary
    }
}

/// What came of a history.
#[derive(Debug)]
pub struct Played {
    /// How often each kind of thing happened.
    pub tally: Tally,
    /// The first law that was broken.
    pub broken: Option<Broken>,
    /// What happened, if it was asked for.
    pub log: Vec<String>,
}

/// Everything that is wrong is over. In the end every region knows the same, and serves it.
fn rest(world: &mut World, dice: &mut Dice) {
    world.stage.heal();
    for region in &world.regions {
        region.site.cache.resume();
    }
    world.mend();
    world.finish_tasks();
    world.stage.advance(ARRIVED);
    world.catch_up();
    // What Lambda gave up goes on after everything else, or never.
    while let Some(task) = world.tasks.len().checked_sub(1) {
        if dice.below(3) == 0 { world.crash(task) } else { world.poll(task) }
    }
    // Stamps of clocks that were ahead are not any more, and no epoch is in doubt.
    let ahead = world.tally.of("far ahead") > 0;
    let time = if ahead { events::FAR_AHEAD + ARRIVED } else { ARRIVED };
    world.stage.advance(time);
    world.catch_up();
    let judged = at_rest(world).and_then(|()| read_all(world, dice)).and_then(|()| at_rest(world));
    if let Err(Broken { law, how }) = judged {
        world.breaks(law, how);
    }
}

/// A process of each region reads everything, twice: from the table, and from the cache.
fn read_all(world: &mut World, dice: &mut Dice) -> Result<(), Broken> {
    let keys: Vec<_> = world.truth.sessions.keys().cloned().collect();
    for number in 0..world.regions.len() {
        let process = usize::from(dice.below(2) == 0);
        for _ in 0..2 {
            for key in &keys {
                if let Some(Outcome::Got(got)) = ask(world, number, process, Ask::Get(key.clone()))
                {
                    let got = match got {
                        // Nothing but what a newer version wrote is left of it.
                        Err(StoreError::Unreadable) if world.parts(number, key).is_empty() => None,
                        got => got.map_err(|error| failed(&error.to_string()))?,
                    };
                    reads(world, number, key, got.as_ref())?;
                }
            }
            let board = word("b");
            if let Some(Outcome::Ranked(got)) =
                ask(world, number, process, Ask::Rank(board.clone()))
            {
                let got = got.map_err(|error| failed(&error.to_string()))?;
                ranks(world, number, &ShardKey { board, shard: 0 }, &got)?;
            }
        }
    }
    world.catch_up();
    world.stage.advance(ARRIVED);
    world.catch_up();
    Ok(())
}

fn failed(why: &str) -> Broken {
    Broken { law: "read failed", how: why.to_owned() }
}

/// Asks and waits for the answer.
fn ask(world: &mut World, number: usize, process: usize, ask: Ask) -> Option<Outcome> {
    world.begin(number, process, ask);
    let mut task: Task = world.tasks.pop()?;
    loop {
        if let Some(outcome) = task.poll() {
            return Some(outcome);
        }
    }
}
