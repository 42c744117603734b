//! The scenes: together they make each function have every effect that it can have.
//!
//! What must stay true: a scene's outcome does not depend on the minute in which it is decided,
//! within the few minutes that the tries take. (So nothing changes while it plays, instances
//! warm up for longer, and the next bake ends later.)

mod day;
mod night;
mod spike;

use super::stage::{Event, Lambda, add_fleet, document, minutes, name, time, web, world};
use jiff::Timestamp;
use tidegate_domain::ports::{Clock, Control, LeaseToken, StoredPolicy};
use tidegate_fakes::{At, Call, FakeAws, Fault, GroupSpec, block_on};

/// One scene.
#[derive(Debug, Clone, Copy)]
pub struct Scene {
    /// What happens in it.
    pub name: &'static str,
    /// The policy's fleets.
    pub fleets: &'static [&'static str],
    /// The event that is tried.
    pub event: Event,
    /// Makes the world as it is just before the event.
    pub set: fn(&Lambda) -> FakeAws,
}

/// Every scene.
pub fn all() -> Vec<Scene> {
    [night::scenes(), day::scenes(), spike::scenes()].concat()
}

/// A scene of the one fleet `web`.
fn scene(name: &'static str, event: Event, set: fn(&Lambda) -> FakeAws) -> Scene {
    Scene { name, fleets: &["web"], event, set }
}

/// A scene of the two fleets `api` and `web`.
fn pair(name: &'static str, event: Event, set: fn(&Lambda) -> FakeAws) -> Scene {
    Scene { name, fleets: &["api", "web"], event, set }
}

/// A world with the fleet `web`, half an hour before this time and then at it.
fn usual(now: &str, spec: GroupSpec) -> FakeAws {
    settled(now, &[("web", spec)])
}

/// A world with these fleets, made half an hour before this time and then brought to it.
fn settled(now: &str, fleets: &[(&str, GroupSpec)]) -> FakeAws {
    let now = time(now);
    let aws = FakeAws::at(now - minutes(30));
    for (fleet, spec) in fleets {
        add_fleet(&aws, fleet, spec.clone());
    }
    aws.set_now(now);
    aws
}

/// A world without any group.
fn empty(now: &str) -> FakeAws {
    world(now)
}

/// Auto Scaling does not answer; a tick five minutes ago found that out.
fn outage(lambda: &Lambda, now: &str, spec: GroupSpec) -> FakeAws {
    let aws = usual(now, spec);
    aws.inject(At::call(Call::Describe), Fault::Unavailable);
    lambda.wake(&aws, Event::Tick);
    aws.advance(minutes(5));
    aws
}

/// The newest stored policy cannot be read.
fn bad_policy(now: &str, spec: GroupSpec) -> FakeAws {
    let aws = usual(now, spec);
    let policy = |version, document: &str| {
        let stored = StoredPolicy { version, document: document.to_owned() };
        block_on(aws.put_policy(&stored)).expect("a policy is stored");
    };
    policy(1, &document(&["web"]));
    policy(2, "not toml at all [");
    aws
}

/// Somebody set `MinSize` after we had met the group.
fn persons_min(lambda: &Lambda, now: &str, spec: GroupSpec, min: u32) -> FakeAws {
    let aws = usual(now, spec);
    lambda.wake(&aws, Event::Tick);
    aws.advance(minutes(1));
    aws.outside_set_min(&web(), min).expect("a MinSize within bounds");
    aws
}

/// Another event comes while the run is about to finish, and is turned away.
fn wanted(aws: FakeAws) -> FakeAws {
    aws.before(At::call(Call::Release).nth(1), |aws| {
        let (now, other) = (aws.wall(), LeaseToken("another".to_owned()));
        let until = now + minutes(1);
        let asked = block_on(aws.acquire(&web(), &other, now, until));
        drop(asked);
    });
    aws
}

/// Five minutes after a nightly step, whose end a tick saw.
fn after_a_step(lambda: &Lambda, at: &str) -> FakeAws {
    let aws = usual(at, GroupSpec::sized(10, 10, 60));
    lambda.wake(&aws, Event::Night);
    pass(lambda, &aws, at);
    aws
}

/// Five minutes after a nightly step that met somebody's raise to 14 past our last look.
fn after_a_race(lambda: &Lambda, at: &str) -> FakeAws {
    let aws = usual(at, GroupSpec::sized(10, 10, 60));
    aws.after(At::call(Call::Describe).nth(2), |aws| {
        aws.outside_set_desired(&web(), 14).expect("a size within bounds");
    });
    lambda.wake(&aws, Event::Night);
    aws.heal();
    aws.advance(minutes(5));
    aws
}

/// A tick a minute after `at`, then five minutes after it.
fn pass(lambda: &Lambda, aws: &FakeAws, at: &str) {
    let at: Timestamp = time(at);
    aws.set_now(at + minutes(1));
    lambda.wake(aws, Event::Tick);
    aws.set_now(at + minutes(5));
}

/// The fleet `api`.
fn api() -> tidegate_domain::ids::FleetName {
    name("api")
}
