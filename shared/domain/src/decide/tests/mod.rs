//! Decisions on scenes: one thing is changed, and the decision is told.

mod lowering;
mod operator;
mod remember;
mod schedule;
mod sizing;
mod spike;
mod undo;
mod vetoes;
mod whole;

use super::*;
use crate::scene::{Scene, mins};

/// What is different, how it is made, and the code of the reason that must follow.
type Case = (&'static str, fn(&mut Scene), &'static str);

fn check(scene: fn() -> Scene, cases: &[Case]) {
    for (name, change, want) in cases {
        let mut scene = scene();
        change(&mut scene);
        assert_eq!(scene.code(), *want, "{name}");
    }
}

/// A scene with one change.
fn with(mut scene: Scene, change: impl FnOnce(&mut Scene)) -> Scene {
    change(&mut scene);
    scene
}

/// A bid in memory that stands for three minutes.
fn push(s: &mut Scene, source: Source, floor: u32) {
    let until = Some(s.now + mins(3));
    s.memory.bids.push(Bid { source, floor, until, reason: "web-cpu".into() });
}
