//! `doctor` over the fakes: each thing that can stand in the way, a row each.

use crate::scene::{NOON, POLICY, at, fleet};
use jiff::SignedDuration;
use tidegate_domain::attach::{Hook, Scaler, ScalerKind, ScheduledAction, Trait};
use tidegate_domain::group::ScalingPolicy;
use tidegate_domain::metrics::{MetricSpec, Point, Window};
use tidegate_domain::policy::Policy;
use tidegate_fakes::{FakeAws, GroupSpec, block_on};
use tidegate_ops::Failure;
use tidegate_ops::doctor::{Finding, Question, Severity, Sight, judge, look, page};

pub const WEB: &str = "aira-web";

pub fn question<'a>(
    policy: Option<&'a Policy>,
    fleet: &'a tidegate_domain::ids::FleetName,
) -> Question<'a> {
    Question { fleet, policy, seed: None, has_table: true, now: at(NOON), place: "in a test" }
}

pub fn ask(aws: &FakeAws) -> Result<Sight, Failure> {
    let (policy, fleet) = (Policy::parse(POLICY).unwrap(), fleet(WEB));
    block_on(look(aws, &question(Some(&policy), &fleet)))
}

pub fn findings(aws: &FakeAws) -> Vec<Finding> {
    judge(&ask(aws).unwrap())
}

pub fn of(aws: &FakeAws, code: &str) -> Vec<Severity> {
    findings(aws).into_iter().filter(|f| f.code == code).map(|f| f.severity).collect()
}

pub fn level(aws: &FakeAws, metric: &str, every_mins: i64, value: f64) {
    let spec: MetricSpec = metric.parse().unwrap();
    let window = Window::before(at(NOON), SignedDuration::from_mins(110));
    let minutes = (0..110).filter(|minute| minute % every_mins == 0);
    let points =
        minutes.map(|minute| Point { at: window.from + SignedDuration::from_mins(minute), value });
    aws.put_points(&spec, points);
}

/// A group with nothing to say about it: load, CPU by the minute, alarms, group metrics.
pub fn sound() -> FakeAws {
    let aws = FakeAws::at(at(NOON));
    aws.add_group(&fleet(WEB), GroupSpec::sized(2, 4, 40)).unwrap();
    aws.set_site(&fleet(WEB), |site| {
        let all =
            ["GroupInServiceInstances", "GroupDesiredCapacity", "GroupMinSize", "GroupMaxSize"];
        site.metrics = all.map(str::to_owned).into();
    });
    level(&aws, "AWS/ApplicationELB RequestCount Sum", 1, 900.0);
    level(&aws, "AWS/EC2 CPUUtilization Average AutoScalingGroupName=aira-web", 1, 30.0);
    for name in ["aira-web-cpu-high", "aira-web-5xx"] {
        let spec: MetricSpec = "AWS/EC2 CPUUtilization Average".parse().unwrap();
        let query = tidegate_domain::metrics::MetricQuery::metric(spec);
        let name = tidegate_domain::ids::AlarmName::new(name).unwrap();
        let above = tidegate_domain::metrics::Comparison::Above;
        aws.put_alarm(tidegate_fakes::AlarmSpec::new(&name, query, above, 90.0));
    }
    aws
}

#[test]
fn of_a_sound_group_there_is_nothing_to_say() {
    let aws = sound();
    assert_eq!(findings(&aws), []);
    let report = page(&ask(&aws).unwrap());
    assert_eq!(report.code(), 0);
    for line in [
        "aira-web in a test\n",
        "  sizes   MinSize 2, desired 4, MaxSize 40; 4 serving\n",
        "  mode    owner: Tidegate raises and lowers, desired too; the group has no scaling policy\n",
        "  policy  floor 6 from 08:00, 2 from 22:00 (Asia/Seoul), at most 40\n",
        "nothing was found: attach it\n",
    ] {
        assert!(report.text.contains(line), "{line}\n{}", report.text);
    }
}

pub fn scaler(kind: ScalerKind, can_scale_in: bool) -> Scaler {
    let policy = ScalingPolicy { name: "theirs".to_owned(), can_scale_in };
    Scaler { policy, kind, enabled: true }
}

fn action(recurrence: Option<&str>) -> ScheduledAction {
    ScheduledAction {
        name: "theirs".to_owned(),
        recurrence: recurrence.map(str::to_owned),
        time_zone: "Asia/Seoul".to_owned(),
        ..ScheduledAction::default()
    }
}

