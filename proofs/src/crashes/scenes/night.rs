//! Scenes of the nightly function.

use super::super::stage::{Event, alarm, healthy_spec, load_spec, lose, minutes, time, web};
use super::{
    Scene, after_a_race, after_a_step, api, bad_policy, empty, outage, pair, pass, persons_min,
    scene, settled, usual, wanted,
};
use tidegate_domain::group::ScalingPolicy;
use tidegate_domain::metrics::AlarmState;
use tidegate_fakes::{At, Call, FakeAws, Fault, GroupSpec};

const AT: &str = "2026-11-18T22:30:00+09:00";

/// Every scene of the night.
pub(super) fn scenes() -> Vec<Scene> {
    let night = |name, set| scene(name, Event::Night, set);
    vec![
        night("the first step: backstop, MinSize, desired", |_| ten()),
        night("a later step: desired alone", |lambda| {
            let aws = usual(AT, GroupSpec::sized(2, 10, 60));
            lambda.wake(&aws, Event::Night);
            pass(lambda, &aws, AT);
            aws.advance(minutes(10));
            aws
        }),
        night("a step in floor mode", |_| trimmed(GroupSpec::sized(10, 10, 60))),
        night("at the floor", |_| usual(AT, GroupSpec::sized(2, 2, 60))),
        night("below the floor", |_| usual(AT, GroupSpec::sized(1, 1, 60))),
        night("wanted by another event meanwhile", |_| wanted(ten())),
        night("a step is undone", |lambda| {
            let aws = after_a_step(lambda, AT);
            aws.set_alarm(&alarm("web", "5xx"), AlarmState::Alarm);
            aws
        }),
        night("a raise is given back", |lambda| after_a_race(lambda, AT)),
        night("somebody's MinSize", |lambda| {
            persons_min(lambda, AT, GroupSpec::sized(10, 10, 60), 12)
        }),
        night("Launch suspended below the floor", |_| {
            let aws = usual(AT, GroupSpec::sized(1, 1, 60));
            aws.suspend(&web(), "Launch");
            aws
        }),
        night("the backstop is not permitted", |_| {
            let aws = ten();
            aws.inject(At::call(Call::PutBackstop), Fault::Denied);
            aws
        }),
        night("the load has been unknown for ten minutes", |lambda| {
            let aws = ten();
            lose(&aws, &load_spec("web"));
            lose(&aws, &healthy_spec("web"));
            lambda.wake(&aws, Event::Night);
            aws.advance(minutes(10));
            aws
        }),
        night("a refresh has run for two hours", |lambda| {
            let aws = ten();
            aws.set_refresh(&web(), Some("InProgress"));
            lambda.wake(&aws, Event::Night);
            aws.set_now(time(AT) + minutes(120));
            aws
        }),
        night("a veto alarm is gone", |_| {
            let aws = ten();
            aws.delete_alarm(&alarm("web", "5xx"));
            aws
        }),
        night("a tag cannot be read", |_| {
            let aws = ten();
            aws.set_tag(&web(), "tidegate:floor", "many");
            aws
        }),
        night("no such group", |_| empty(AT)),
        night("Auto Scaling is out of reach", |lambda| {
            outage(lambda, AT, GroupSpec::sized(10, 10, 60))
        }),
        night("a bad policy, below the floor", |_| bad_policy(AT, GroupSpec::sized(1, 1, 60))),
        scene("a rehearsal", Event::DryNight, |_| ten()),
        pair("two fleets, one in each mode", Event::Night, |_| {
            let ten = GroupSpec::sized(10, 10, 60);
            let aws = settled(AT, &[("api", ten.clone()), ("web", ten)]);
            let policy = ScalingPolicy { name: "trim".into(), can_scale_in: true };
            aws.attach_policy(&api(), policy);
            aws.interleave();
            aws
        }),
    ]
}

/// Ten in service, a load that needs two.
fn ten() -> FakeAws {
    usual(AT, GroupSpec::sized(10, 10, 60))
}

/// A native policy trims the group.
fn trimmed(spec: GroupSpec) -> FakeAws {
    let aws = usual(AT, spec);
    aws.attach_policy(&web(), ScalingPolicy { name: "trim".into(), can_scale_in: true });
    aws
}
