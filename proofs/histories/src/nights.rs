//! Nights of chaos: the schedules as they are deployed, minute by minute from 21:30 to 08:30, and
//! around them whatever the dice bring. A night is its seed: the same seed gives the same
//! transcript, byte for byte.

use super::batch::rng;
use super::law::Broken;
use super::play::Player;
use super::policies;
use super::stage::{Scene, fleet};
use super::step::{Event, History, Step, chaos};
use proptest::strategy::{Strategy, ValueTree};
use proptest::test_runner::{Config, TestRunner};
use tidegate_domain::decide::decide;

/// From 21:30 to 08:30.
const MINUTES: u32 = 660;
/// 21:30 on the first evening, after noon.
const EVENING: i64 = 570;
const DAY: i64 = 1_440;
/// Something happens in one minute of so many.
const CHAOS_EVERY: u32 = 9;

/// Plays a night and tells everything that was decided, written and sent.
///
/// # Errors
/// The law that was broken.
pub fn night(seed: u64, number: u32) -> Result<String, Broken> {
    let config = Config { failure_persistence: None, ..Config::default() };
    let mut runner = TestRunner::new_with_rng(config, rng(seed, u64::from(number)));
    let mut player = Player::new(&evening(number), decide).recorded();
    for minute in 0..MINUTES {
        if throw(&mut runner, &(0..CHAOS_EVERY)) == Some(0) {
            throw(&mut runner, &chaos()).map_or(Ok(()), |step| player.step(&step))?;
        }
        player.step(&Step::Deliver(Event::Tick))?;
        if minute % 5 == 0 {
            player.step(&Step::Deliver(Event::Night))?;
            player.step(&Step::Deliver(Event::Day))?;
        }
        player.step(&Step::Pass(1))?;
    }
    player.end()?;
    Ok(told(&player))
}

fn throw<S: Strategy>(runner: &mut TestRunner, strategy: &S) -> Option<S::Value> {
    strategy.new_tree(runner).ok().map(|tree| tree.current())
}

/// Each night begins with other sizes, under another policy.
fn evening(number: u32) -> History {
    let scene = Scene {
        policy: usize::try_from(number).unwrap_or(0) % policies::COUNT,
        minute: EVENING + i64::from(number) * DAY,
        min: 6 + number % 3,
        above: number * 2 % 9,
        floor_mode: number % 2 == 1,
        foreign_unit: false,
        missing: false,
    };
    History { scene, steps: Vec::new() }
}

fn told(player: &Player) -> String {
    let aws = &player.theatre().aws;
    let mut told = player.transcript().to_owned();
    for change in aws.size_changes(fleet()) {
        told.push_str(&format!("{change:?}\n"));
    }
    for call in aws.log() {
        told.push_str(&format!("{call:?}\n"));
    }
    for sent in aws.published() {
        told.push_str(&format!("{sent:?}\n"));
    }
    told.push_str(&format!("{:?}\n", aws.memory(fleet())));
    told
}