fn hook(launching: bool, secs: i64) -> Hook {
    let timeout = SignedDuration::from_secs(secs);
    Hook { name: "warm".to_owned(), launching, timeout, abandons: true }
}

type Change = fn(&FakeAws);

pub fn site(aws: &FakeAws, change: impl FnOnce(&mut tidegate_fakes::Site)) {
    aws.set_site(&fleet(WEB), change);
}

/// What is done to a sound group, the code of what is found then, and how much it matters.
#[test]
fn each_thing_is_found_and_weighed() {
    use Severity::{Care, Note, Stop};
    let rows: [(&str, Change, &str, Severity); 27] = [
        ("MinSize 0", |a| a.outside_set_min(&fleet(WEB), 0).unwrap(), "min-zero", Care),
        (
            "MinSize above the night",
            |a| a.outside_set_min(&fleet(WEB), 3).unwrap(),
            "min-taken-over",
            Note,
        ),
        (
            "MaxSize below the day",
            |a| a.outside_set_max(&fleet(WEB), 5).unwrap(),
            "max-below-floor",
            Stop,
        ),
        (
            "MaxSize below the budget",
            |a| a.outside_set_max(&fleet(WEB), 39).unwrap(),
            "max-below-budget",
            Care,
        ),
        ("Launch suspended", |a| a.suspend(&fleet(WEB), "Launch"), "suspended", Stop),
        ("AZRebalance suspended", |a| a.suspend(&fleet(WEB), "AZRebalance"), "suspended", Note),
        ("being deleted", |a| a.delete_group(&fleet(WEB)), "deleting", Stop),
        ("no group metrics", |a| site(a, |s| s.metrics.clear()), "group-metrics", Care),
        ("protected", |a| a.protect_all(&fleet(WEB), true), "protected", Care),
        (
            "protects new",
            |a| site(a, |s| s.traits.extend([Trait::ProtectsNew])),
            "protects-new",
            Care,
        ),
        ("mixed", |a| site(a, |s| s.traits.extend([Trait::Mixed])), "mixed", Note),
        ("weighted", |a| site(a, |s| s.traits.extend([Trait::Weighted])), "weighted", Note),
        ("warm pool", |a| site(a, |s| s.traits.extend([Trait::WarmPool])), "warm-pool", Note),
        (
            "a stack's",
            |a| a.set_tag(&fleet(WEB), "aws:cloudformation:stack-name", "shop"),
            "cloudformation",
            Note,
        ),
        (
            "EC2 health only",
            |a| site(a, |s| s.traffic.extend(["arn:tg".into()])),
            "health-check",
            Care,
        ),
        ("a hold", |a| a.set_tag(&fleet(WEB), "tidegate:hold", "all"), "tag", Care),
        ("an empty hold", |a| a.set_tag(&fleet(WEB), "tidegate:hold", "none"), "tag", Note),
        (
            "predictive",
            |a| site(a, |s| s.scalers.push(scaler(ScalerKind::Predictive { scales: true }, false))),
            "predictive",
            Care,
        ),
        (
            "tracking in",
            |a| site(a, |s| s.scalers.push(scaler(ScalerKind::Tracking, true))),
            "scales-in",
            Care,
        ),
        (
            "steps in",
            |a| site(a, |s| s.scalers.push(scaler(ScalerKind::Step, true))),
            "scales-in",
            Care,
        ),
        (
            "unknown policy",
            |a| site(a, |s| s.scalers.push(scaler(ScalerKind::Other("X".into()), true))),
            "scales-in",
            Care,
        ),
        ("long hook", |a| site(a, |s| s.hooks.push(hook(true, 3_600))), "hook", Care),
        ("short hook", |a| site(a, |s| s.hooks.push(hook(true, 60))), "hook", Note),
        ("a hook on leaving", |a| site(a, |s| s.hooks.push(hook(false, 3_600))), "hook", Note),
        ("a refresh", |a| a.set_refresh(&fleet(WEB), Some("InProgress")), "refresh", Note),
        (
            "weights by instance",
            |a| other_group(a, GroupSpec::sized(2, 4, 40).weight(2)),
            "weighted",
            Note,
        ),
        (
            "by vCPU",
            |a| other_group(a, GroupSpec::sized(2, 4, 40).foreign_unit("vcpu")),
            "capacity-unit",
            Stop,
        ),
    ];
    for (name, change, code, severity) in rows {
        let aws = sound();
        change(&aws);
        let found = findings(&aws);
        let told: Vec<_> = found.iter().map(|f| (f.code, f.severity)).collect();
        assert!(told.contains(&(code, severity)), "{name}: {told:?}");
        for finding in &found {
            let texts = [&finding.found, &finding.why, &finding.act];
            assert!(texts.iter().all(|text| !text.is_empty()), "{name}: {finding:?}");
        }
    }
}

