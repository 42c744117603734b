//! Scenes of the spike function, woken by its alarm and by the tick.

use super::super::stage::{Event, Lambda, alarm, breach, cpu_spec, lose, minutes, web};
use super::{
    Scene, after_a_race, after_a_step, bad_policy, empty, outage, pair, persons_min, scene,
    settled, usual, wanted,
};
use tidegate_domain::group::ScalingPolicy;
use tidegate_domain::metrics::AlarmState;
use tidegate_fakes::{AlarmSpec, At, Call, FakeAws, Fault, GroupSpec};

const NOON: &str = "2026-11-18T12:30:00+09:00";
const NIGHT: &str = "2026-11-18T22:30:00+09:00";

/// Every scene of spikes and ticks.
pub(super) fn scenes() -> Vec<Scene> {
    [spikes(), ticks()].concat()
}

fn spikes() -> Vec<Scene> {
    let tick = |name, set| scene(name, Event::Tick, set);
    vec![
        tick("a step by the tick", |_| spiking(six())),
        scene("a step by the alarm", Event::Alarm(75.0), |_| spiking(six())),
        scene("a step by the alarm of a known fleet", Event::Alarm(75.0), |lambda| {
            spiking(known(lambda))
        }),
        tick("a larger step while the first warms up", |lambda| {
            let aws = known(lambda);
            breach(&aws, "web", 65.0);
            lambda.wake(&aws, Event::Alarm(65.0));
            aws.advance(minutes(1));
            breach(&aws, "web", 75.0);
            aws
        }),
        tick("a spike at night", |_| spiking(usual(NIGHT, GroupSpec::sized(6, 6, 60)))),
        tick("wanted by another event meanwhile", |_| wanted(spiking(six()))),
        tick("the ceiling is reached", |_| spiking(usual(NOON, GroupSpec::sized(6, 6, 6)))),
        tick("the spike's metric has been unknown for ten minutes", |lambda| {
            let aws = six();
            breach(&aws, "web", 75.0);
            lose(&aws, &cpu_spec("web"));
            lambda.wake(&aws, Event::Tick);
            aws.advance(minutes(10));
            aws
        }),
        tick("the spike's alarm is a composite", |_| {
            let aws = six();
            aws.put_alarm(AlarmSpec::composite(&alarm("web", "cpu-high")));
            aws
        }),
        tick("Launch suspended in a spike", |_| {
            let aws = spiking(six());
            aws.suspend(&web(), "Launch");
            aws
        }),
        tick("a bad policy in a spike", |_| spiking(bad_policy(NOON, GroupSpec::sized(6, 6, 60)))),
        pair("two fleets in a spike", Event::Tick, |_| {
            let (large, six) = (GroupSpec::sized(8, 8, 60), GroupSpec::sized(6, 6, 60));
            let aws = settled(NOON, &[("api", large), ("web", six)]);
            breach(&aws, "api", 85.0);
            aws.interleave();
            spiking(aws)
        }),
    ]
}

fn ticks() -> Vec<Scene> {
    let tick = |name, set| scene(name, Event::Tick, set);
    vec![
        tick("settling: backstop, MinSize, desired", |_| ten()),
        tick("settling in floor mode", |_| {
            let aws = ten();
            let policy = ScalingPolicy { name: "trim".into(), can_scale_in: true };
            aws.attach_policy(&web(), policy);
            aws
        }),
        tick("the backstop is not permitted", |_| {
            let aws = ten();
            aws.inject(At::call(Call::PutBackstop), Fault::Denied);
            aws
        }),
        tick("nothing to do", known),
        tick("below the day's floor", |_| usual(NOON, GroupSpec::sized(3, 3, 60))),
        tick("a tag asks for more", |lambda| {
            let aws = known(lambda);
            aws.set_tag(&web(), "tidegate:floor", "9");
            aws
        }),
        tick("a step is undone", |lambda| {
            let aws = after_a_step(lambda, NIGHT);
            aws.set_alarm(&alarm("web", "5xx"), AlarmState::Alarm);
            aws
        }),
        tick("a raise is given back", |lambda| after_a_race(lambda, NIGHT)),
        tick("somebody's MinSize", |lambda| {
            persons_min(lambda, NOON, GroupSpec::sized(6, 6, 60), 8)
        }),
        tick("no such group", |_| empty(NOON)),
        tick("Auto Scaling is out of reach", |lambda| {
            outage(lambda, NOON, GroupSpec::sized(6, 6, 60))
        }),
        pair("one fleet raises, the other settles", Event::Tick, |_| {
            let (ten, three) = (GroupSpec::sized(10, 10, 60), GroupSpec::sized(3, 3, 60));
            let aws = settled(NOON, &[("api", ten), ("web", three)]);
            aws.interleave();
            aws
        }),
    ]
}

fn six() -> FakeAws {
    usual(NOON, GroupSpec::sized(6, 6, 60))
}

fn ten() -> FakeAws {
    usual(NOON, GroupSpec::sized(10, 10, 60))
}

/// Six in service that a tick has seen before.
fn known(lambda: &Lambda) -> FakeAws {
    let aws = six();
    lambda.wake(&aws, Event::Tick);
    aws.advance(minutes(2));
    aws
}

/// CPU far above the alarm's threshold: the next look raises six to eight.
fn spiking(aws: FakeAws) -> FakeAws {
    breach(&aws, "web", 75.0);
    aws
}
