//! What the adapters make of answers: throttling, busy groups, pages, broken words.

use super::peer::{Answer, Cbor, Peer, cbor, json, xml, xml_error};
use super::{aws, fleet};
use jiff::Timestamp;
use serde_json::json;
use std::time::{Duration, Instant};
use tidegate_domain::group::Mode;
use tidegate_domain::ids::AlarmName;
use tidegate_domain::memory::Memory;
use tidegate_domain::metrics::{AlarmState, Comparison, MetricQuery, Point, Window};
use tidegate_domain::notice::{Notice, Severity};
use tidegate_domain::ports::{
    Control, Groups, LeaseToken, Metrics, Notices, PortError, PortResult,
};

const NO_GROUPS: &str = "<DescribeAutoScalingGroupsResponse><DescribeAutoScalingGroupsResult>\
    <AutoScalingGroups/></DescribeAutoScalingGroupsResult></DescribeAutoScalingGroupsResponse>";
const DONE: &str = "<SetDesiredCapacityResponse/>";
const SENT: &str = "<PublishResponse><PublishResult><MessageId>m</MessageId></PublishResult>\
    </PublishResponse>";

fn throttled<T: std::fmt::Debug>(answer: PortResult<T>) {
    assert!(matches!(answer, Err(PortError::Throttled { .. })), "{answer:?}");
}

#[tokio::test]
async fn throttling_is_tried_three_times_and_no_more() {
    let peer = Peer::answering(vec![xml_error(400, "Throttling")]);
    throttled(aws(&peer.url).describe(&fleet()).await);
    assert_eq!(peer.asked().len(), 3);

    let refusal = json(400, &json!({"__type": "x#ThrottlingException", "message": "slow"}));
    let peer = Peer::answering(vec![refusal]);
    throttled(aws(&peer.url).load(&fleet()).await);
    assert_eq!(peer.asked().len(), 3);

    let refusal = Cbor::Map(vec![
        ("__type", Cbor::Text("com.amazonaws.cloudwatch#ThrottlingException")),
        ("message", Cbor::Text("slow")),
    ]);
    let peer = Peer::answering(vec![cbor(400, &refusal)]);
    throttled(aws(&peer.url).alarms(&[alarm()]).await);
    assert_eq!(peer.asked().len(), 3);
}

#[tokio::test]
async fn throttling_that_passes_is_not_seen() {
    let peer = Peer::answering(vec![xml_error(400, "Throttling"), xml(200, NO_GROUPS)]);
    assert_eq!(aws(&peer.url).describe(&fleet()).await, Ok(None));
    assert_eq!(peer.asked().len(), 2);
}

#[tokio::test]
async fn a_busy_group_is_asked_again_which_the_sdk_does_not_do() {
    let busy = || xml_error(400, "ScalingActivityInProgress");
    let done = || xml(200, "<UpdateAutoScalingGroupResponse/>");
    let peer = Peer::answering(vec![busy(), busy(), done()]);
    assert_eq!(aws(&peer.url).set_min(&fleet(), 3).await, Ok(()));
    assert_eq!(peer.asked().len(), 3);
    assert!(peer.asked()[2].body.contains("MinSize=3"));

    let peer = Peer::answering(vec![busy()]);
    let start = Instant::now();
    throttled(aws(&peer.url).set_min(&fleet(), 3).await);
    assert_eq!(peer.asked().len(), 3);
    assert!(start.elapsed() < Duration::from_secs(3));
}