/// Another group in the place of the sound one.
fn other_group(aws: &FakeAws, spec: GroupSpec) {
    aws.delete_group(&fleet(WEB));
    aws.set_now(at(NOON) + SignedDuration::from_mins(5));
    aws.add_group(&fleet(WEB), spec).unwrap();
}

#[test]
fn what_does_no_harm_is_not_told() {
    let rows: [(&str, Change); 6] = [
        ("forecast only", |a| {
            site(a, |s| s.scalers.push(scaler(ScalerKind::Predictive { scales: false }, false)))
        }),
        ("tracking out only", |a| site(a, |s| s.scalers.push(scaler(ScalerKind::Tracking, false)))),
        ("disabled predictive", |a| {
            let off =
                Scaler { enabled: false, ..scaler(ScalerKind::Predictive { scales: true }, false) };
            site(a, |s| s.scalers.push(off));
        }),
        ("over", |a| {
            let end = Some(at(NOON));
            site(a, |s| {
                s.schedules.push(ScheduledAction { min: Some(1), end, ..action(Some("0 8 * * *")) })
            });
        }),
        ("once, and it was", |a| {
            let start = Some(at(NOON));
            site(a, |s| s.schedules.push(ScheduledAction { min: Some(1), start, ..action(None) }));
        }),
        ("load balancer health", |a| {
            site(a, |s| {
                s.traffic.insert("arn:tg".into());
                s.health_checks.insert("ELB".into());
            })
        }),
    ];
    for (name, change) in rows {
        let aws = sound();
        change(&aws);
        assert_eq!(findings(&aws), [], "{name}");
    }
}

#[test]
fn scheduled_actions_are_weighed_by_what_they_set() {
    use Severity::{Care, Stop};
    let daily = || action(Some("0 3 * * *"));
    let sizes = |min, desired, max| ScheduledAction { min, desired, max, ..daily() };
    let soon = Some(at(NOON) + SignedDuration::from_hours(2));
    for (name, action, expected) in [
        (
            "MinSize below the day's floor",
            sizes(Some(5), None, None),
            vec![("schedule-sizes", Stop)],
        ),
        ("MinSize at the floor", sizes(Some(6), None, None), vec![("schedule-sizes", Care)]),
        ("desired below the floor", sizes(None, Some(2), None), vec![("schedule-sizes", Stop)]),
        ("MaxSize below the budget", sizes(None, None, Some(39)), vec![("schedule-sizes", Stop)]),
        ("MaxSize at the budget", sizes(None, None, Some(40)), vec![("schedule-sizes", Care)]),
        (
            "once",
            ScheduledAction { min: Some(1), start: soon, ..action(None) },
            vec![("schedule-sizes", Care)],
        ),
        (
            "at the day's start, in another zone",
            ScheduledAction {
                min: Some(8),
                time_zone: "UTC".to_owned(),
                ..action(Some("0 23 * * SUN"))
            },
            vec![("schedule-clash", Stop), ("schedule-sizes", Care)],
        ),
        (
            "on a day without a day",
            ScheduledAction { min: Some(8), ..action(Some("0 8 * * SAT")) },
            vec![("schedule-sizes", Care)],
        ),
        (
            "a minute later",
            ScheduledAction { min: Some(8), ..action(Some("1 8 * * *")) },
            vec![("schedule-sizes", Care)],
        ),
    ] {
        let aws = sound();
        site(&aws, |s| s.schedules.push(action));
        let told: Vec<_> = findings(&aws).iter().map(|f| (f.code, f.severity)).collect();
        assert_eq!(told, expected, "{name}");
    }
}

#[test]
fn without_a_policy_every_scheduled_size_may_cut() {
    let aws = sound();
    site(&aws, |s| {
        s.schedules.push(ScheduledAction { min: Some(500), ..action(Some("0 8 * * *")) })
    });
    let fleet = fleet(WEB);
    let sight = block_on(look(&aws, &question(None, &fleet))).unwrap();
    let told: Vec<_> = judge(&sight).iter().map(|f| (f.code, f.severity)).collect();
    assert_eq!(told, [("schedule-sizes", Severity::Stop), ("no-policy", Severity::Note)]);
    assert!(page(&sight).text.contains("  policy  unknown: none is stored"));
}
