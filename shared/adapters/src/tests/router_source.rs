//! CloudWatch's alarms as the router sees them.

use super::aws;
use super::peer::{Answer, Cbor, Peer, cbor};
use super::router_scene::{arn, at};
use tidegate_domain::alarms::event::{Kind, State};
use tidegate_domain::alarms::intake::identify;
use tidegate_domain::alarms::ports::AlarmSource;
use tidegate_domain::ports::{PortError, PortResult};

type Pairs = Vec<(&'static str, Cbor)>;

/// An alarm with an ARN, a name, a state and its times, and whatever else.
fn alarm(name: &'static str, more: Pairs) -> Cbor {
    let arn: &'static str = arn(name).leak();
    let mut all = vec![
        ("AlarmName", Cbor::Text(name)),
        ("AlarmArn", Cbor::Text(arn)),
        ("StateValue", Cbor::Text("ALARM")),
        ("StateReason", Cbor::Text("Threshold\u{202e} Crossed")),
        ("AlarmDescription", Cbor::Text("what to do")),
        ("StateUpdatedTimestamp", Cbor::Time(900)),
        ("StateTransitionedTimestamp", Cbor::Time(600)),
    ];
    all.extend(more);
    Cbor::Map(all)
}

fn page(metric: Vec<Cbor>, composite: Vec<Cbor>, next: Option<&'static str>) -> Answer {
    let mut answer =
        vec![("MetricAlarms", Cbor::List(metric)), ("CompositeAlarms", Cbor::List(composite))];
    answer.extend(next.map(|token| ("NextToken", Cbor::Text(token))));
    cbor(200, &Cbor::Map(answer))
}

fn text(name: &'static str, value: &'static str) -> (&'static str, Cbor) {
    (name, Cbor::Text(value))
}

fn dimension(value: &'static str) -> (&'static str, Cbor) {
    let dimension = Cbor::Map(vec![text("Name", "AutoScalingGroupName"), text("Value", value)]);
    ("Dimensions", Cbor::List(vec![dimension]))
}

fn own_metric() -> Pairs {
    vec![
        text("Namespace", "AWS/EC2"),
        text("MetricName", "CPUUtilization"),
        dimension("web"),
        ("Threshold", Cbor::Number(80.0)),
    ]
}

/// A line of an expression over a metric of its own.
fn lines(expression: &'static str) -> (&'static str, Cbor) {
    let metric = Cbor::Map(vec![
        text("Namespace", "AWS/ApplicationELB"),
        text("MetricName", "RequestCount"),
        dimension("web"),
    ]);
    let stat = Cbor::Map(vec![("Metric", metric), text("Stat", "Sum")]);
    let math = Cbor::Map(vec![text("Id", "e"), text("Expression", expression)]);
    let read = Cbor::Map(vec![text("Id", "m"), ("MetricStat", stat)]);
    ("Metrics", Cbor::List(vec![math, read]))
}

#[tokio::test]
async fn what_fires_is_told_as_events_page_by_page() {
    let mut cpu = own_metric();
    cpu.push(text("ComparisonOperator", "GreaterThanThreshold"));
    let all = alarm(
        "all",
        vec![
            text("AlarmRule", "ALARM(cpu)"),
            text("ActionsSuppressedBy", "WaitPeriod"),
            text("ActionsSuppressor", "deploying"),
        ],
    );
    let peer = Peer::answering(vec![
        page(vec![alarm("cpu", cpu)], vec![], Some("2")),
        page(vec![], vec![all], None),
    ]);
    let firing = aws(&peer.url).firing().await.unwrap();
    let [cpu, all] = firing.as_slice() else { panic!("{firing:?}") };

    assert_eq!(cpu.id, identify(&arn("cpu"), "cpu", None), "the same alarm as in its event");
    assert_eq!((cpu.account.as_str(), cpu.region.as_str()), ("123456789012", "eu-central-1"));
    assert_eq!((cpu.kind, &cpu.state, cpu.state_at), (Kind::Metric, &State::Alarm, at(600)));
    assert_eq!((cpu.threshold, cpu.comparison.as_deref()), (Some(80.0), Some(">")));
    assert_eq!(
        (cpu.reason.as_str(), cpu.description.as_str()),
        ("Threshold Crossed", "what to do")
    );
    let metric = cpu.metric.as_ref().unwrap();
    assert_eq!((metric.namespace.as_str(), metric.name.as_str()), ("AWS/EC2", "CPUUtilization"));
    assert_eq!(metric.dimensions["AutoScalingGroupName"], "web");
    assert_eq!((&cpu.suppressed_by, &cpu.tags), (&None, &None));

    assert_eq!((all.kind, all.rule.as_deref()), (Kind::Composite, Some("ALARM(cpu)")));
    assert_eq!(all.suppressed_by.as_deref(), Some("WaitPeriod (deploying)"));
    assert_eq!((&all.metric, all.threshold), (&None, None));
    assert_eq!(peer.asked().len(), 2);
    for part in ["StateValue", "ALARM", "MetricAlarm", "CompositeAlarm", "MaxRecords"] {
        assert!(peer.asked()[0].body.contains(part), "{part}");
    }
}

#[tokio::test]
async fn each_sort_of_alarm_is_known() {
    let band = "ANOMALY_DETECTION_BAND(m, 2)";
    let above = text("ComparisonOperator", "GreaterThanUpperThreshold");
    let at_most = text("ComparisonOperator", "LessThanOrEqualToThreshold");
    for (case, more, kind, comparison, metric) in [
        ("metric", own_metric(), Kind::Metric, None, "CPUUtilization"),
        ("math", vec![lines("m/2"), at_most], Kind::MetricMath, Some("<="), "RequestCount"),
        ("band", vec![lines(band), above], Kind::AnomalyBand, None, "RequestCount"),
        (
            "band by its id",
            vec![lines("m"), text("ThresholdMetricId", "e")],
            Kind::AnomalyBand,
            None,
            "RequestCount",
        ),
    ] {
        let peer = Peer::answering(vec![page(vec![alarm("a", more)], vec![], None)]);
        let found = aws(&peer.url).firing().await.unwrap();
        assert_eq!((found[0].kind, found[0].comparison.as_deref()), (kind, comparison), "{case}");
        assert_eq!(found[0].metric.as_ref().unwrap().name, metric, "{case}");
    }
}

#[tokio::test]
async fn one_alarm_that_cannot_be_read_hides_no_other() {
    let nameless = Cbor::Map(vec![text("StateValue", "ALARM")]);
    let arn: &'static str = arn("timeless").leak();
    let timeless = Cbor::Map(vec![text("AlarmName", "timeless"), text("AlarmArn", arn)]);
    let good = alarm("good", own_metric());
    let peer = Peer::answering(vec![page(vec![nameless, timeless, good], vec![], None)]);
    let names: Vec<String> =
        aws(&peer.url).firing().await.unwrap().into_iter().map(|event| event.id.name).collect();
    assert_eq!(names, ["good"]);
}

#[tokio::test]
async fn a_list_that_does_not_end_is_an_error_and_not_a_short_list() {
    let peer = Peer::answering(vec![page(vec![], vec![], Some("again"))]);
    let answer = aws(&peer.url).firing().await;
    assert!(matches!(answer, Err(PortError::Unreadable { .. })), "{answer:?}");
    assert_eq!(peer.asked().len(), 200);
}

#[tokio::test]
async fn names_are_asked_for_by_the_hundred_in_any_state() {
    let peer = Peer::answering(vec![page(vec![], vec![], None)]);
    let names: Vec<String> = (0..250).map(|n| format!("a{n}")).collect();
    assert_eq!(aws(&peer.url).named(&names).await, Ok(vec![]));
    assert_eq!(peer.asked().len(), 3);
    assert!(!peer.asked()[0].body.contains("StateValue"));
    assert_eq!(aws(&peer.url).named(&[]).await, Ok(vec![]));
    assert_eq!(peer.asked().len(), 3, "no names are not all names");
}

#[tokio::test]
async fn throttling_is_tried_three_times() {
    let refusal = Cbor::Map(vec![
        text("__type", "com.amazonaws.cloudwatch#ThrottlingException"),
        text("message", "slow"),
    ]);
    let peer = Peer::answering(vec![cbor(400, &refusal)]);
    let answer: PortResult<_> = aws(&peer.url).firing().await;
    assert!(matches!(answer, Err(PortError::Throttled { .. })), "{answer:?}");
    assert_eq!(peer.asked().len(), 3);
}

#[tokio::test]
async fn tags_are_read_by_arn() {
    let tag = |key, value| Cbor::Map(vec![text("Key", key), text("Value", value)]);
    let tags = Cbor::List(vec![tag("severity", "critical"), tag("team", "da\u{7}ta")]);
    let peer = Peer::answering(vec![cbor(200, &Cbor::Map(vec![("Tags", tags)]))]);
    let tags = aws(&peer.url).tags(&arn("cpu")).await.unwrap();
    let shown: Vec<_> = tags.iter().map(|(k, v)| (k.as_str(), v.as_str())).collect();
    assert_eq!(shown, [("severity", "critical"), ("team", "data")]);
    assert!(peer.asked()[0].body.contains(&arn("cpu")));
}