/// A second attempt would cut a raise that somebody made after the first, unseen.
#[tokio::test]
async fn desired_capacity_is_written_once_whatever_comes_back() {
    let answers = [
        ("lost", Answer::Lost),
        ("busy", xml_error(400, "ScalingActivityInProgress")),
        ("throttled", xml_error(400, "Throttling")),
        ("contention", xml_error(500, "ResourceContention")),
        ("unavailable", xml_error(503, "ServiceUnavailable")),
    ];
    for (case, answer) in answers {
        let peer = Peer::answering(vec![answer, xml(200, DONE)]);
        assert!(aws(&peer.url).set_desired(&fleet(), 3).await.is_err(), "{case}");
        assert_eq!(peer.asked().len(), 1, "{case}");
        assert!(peer.asked()[0].body.contains("DesiredCapacity=3"));
    }
    let peer = Peer::answering(vec![xml(200, DONE)]);
    assert_eq!(aws(&peer.url).set_desired(&fleet(), 3).await, Ok(()));
}

#[tokio::test]
async fn what_is_wrong_is_sent_once() {
    let peer = Peer::answering(vec![xml_error(400, "ValidationError")]);
    let error = aws(&peer.url).set_desired(&fleet(), 3).await.unwrap_err();
    assert_eq!(
        error.to_string(),
        "SetDesiredCapacity was refused: ValidationError: the words (HTTP 400, request r-1)"
    );
    assert_eq!(peer.asked().len(), 1);
}

#[tokio::test]
async fn only_the_minimum_is_written() {
    let peer = Peer::answering(vec![xml(200, "<UpdateAutoScalingGroupResponse/>")]);
    aws(&peer.url).set_min(&fleet(), 4).await.unwrap();
    let body = &peer.asked()[0].body;
    assert!(body.contains("MinSize=4"), "{body}");
    assert!(!body.contains("MaxSize") && !body.contains("Desired"), "{body}");
}

fn notice(severity: Severity) -> Notice {
    Notice::new(&fleet(), severity, "k", "a subject")
}

#[tokio::test]
async fn a_throttled_notice_is_sent_again() {
    let peer = Peer::answering(vec![xml_error(400, "KMSThrottling"), xml(200, SENT)]);
    assert_eq!(aws(&peer.url).publish(&notice(Severity::Warning)).await, Ok(()));
    assert_eq!(peer.asked().len(), 2);
}

#[tokio::test]
async fn a_notice_without_its_topic_goes_to_the_other_one_once() {
    for code in ["NotFound", "AuthorizationError", "KMSAccessDenied"] {
        let peer = Peer::answering(vec![xml_error(403, code), xml(200, SENT)]);
        assert_eq!(aws(&peer.url).publish(&notice(Severity::Critical)).await, Ok(()), "{code}");
        let asked = peer.asked();
        assert!(asked[0].body.contains("%3Acritical"), "{code}");
        assert!(asked[1].body.contains("%3Awarning"), "{code}");
        assert!(asked[1].body.contains("StringValue=critical"), "the severity stays its own");
    }
    let peer = Peer::answering(vec![xml_error(403, "AuthorizationError")]);
    let answer = aws(&peer.url).publish(&notice(Severity::Warning)).await;
    assert!(matches!(answer, Err(PortError::Denied { .. })), "{answer:?}");
    assert_eq!(peer.asked().len(), 2);

    let peer = Peer::answering(vec![xml_error(400, "InvalidParameter")]);
    assert!(aws(&peer.url).publish(&notice(Severity::Warning)).await.is_err());
    assert_eq!(peer.asked().len(), 1, "a wrong message is wrong everywhere");
}

fn at(second: u32) -> Timestamp {
    Timestamp::from_second(i64::from(second)).unwrap()
}

/// One page with one result.
fn page(id: &'static str, status: &'static str, points: &[(u32, f64)], more: bool) -> Answer {
    let result = Cbor::Map(vec![
        ("Id", Cbor::Text(id)),
        ("Label", Cbor::Text("label")),
        ("Timestamps", Cbor::List(points.iter().map(|p| Cbor::Time(p.0)).collect())),
        ("Values", Cbor::List(points.iter().map(|p| Cbor::Number(p.1)).collect())),
        ("StatusCode", Cbor::Text(status)),
    ]);
    let mut answer = vec![("MetricDataResults", Cbor::List(vec![result]))];
    if more {
        answer.push(("NextToken", Cbor::Text("next")));
    }
    cbor(200, &Cbor::Map(answer))
}

