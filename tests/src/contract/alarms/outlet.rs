//! What every implementation of `Outlet` promises.

use crate::contract::{Arrange, Body, Case, Missing, Sent, Stop, Verdict, holds, refused, same};
use serde_json::json;
use std::collections::{BTreeMap, BTreeSet};
use tidegate_domain::alarms::message::Message;
use tidegate_domain::alarms::ports::Outlet;
use tidegate_domain::alarms::reason::Why;

/// The suite.
pub fn cases<S: Arrange>() -> Vec<Case<S>> {
    let cases: [(&'static str, Body<S>); _] = crate::contract_cases![
        a_message_reaches_its_topic_with_its_attributes,
        the_text_arrives_as_it_is,
        the_chat_form_goes_to_the_chat_topic,
        a_message_without_a_chat_form_goes_to_its_topic_alone,
        a_topic_that_is_not_configured_is_stood_in_for,
        topics_are_known_by_name,
        missing_topics_refuse_a_message,
    ];
    Case::table("outlet", cases)
}

/// A message without a chat form, whose subject no other case uses.
fn message<S: Arrange>(stage: &S, topic: &str, severity: &str) -> Message {
    let attribute = |name: &str, value: &str| (name.to_owned(), value.to_owned());
    Message {
        topic: topic.to_owned(),
        subject: stage.unique("message"),
        text: "It fires.".to_owned(),
        sms: "fires".to_owned(),
        chat: String::new(),
        attributes: BTreeMap::from([
            attribute("severity", severity),
            attribute("fleet", "밤-web"),
            attribute("state", "firing"),
        ]),
        thread: "t-0".to_owned(),
        why: Why::FirstNotification,
        named: BTreeSet::new(),
    }
}

/// The chat form of a message: its description is the message's subject.
fn chat(message: &Message) -> String {
    let content = json!({ "textType": "client-markdown", "description": message.subject });
    json!({ "version": "1.0", "source": "custom", "content": content }).to_string()
}

/// What arrived of a message: by its subject, or in its chat form.
async fn arrived<S: Arrange>(stage: &S, message: &Message) -> Result<Vec<Sent>, Stop> {
    let sent = stage.sent().await?;
    let subject = message.subject.as_str();
    let is_it = |sent: &Sent| sent.subject == subject || sent.text.contains(subject);
    Ok(sent.into_iter().filter(is_it).collect())
}

/// A message as it arrives at a topic.
fn at_topic(message: &Message, topic: &str) -> Sent {
    let Message { subject, text, attributes, .. } = message.clone();
    Sent { topic: topic.to_owned(), subject, text, attributes }
}

async fn arrives<S: Arrange>(stage: &S, message: &Message) -> Verdict {
    same("note", stage.world().send(message).await?, None)?;
    let expected = vec![at_topic(message, &message.topic)];
    same("sent", arrived(stage, message).await?, expected)
}

async fn a_message_reaches_its_topic_with_its_attributes<S: Arrange>(stage: &S) -> Verdict {
    for (topic, severity) in
        [("warning", "warning"), ("critical", "critical"), ("escalation", "critical")]
    {
        arrives(stage, &message(stage, topic, severity)).await?;
    }
    Ok(())
}

async fn the_text_arrives_as_it_is<S: Arrange>(stage: &S) -> Verdict {
    let mut message = message(stage, "warning", "warning");
    "밤: it fires.\n\tWhy: \"load\" & <more> \\ 100 %\n".clone_into(&mut message.text);
    arrives(stage, &message).await
}

async fn the_chat_form_goes_to_the_chat_topic<S: Arrange>(stage: &S) -> Verdict {
    let mut message = message(stage, "critical", "critical");
    message.chat = chat(&message);
    same("note", stage.world().send(&message).await?, None)?;
    let mut sent = arrived(stage, &message).await?;
    sent.sort_by_key(|sent| sent.topic != "critical");
    let form =
        Sent { subject: String::new(), text: message.chat.clone(), ..at_topic(&message, "chat") };
    same("sent", sent, vec![at_topic(&message, "critical"), form])
}

async fn a_message_without_a_chat_form_goes_to_its_topic_alone<S: Arrange>(stage: &S) -> Verdict {
    arrives(stage, &message(stage, "critical", "critical")).await
}

async fn a_topic_that_is_not_configured_is_stood_in_for<S: Arrange>(stage: &S) -> Verdict {
    for (severity, other) in [("critical", "critical"), ("warning", "warning"), ("", "warning")] {
        let mut message = message(stage, "nobodys", severity);
        message.attributes.retain(|_, value| !value.is_empty());
        let note = stage.world().send(&message).await?;
        holds(note.is_some_and(|note| note.contains("nobodys")), "a note names the topic")?;
        same("sent", arrived(stage, &message).await?, vec![at_topic(&message, other)])?;
    }
    Ok(())
}

async fn topics_are_known_by_name<S: Arrange>(stage: &S) -> Verdict {
    for (topic, known) in [
        ("critical", true),
        ("warning", true),
        ("escalation", true),
        ("chat", true),
        ("none", false),
        ("nobodys", false),
    ] {
        same(topic, stage.world().has_topic(topic), known)?;
    }
    Ok(())
}

async fn missing_topics_refuse_a_message<S: Arrange>(stage: &S) -> Verdict {
    let world = stage.without(Missing::Topics).await?;
    for topic in ["critical", "warning", "escalation"] {
        refused(topic, world.send(&message(stage, topic, "critical")).await)?;
    }
    Ok(())
}
