//! The checker on scenes: a decision that is sound, changed in one respect together with what
//! it was made from; exactly the invariants that this breaks are named.

mod data;
mod sizes;
mod vetoes;

use super::*;
use crate::bid::Bid;
use crate::scene::{Scene, secs};

type Change = fn(&mut Scene, &mut Decision);
type Case = (&'static str, Change, &'static [&'static str]);
/// What the checker says of the scene's own decision after both were changed.
fn broken(mut scene: Scene, change: impl Fn(&mut Scene, &mut Decision)) -> Vec<String> {
    let mut decision = scene.decide();
    change(&mut scene, &mut decision);
    let found = check(&scene.inputs(), &decision);
    found.into_iter().map(|v| format!("{}: {}", v.number, v.what)).collect()
}
fn table(scene: fn() -> Scene, cases: &[Case]) {
    for (name, change, want) in cases {
        assert_eq!(broken(scene(), change), *want, "{name}");
    }
}
fn lower(d: &mut Decision, min: u32, desired: impl Into<Option<u32>>) {
    d.action = Action::Lower { min, desired: desired.into() };
}
#[test]
fn sound_decisions_pass() {
    table(
        Scene::night,
        &[
            ("a step at night", |_, _| {}, &[]),
            (
                "a hold breaks nothing",
                |s, d| {
                    d.action = Action::Hold;
                    s.suspend("Launch");
                },
                &[],
            ),
        ],
    );
    table(Scene::day, &[("a step by day", |_, _| {}, &[])]);
    table(low, &[("a raise", |_, _| {}, &[])]);
}
/// By day with a minimum of five: it is raised to six.
fn low() -> Scene {
    let mut scene = Scene::day();
    scene.sizes().min = 5;
    scene.memory.applied_min = Some(5);
    scene
}
fn bid(source: Source, floor: u32, seconds: i64) -> impl Fn(&Scene) -> Bid {
    move |s| Bid { source, floor, until: Some(s.now + secs(seconds)), reason: String::new() }
}