async fn read(script: Vec<Answer>) -> PortResult<Vec<Vec<Point>>> {
    let peer = Peer::answering(script);
    let query = MetricQuery::metric("N M Sum".parse().unwrap());
    let window = Window { from: at(60), until: at(300) };
    aws(&peer.url).read(&[query], window).await
}

#[tokio::test]
async fn pages_are_joined_in_order_and_what_lies_outside_is_dropped() {
    let series = read(vec![
        page("q0_m", "PartialData", &[(240, 4.0), (300, 5.0)], true),
        page("q0_m", "Complete", &[(60, -1.0), (0, 9.0), (120, 2.0)], false),
    ])
    .await
    .unwrap();
    let shown: Vec<_> = series[0].iter().map(|p| (p.at.as_second(), p.value)).collect();
    assert_eq!(shown, [(60, -1.0), (120, 2.0), (240, 4.0)]);
}

#[tokio::test]
async fn not_a_number_reaches_the_domain() {
    let series = read(vec![page("q0_m", "Complete", &[(60, f64::NAN)], false)]).await.unwrap();
    assert!(series[0][0].value.is_nan());
}

#[tokio::test]
async fn an_incomplete_answer_is_an_error() {
    for (answer, expected) in [
        (page("q0_m", "PartialData", &[(60, 1.0)], false), "PartialData"),
        (page("q0_m", "InternalError", &[], false), "InternalError"),
        (page("q0_m", "Forbidden", &[], false), "not permitted"),
    ] {
        let error = read(vec![answer]).await.unwrap_err().to_string();
        assert!(error.contains(expected), "{error}");
    }
    let message = Cbor::Map(vec![
        ("Code", Cbor::Text("MaxMetricsExceeded")),
        ("Value", Cbor::Text("too many")),
    ]);
    let answer = Cbor::Map(vec![("Messages", Cbor::List(vec![message]))]);
    let error = read(vec![cbor(200, &answer)]).await.unwrap_err().to_string();
    assert!(error.contains("MaxMetricsExceeded: too many"), "{error}");
}

#[tokio::test]
async fn a_result_that_is_not_mentioned_is_empty() {
    assert_eq!(read(vec![page("other", "Complete", &[], false)]).await, Ok(vec![vec![]]));
}

fn alarm() -> AlarmName {
    AlarmName::new("cpu").unwrap()
}

#[tokio::test]
async fn alarms_of_both_kinds_are_read() {
    let metric = Cbor::Map(vec![
        ("AlarmName", Cbor::Text("cpu")),
        ("StateValue", Cbor::Text("ALARM")),
        ("StateUpdatedTimestamp", Cbor::Time(900)),
        ("StateTransitionedTimestamp", Cbor::Time(600)),
        ("Threshold", Cbor::Number(50.0)),
        ("ComparisonOperator", Cbor::Text("GreaterThanThreshold")),
    ]);
    let composite = Cbor::Map(vec![
        ("AlarmName", Cbor::Text("all")),
        ("StateValue", Cbor::Text("OK")),
        ("StateUpdatedTimestamp", Cbor::Time(900)),
    ]);
    let answer = Cbor::Map(vec![
        ("MetricAlarms", Cbor::List(vec![metric])),
        ("CompositeAlarms", Cbor::List(vec![composite])),
    ]);
    let peer = Peer::answering(vec![cbor(200, &answer)]);
    let alarms = aws(&peer.url).alarms(&[alarm()]).await.unwrap();
    let cpu = &alarms[&alarm()];
    assert_eq!((cpu.state, cpu.since), (AlarmState::Alarm, at(600)));
    assert_eq!((cpu.threshold, cpu.comparison), (Some(50.0), Comparison::Above));
    let all = &alarms[&AlarmName::new("all").unwrap()];
    assert_eq!((all.state, all.comparison), (AlarmState::Ok, Comparison::Other));
    assert!(all.query.is_none());
}

