//! The router's messages: what is published where, and who stands in for a closed topic.

use super::peer::{Answer, Peer, xml, xml_error};
use super::router_scene::message;
use super::{aws, router};
use tidegate_domain::alarms::ports::Outlet;
use tidegate_domain::ports::PortError;

const SENT: &str = "<PublishResponse><PublishResult><MessageId>m</MessageId></PublishResult>\
    </PublishResponse>";

fn sent() -> Answer {
    xml(200, SENT)
}

/// Answers by the topic: those named are closed with these codes.
fn closed(codes: &'static [(&'static str, &'static str)]) -> Peer {
    Peer::by_request(|request| {
        let topic = topic(&request.body);
        codes.iter().find(|(name, _)| *name == topic).map_or_else(sent, |(_, code)| {
            xml_error(if *code == "NotFound" { 404 } else { 403 }, code)
        })
    })
}

/// The last part of the topic's ARN.
fn topic(body: &str) -> String {
    let arn = body.split('&').find_map(|pair| pair.strip_prefix("TopicArn=")).unwrap();
    arn.rsplit("%3A").next().unwrap().to_owned()
}

fn topics(peer: &Peer) -> Vec<String> {
    peer.asked().iter().map(|request| topic(&request.body)).collect()
}

#[tokio::test]
async fn a_message_has_a_text_for_each_sort_of_subscription_and_attributes() {
    let peer = Peer::answering(vec![sent()]);
    let mut message = message("critical", "critical");
    message.chat.clear();
    assert_eq!(router(&peer.url).send(&message).await, Ok(None));
    let body = &peer.asked()[0].body;
    for part in [
        "MessageStructure=json",
        "Subject=a%20subject",
        "%22default%22%3A%22the%20whole%20text%22",
        "%22sms%22%3A%22the%20short%20text%22",
        "Name=severity",
        "StringValue=critical",
        "Name=fleet",
        "StringValue=web",
    ] {
        assert!(body.contains(part), "{part} is not in {body}");
    }
    assert_eq!(topics(&peer), ["critical"]);
}

#[tokio::test]
async fn the_chat_form_goes_to_the_chat_topic_as_it_is() {
    let peer = Peer::answering(vec![sent()]);
    assert_eq!(router(&peer.url).send(&message("warning", "warning")).await, Ok(None));
    assert_eq!(topics(&peer), ["warning", "chat"]);
    let chat = &peer.asked()[1].body;
    assert!(!chat.contains("MessageStructure") && !chat.contains("Subject"), "{chat}");
    assert!(chat.contains("Message=%7B%22source%22%3A%22custom%22"), "{chat}");
    assert!(chat.contains("StringValue=warning"), "{chat}");

    let without = Peer::answering(vec![sent()]);
    assert_eq!(aws(&without.url).send(&message("warning", "warning")).await, Ok(None));
    assert_eq!(topics(&without), ["warning"], "nobody has a chat topic there");
}

#[tokio::test]
async fn a_chat_form_that_cannot_be_sent_is_a_note() {
    let peer = closed(&[("chat", "AuthorizationError")]);
    let note = router(&peer.url).send(&message("critical", "critical")).await.unwrap().unwrap();
    assert!(note.starts_with("the chat form was not sent: "), "{note}");
    assert_eq!(topics(&peer), ["critical", "chat"]);
}

#[tokio::test]
async fn topics_stand_in_for_each_other_in_their_order() {
    for (topic, severity, codes, expected) in [
        ("critical", "critical", [("critical", "NotFound")].as_slice(), "critical warning"),
        ("warning", "warning", &[("warning", "AuthorizationError")], "warning critical"),
        ("escalation", "critical", &[("boss", "NotFound")], "boss critical"),
        (
            "escalation",
            "warning",
            &[("boss", "KMSAccessDenied"), ("critical", "NotFound")],
            "boss critical warning",
        ),
        ("data", "warning", &[("data-team", "NotFound")], "data-team warning"),
        ("data", "critical", &[("data-team", "NotFound")], "data-team critical"),
        (
            "data",
            "critical",
            &[("data-team", "NotFound"), ("critical", "AuthorizationError")],
            "data-team critical warning",
        ),
        ("nobodys", "critical", &[], "critical"),
        ("nobodys", "", &[], "warning"),
    ] {
        let peer = closed(codes);
        let mut message = message(topic, severity);
        message.chat.clear();
        let note = router(&peer.url).send(&message).await.unwrap().unwrap();
        assert_eq!(topics(&peer).join(" "), expected, "{topic} {severity}");
        let last = expected.rsplit(' ').next().unwrap();
        let start = format!("topic {last} stood in for {topic}: ");
        assert!(note.starts_with(&start), "{note}");
    }
}

#[tokio::test]
async fn that_there_is_no_topic_for_escalations_is_no_news() {
    let peer = Peer::answering(vec![sent()]);
    assert_eq!(aws(&peer.url).send(&message("escalation", "critical")).await, Ok(None));
    assert_eq!(topics(&peer), ["critical"]);
}

#[tokio::test]
async fn when_all_are_closed_the_first_error_is_told() {
    let codes = &[("critical", "AuthorizationError"), ("warning", "NotFound")];
    let peer = closed(codes);
    let answer = router(&peer.url).send(&message("critical", "critical")).await;
    assert!(matches!(answer, Err(PortError::Denied { .. })), "{answer:?}");
    assert_eq!(topics(&peer), ["critical", "warning"], "and no chat form goes out");
}

#[tokio::test]
async fn what_is_wrong_or_busy_everywhere_goes_nowhere_else() {
    let peer = Peer::answering(vec![xml_error(400, "InvalidParameter")]);
    let answer = router(&peer.url).send(&message("critical", "critical")).await;
    assert!(matches!(answer, Err(PortError::Refused { .. })), "{answer:?}");
    assert_eq!(topics(&peer), ["critical"]);

    let peer = Peer::answering(vec![xml_error(400, "KMSThrottling"), sent()]);
    assert_eq!(router(&peer.url).send(&message("critical", "critical")).await, Ok(None));
    assert_eq!(topics(&peer), ["critical", "critical", "chat"], "a busy one is asked again");
}

#[test]
fn topics_are_known_by_name() {
    let (plain, router) = (aws("http://127.0.0.1:1"), router("http://127.0.0.1:1"));
    for (topic, by_default, by_the_router) in [
        ("critical", true, true),
        ("warning", true, true),
        ("escalation", false, true),
        ("chat", false, true),
        ("data", false, true),
        ("none", false, false),
        ("data-team", false, false),
    ] {
        let has = (plain.has_topic(topic), router.has_topic(topic));
        assert_eq!(has, (by_default, by_the_router), "{topic}");
    }
}
