//! `doctor` over the fakes: what is measured, what may not be read, who else is there, the answers.

use crate::doctor::{WEB, ask, findings, level, of, question, scaler, site, sound};
use crate::scene::{NOON, POLICY, at, fleet, put, tick, world};
use jiff::SignedDuration;
use serde_json::Value;
use tidegate_domain::attach::{Scaler, ScalerKind};
use tidegate_domain::group::{Backstop, ScalingPolicy};
use tidegate_domain::metrics::{MetricSpec, Point};
use tidegate_domain::policy::Policy;
use tidegate_domain::ports::Groups;
use tidegate_fakes::{At, Call, FakeAws, Fault, GroupSpec, block_on};
use tidegate_ops::Report;
use tidegate_ops::doctor::{Question, Severity, json, judge, look, page};

#[test]
fn the_load_is_judged_as_the_functions_judge_it() {
    let load = "AWS/ApplicationELB RequestCount Sum";
    let aws = world();
    assert_eq!(of(&aws, "load"), [Severity::Stop], "missing");
    let spec: MetricSpec = load.parse().unwrap();
    let old = at(NOON) - SignedDuration::from_mins(30);
    aws.put_points(&spec, [Point { at: old, value: 100.0 }]);
    let stale = findings(&aws).into_iter().find(|f| f.code == "load").unwrap();
    assert_eq!(stale.severity, Severity::Stop);
    assert!(stale.found.contains("(AWS/ApplicationELB RequestCount Sum)"), "{stale:?}");
    level(&aws, load, 5, 100.0);
    assert_eq!(of(&aws, "load"), [Severity::Care], "gaps");
}

#[test]
fn a_target_group_that_is_not_the_groups_stands_in_the_way() {
    let name = "targetgroup/aira/0123456789abcdef";
    let metric = format!("AWS/ApplicationELB RequestCount Sum TargetGroup={name}");
    let policy = POLICY.replacen("AWS/ApplicationELB RequestCount Sum", &metric, 1);
    let (policy, fleet) = (Policy::parse(&policy).unwrap(), fleet(WEB));
    let aws = sound();
    let told = |aws: &FakeAws| {
        let sight = block_on(look(aws, &question(Some(&policy), &fleet))).unwrap();
        judge(&sight).into_iter().find(|f| f.code == "not-attached")
    };
    assert!(told(&aws).unwrap().found.contains(name));
    let arn = format!("arn:aws:elasticloadbalancing:ap-northeast-2:000000000000:{name}");
    site(&aws, |s| s.traffic.extend([arn]));
    assert_eq!(told(&aws), None);
}

#[test]
fn basic_monitoring_matters_most_where_cpu_is_the_load() {
    let cpu = "AWS/EC2 CPUUtilization Average AutoScalingGroupName=aira-web";
    let aws = world();
    assert_eq!(of(&aws, "no-cpu"), [Severity::Note]);
    level(&aws, cpu, 5, 30.0);
    assert_eq!(of(&aws, "basic-monitoring"), [Severity::Care]);
    let policy = POLICY.replacen("AWS/ApplicationELB RequestCount Sum", cpu, 1);
    let (policy, fleet) = (Policy::parse(&policy).unwrap(), fleet(WEB));
    let sight = block_on(look(&aws, &question(Some(&policy), &fleet))).unwrap();
    let told = judge(&sight).into_iter().find(|f| f.code == "basic-monitoring").unwrap();
    assert_eq!(told.severity, Severity::Stop);
    level(&aws, cpu, 1, 30.0);
    assert_eq!(of(&aws, "basic-monitoring"), []);
}

#[test]
fn a_launch_that_failed_stands_in_the_way_until_one_succeeds() {
    let aws = sound();
    for zone in ["ap-northeast-2a", "ap-northeast-2b", "ap-northeast-2c"] {
        aws.fail_launches(&fleet(WEB), zone, "no capacity", None);
    }
    aws.outside_set_desired(&fleet(WEB), 5).unwrap();
    let question_at = |aws: &FakeAws| {
        let (policy, fleet) = (Policy::parse(POLICY).unwrap(), fleet(WEB));
        let now = at(NOON) + SignedDuration::from_mins(30);
        let question = Question { now, ..question(Some(&policy), &fleet) };
        let found = judge(&block_on(look(aws, &question)).unwrap());
        found.into_iter().find(|f| f.code == "launch-failed")
    };
    aws.set_now(at(NOON) + SignedDuration::from_mins(5));
    assert!(question_at(&aws).unwrap().found.contains("no capacity"));
    for zone in ["ap-northeast-2a", "ap-northeast-2b", "ap-northeast-2c"] {
        aws.restore_zone(&fleet(WEB), zone);
    }
    aws.set_now(at(NOON) + SignedDuration::from_mins(30));
    assert_eq!(question_at(&aws), None);
}

