//! Each label and where it comes from.

use super::*;
use crate::alarms::event::{AlarmId, Kind, State, WatchedMetric};
use jiff::Timestamp;

/// Fleets on one load balancer, a fleet without target group, names that begin alike, and an alarm
/// that vetoes for two.
fn policy() -> Policy {
    let fleet = |name: &str, metric: &str, vetoes: &str| {
        format!(
            r#"
[fleets.{name}]
min = 1
time_zone = "Asia/Seoul"
capacity_per_instance = 100
boot_secs = 120
budget_max = 40
[fleets.{name}.load]
expression = "requests"
metrics = {{ requests = "AWS/ApplicationELB RequestCount Sum {metric}" }}
healthy = "AWS/ApplicationELB HealthyHostCount Minimum LoadBalancer=app/shared/1,TargetGroup=tg/{name}"
[fleets.{name}.day]
starts = "08:00"
floor = 6
[fleets.{name}.night]
starts = "22:00"
floor = 2
[fleets.{name}.lower]
veto_alarms = [{vetoes}]
[[fleets.{name}.spike]]
alarm = "spike of {name}"
adjustment = "change"
steps = [{{ from = 0, add = 1 }}]
"#
        )
    };
    let solo = fleet("solo", "LoadBalancer=app/solo/1", "\"db-cpu\"");
    let solo =
        solo.replace("LoadBalancer=app/shared/1,TargetGroup=tg/solo", "LoadBalancer=app/solo/1");
    let text = [
        "version = 1\n".to_owned(),
        fleet("web", "TargetGroup=tg/web", "\"errors\", \"db-cpu\""),
        fleet("web-eu", "TargetGroup=tg/web-eu", ""),
        solo,
    ];
    Policy::parse(&text.concat()).unwrap()
}

fn event(name: &str) -> AlarmEvent {
    AlarmEvent {
        account: "000000000000".into(),
        region: "ap-northeast-2".into(),
        ..AlarmEvent::bare(
            AlarmId { arn: format!("arn:{name}"), name: name.into(), contributor: None },
            Kind::Metric,
            State::Alarm,
            Timestamp::UNIX_EPOCH,
        )
    }
}

fn map(pairs: &[(&str, &str)]) -> BTreeMap<String, String> {
    pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
}

fn watching(name: &str, dimensions: &[(&str, &str)]) -> AlarmEvent {
    let metric = WatchedMetric {
        namespace: "AWS/ApplicationELB".into(),
        name: "RequestCount".into(),
        dimensions: map(dimensions),
    };
    AlarmEvent { metric: Some(metric), ..event(name) }
}

fn tagged(event: AlarmEvent, tags: &[(&str, &str)]) -> AlarmEvent {
    AlarmEvent { tags: Some(map(tags)), ..event }
}

#[test]
fn every_label_of_an_alarm() {
    let full = tagged(
        watching("web-use_WARNING", &[("LoadBalancer", "app/shared/1"), ("TargetGroup", "tg/web")]),
        &[("team", "platform"), ("service", "chat")],
    );
    let want = map(&[
        ("account", "000000000000"),
        ("alarm", "web-use_WARNING"),
        ("dimension.LoadBalancer", "app/shared/1"),
        ("dimension.TargetGroup", "tg/web"),
        ("fleet", "web"),
        ("kind", "metric"),
        ("metric", "RequestCount"),
        ("namespace", "AWS/ApplicationELB"),
        ("region", "ap-northeast-2"),
        ("resource", "LoadBalancer=app/shared/1,TargetGroup=tg/web"),
        ("service", "chat"),
        ("severity", "warning"),
        ("tag.service", "chat"),
        ("tag.team", "platform"),
    ]);
    assert_eq!(label(&full, &policy()), Labels(want));
    let bare = label(&AlarmEvent { kind: Kind::Unclassified, ..event("x") }, &policy());
    let want = map(&[
        ("account", "000000000000"),
        ("alarm", "x"),
        ("kind", "unclassified"),
        ("region", "ap-northeast-2"),
        ("resource", "x"),
    ]);
    assert_eq!(bare, Labels(want), "what is absent is not there");
    assert_eq!((bare.get("fleet"), bare.get("alarm")), ("", "x"));
}