#[tokio::test]
async fn names_are_asked_for_by_the_hundred() {
    let peer = Peer::answering(vec![cbor(200, &Cbor::Map(vec![]))]);
    let names: Vec<_> = (0..250).map(|n| AlarmName::new(format!("a{n}")).unwrap()).collect();
    assert!(aws(&peer.url).alarms(&names).await.unwrap().is_empty());
    assert_eq!(peer.asked().len(), 3);
    assert!(aws(&peer.url).alarms(&[]).await.unwrap().is_empty());
    assert_eq!(peer.asked().len(), 3);
}

/// A policy that changes the capacity by this much, as a page of policies.
fn policy(name: &str, change: i32) -> String {
    format!(
        "<ScalingPolicies><member><PolicyName>{name}</PolicyName>\
         <PolicyType>SimpleScaling</PolicyType><ScalingAdjustment>{change}</ScalingAdjustment>\
         </member></ScalingPolicies>"
    )
}

#[tokio::test]
async fn evidence_asks_four_questions_and_reads_every_page_of_policies() {
    // The four calls run at once: the peer answers each by its name.
    let peer = Peer::by_request(|request| {
        let name = request.call.trim_start_matches("Action=");
        let result = match name {
            "DescribePolicies" if request.body.contains("NextToken") => policy("down", -1),
            "DescribePolicies" => policy("up", 1) + "<NextToken>2</NextToken>",
            _ => String::new(),
        };
        xml(200, &format!("<{name}Response><{name}Result>{result}</{name}Result></{name}Response>"))
    });
    let now = "2026-03-02T22:10:00Z".parse().unwrap();
    let evidence = aws(&peer.url).evidence(&fleet(), now).await.unwrap();
    assert_eq!(Mode::of(&evidence.policies), Mode::Floor);
    assert_eq!((evidence.activities.len(), evidence.refresh, evidence.backstop), (0, None, None));
    let mut asked: Vec<String> = peer.asked().into_iter().map(|r| r.call).collect();
    asked.sort();
    assert_eq!(
        asked,
        [
            "Action=DescribeInstanceRefreshes",
            "Action=DescribePolicies",
            "Action=DescribePolicies",
            "Action=DescribeScalingActivities",
            "Action=DescribeScheduledActions",
        ]
    );
}

#[tokio::test]
async fn a_memory_that_cannot_be_read_is_said() {
    let item = json!({"Item": {"sk": {"S": "memory"}, "version": {"N": "4"}, "doc": {"S": "{"}}});
    let peer = Peer::answering(vec![json(200, &item)]);
    let answer = aws(&peer.url).load(&fleet()).await;
    assert!(matches!(answer, Err(PortError::Unreadable { .. })), "{answer:?}");
    assert!(peer.asked()[0].body.contains("\"ConsistentRead\":true"));
}

#[tokio::test]
async fn the_first_memory_is_written_under_another_condition_than_the_next() {
    let peer = Peer::answering(vec![json(200, &json!({}))]);
    let (aws, token) = (aws(&peer.url), LeaseToken("t".into()));
    let memory = Memory::default();
    aws.store(&fleet(), 0, &memory, &token).await.unwrap();
    aws.store(&fleet(), 7, &memory, &token).await.unwrap();
    let bodies: Vec<String> = peer.asked().into_iter().map(|r| r.body).collect();
    assert!(bodies[0].contains("attribute_not_exists(pk)"), "{}", bodies[0]);
    assert!(bodies[1].contains(r##""ConditionExpression":"#version = :expected""##));
    assert!(bodies[1].contains(r#""version":{"N":"8"}"#), "{}", bodies[1]);
}