#[test]
fn alarms_that_are_not_there_are_told_but_for_those_that_the_stack_makes() {
    let aws = world();
    let mut told: Vec<_> = findings(&aws).into_iter().filter(|f| f.code == "alarm").collect();
    told.sort_by(|a, b| a.found.cmp(&b.found));
    let told: Vec<_> = told.iter().map(|f| (f.found.as_str(), f.severity)).collect();
    let expected = [
        ("the alarm aira-web-5xx does not exist", Severity::Care),
        ("the alarm aira-web-cpu-high does not exist", Severity::Note),
    ];
    assert_eq!(told, expected);
}

#[test]
fn a_backstop_is_ours_where_this_table_remembers_the_group() {
    let aws = sound();
    let backstop = Backstop { min: 6, recurrence: "0 8 * * *".into(), time_zone: "UTC".into() };
    block_on(aws.put_backstop(&fleet(WEB), &backstop)).unwrap();
    assert_eq!(of(&aws, "another-tidegate"), [Severity::Stop]);
    tick(&aws, WEB);
    assert_eq!(of(&aws, "another-tidegate"), []);
    assert_eq!(of(&aws, "attached"), [Severity::Note]);
}

#[test]
fn the_mode_follows_from_what_scales_in_with_its_reasons() {
    let aws = sound();
    site(&aws, |s| {
        s.scalers.push(scaler(ScalerKind::Tracking, true));
        let off = ScalingPolicy { name: "old".into(), can_scale_in: false };
        s.scalers.push(Scaler { policy: off, kind: ScalerKind::Step, enabled: false });
    });
    let sight = ask(&aws).unwrap();
    let text = page(&sight).text.split_whitespace().collect::<Vec<_>>().join(" ");
    let line = "mode floor (raise-only): Tidegate moves MinSize, the group's policies trim above it; \
                theirs scales in, old is disabled";
    assert!(text.contains(line), "{text}");
    let value: Value = serde_json::from_str(&json(&sight).text).unwrap();
    assert_eq!((&value["mode"], &value["stops"]), (&"floor".into(), &0.into()));
    assert_eq!(value["mode_reasons"][0], "theirs scales in");
    assert_eq!(
        value["findings"][0]["do"].as_str().map(|s| s.contains("DisableScaleIn")),
        Some(true)
    );
}

#[test]
fn what_is_denied_is_a_finding_and_hides_nothing_else() {
    let calls = [
        (Call::Setup, "autoscaling:DescribeAutoScalingGroups"),
        (Call::Schedules, "autoscaling:DescribeScheduledActions"),
        (Call::Scalers, "autoscaling:DescribePolicies"),
        (Call::Hooks, "autoscaling:DescribeLifecycleHooks"),
        (Call::Evidence, "autoscaling:DescribeScalingActivities"),
        (Call::Read, "cloudwatch:GetMetricData"),
        (Call::Alarms, "cloudwatch:DescribeAlarms"),
        (Call::Load, "dynamodb:GetItem"),
    ];
    for (call, action) in calls {
        let aws = sound();
        aws.inject(At::call(call), Fault::Denied);
        aws.suspend(&fleet(WEB), "Launch");
        let sight = ask(&aws).unwrap();
        let found = judge(&sight);
        let named = found.iter().filter(|f| f.code == "permission" && f.found.starts_with(action));
        assert_eq!(named.count(), 1, "{action}: {found:?}");
        let seen = found.iter().any(|f| f.code == "suspended");
        assert_eq!(seen, call != Call::Setup, "{action}");
        assert_eq!(page(&sight).code(), 1);
    }
}

#[test]
fn what_cannot_be_answered_is_wrong_input() {
    let aws = sound();
    let (policy, ghost) = (Policy::parse(POLICY).unwrap(), fleet("ghost"));
    let error = block_on(look(&aws, &question(Some(&policy), &ghost))).unwrap_err();
    assert_eq!(
        (error.code(), error.to_string().as_str()),
        (2, "there is no Auto Scaling group ghost in a test")
    );
    aws.add_group(&ghost, GroupSpec::sized(1, 1, 2)).unwrap();
    let error = block_on(look(&aws, &question(Some(&policy), &ghost))).unwrap_err();
    assert!(
        error.code() == 2 && error.to_string().contains("it names aira-api, aira-web"),
        "{error}"
    );
    put(&aws, 1, POLICY);
    let sight = block_on(look(&aws, &question(None, &ghost))).unwrap();
    assert!(page(&sight).text.contains("the policy in force does not name ghost"));
}

#[test]
fn nothing_is_written_and_every_read_is_known() {
    let aws = sound();
    put(&aws, 1, POLICY);
    aws.clear_log();
    let fleet = fleet(WEB);
    let _: Report = page(&block_on(look(&aws, &question(None, &fleet))).unwrap());
    assert!(aws.log().iter().all(|logged| !logged.call.is_write()));
}