#[test]
fn fleets_by_what_is_surest() {
    let labeller = Labeller::new(&policy());
    let (lb, tg) = ("LoadBalancer", "TargetGroup");
    let contributor = AlarmEvent {
        attributes: map(&[("AutoScalingGroupName", "web")]),
        ..watching("x", &[(tg, "tg/web-eu")])
    };
    for (what, event, fleet) in [
        ("its group", watching("web-x", &[("AutoScalingGroupName", "solo")]), "solo"),
        ("a group of nobody's", watching("web-x", &[("AutoScalingGroupName", "other")]), "other"),
        ("a contributor's group", contributor, "web"),
        (
            "its target group",
            watching("solo-x", &[(lb, "app/shared/1"), (tg, "tg/web-eu")]),
            "web-eu",
        ),
        ("a target group alone", watching("x", &[(tg, "tg/web")]), "web"),
        ("its load balancer", watching("x", &[(lb, "app/solo/1")]), "solo"),
        (
            "no target group of its own",
            watching("x", &[(lb, "app/solo/1"), (tg, "tg/new")]),
            "solo",
        ),
        ("a shared load balancer", watching("x", &[(lb, "app/shared/1")]), ""),
        ("another target group", watching("x", &[(lb, "app/shared/1"), (tg, "tg/new")]), ""),
        ("no such load balancer", watching("x", &[(lb, "app/none/1")]), ""),
        ("an empty group", watching("x", &[("AutoScalingGroupName", "")]), ""),
        ("its step table", event("spike of web-eu"), "web-eu"),
        ("its veto", event("errors"), "web"),
        ("a veto of two", event("db-cpu"), ""),
        ("the alarm before the tag", tagged(event("errors"), &[("fleet", "solo")]), "web"),
        ("its tag", tagged(event("web-x"), &[("fleet", " solo ")]), "solo"),
        ("an empty tag", tagged(event("web-x"), &[("fleet", " ")]), "web"),
        ("its name", event("web-x"), "web"),
        ("the longest name", event("web-eu-x-y"), "web-eu"),
        ("a name that goes on", event("web-euro-x"), "web"),
        ("the name itself", event("web-eu"), "web"),
        ("the name with a dash", event("web-eu-"), "web-eu"),
        ("another beginning", event("webs-x"), ""),
        ("no dash", event("web_x"), ""),
        ("characters of several bytes", event("웹-x-한"), ""),
    ] {
        assert_eq!(labeller.label(&event).get("fleet"), fleet, "{what}");
    }
}

#[test]
fn a_load_balancer_that_only_fleets_with_target_groups_have() {
    // One fleet alone on it: its other target groups are still not the fleet's.
    let mut policy = policy();
    policy.fleets.retain(|name, _| name.as_str() == "web");
    let labeller = Labeller::new(&policy);
    let (lb, tg) = (("LoadBalancer", "app/shared/1"), "TargetGroup");
    for (dimensions, fleet) in
        [(vec![lb], "web"), (vec![lb, (tg, "tg/web")], "web"), (vec![lb, (tg, "tg/other")], "")]
    {
        assert_eq!(labeller.label(&watching("x", &dimensions)).get("fleet"), fleet);
    }
}

#[test]
fn severities_by_tag_and_by_name() {
    let labeller = Labeller::default();
    for (name, tag, severity) in [
        ("a-critical", None, "critical"),
        ("a_Warning", None, "warning"),
        ("a.INFO", None, "info"),
        ("a-critical-b", None, ""),
        ("critical", None, ""),
        ("acritical", None, ""),
        ("a-criticality", None, ""),
        ("-critical", None, "critical"),
        ("a-critical", Some("Info"), "info"),
        ("a-critical", Some(" SEV1 "), "sev1"),
        ("a-critical", Some(""), "critical"),
    ] {
        let tags: Vec<(&str, &str)> = tag.map(|tag| ("severity", tag)).into_iter().collect();
        let event = tagged(event(name), &tags);
        assert_eq!(labeller.label(&event).get("severity"), severity, "{name}, {tag:?}");
    }
}

#[test]
fn services_by_tag_fleet_and_namespace() {
    let labeller = Labeller::new(&policy());
    for (what, event, service) in [
        ("its tag", tagged(watching("web-x", &[]), &[("service", "chat")]), "chat"),
        ("its fleet", watching("web-x", &[]), "web"),
        ("its namespace", watching("x", &[]), "ApplicationELB"),
        ("nothing", event("x"), ""),
    ] {
        assert_eq!(labeller.label(&event).get("service"), service, "{what}");
    }
    let mut own = watching("x", &[]);
    own.metric.as_mut().unwrap().namespace = "Aira/AWS/Chat".into();
    assert_eq!(labeller.label(&own).get("service"), "Aira/AWS/Chat");
}

#[test]
fn resources_are_dimensions_else_attributes_else_the_name_and_never_two_as_one() {
    let labeller = Labeller::default();
    let resource = |event: &AlarmEvent| labeller.label(event).get("resource").to_owned();
    assert_eq!(resource(&event("x")), "x");
    assert_eq!(resource(&watching("x", &[("B", "2"), ("A", "1")])), "A=1,B=2");
    let contributor =
        AlarmEvent { attributes: map(&[("Table", "t")]), ..watching("x", &[("B", "2")]) };
    assert_eq!(resource(&contributor), "Table=t");
    assert_eq!(labeller.label(&contributor).get("dimension.Table"), "t");
    let long = |end: &str| resource(&watching("x", &[("A", &format!("{}{end}", "v".repeat(500)))]));
    assert!(long("1").chars().count() <= RESOURCE_CHARS);
    assert_ne!(long("1"), long("2"));
}
