//! The router's messages to people. A message that cannot go to its own topic goes to another
//! one: better in the wrong mailbox than lost.
//!
//! What must stay true: a topic that is busy or does not answer is no closed topic (its message
//! comes again, and goes where it belongs); a chat form that cannot be sent holds nothing up.

use crate::aws::Aws;
use crate::config::{MoreTopics, Topics};
use crate::sns::{Unsent, unsent};
use aws_sdk_sns::operation::publish::builders::PublishFluentBuilder;
use aws_sdk_sns::types::MessageAttributeValue;
use std::collections::HashMap;
use tidegate_domain::alarms::message::Message;
use tidegate_domain::alarms::policy::{CRITICAL, ESCALATION, WARNING};
use tidegate_domain::alarms::ports::Outlet;
use tidegate_domain::ports::{PortError, PortResult};

const CALL: &str = "Publish (alarms)";
const CHAT_CALL: &str = "Publish (chat)";
/// The chat topic's name, for counting its messages.
const CHAT: &str = "chat";

impl Outlet for Aws {
    fn has_topic(&self, topic: &str) -> bool {
        self.names.topic(topic).is_some()
    }

    async fn send(&self, message: &Message) -> PortResult<Option<String>> {
        let note = self.send_text(message).await?;
        let chat = self.send_chat(message).await;
        let notes: Vec<String> = [note, chat].into_iter().flatten().collect();
        Ok((!notes.is_empty()).then(|| notes.join("; ")))
    }
}

impl Aws {
    /// Publishes to the message's topic, or to the first of its stand-ins that is open; a note
    /// when it was a stand-in.
    async fn send_text(&self, message: &Message) -> PortResult<Option<String>> {
        let body = message.structured();
        let attributes = attributes(message);
        let mut first: Option<PortError> = None;
        for (name, arn) in self.names.ways(message) {
            let request = self.clients.sns.publish().topic_arn(arn).subject(&message.subject);
            let request = request.message(&body).message_structure("json");
            let request = request.set_message_attributes(Some(attributes.clone()));
            match self.publish(CALL, request).await {
                Ok(()) if name == message.topic => return Ok(None),
                Ok(()) => return Ok(stood_in(name, &message.topic, first.as_ref())),
                Err(Unsent { closed: false, error }) => return Err(error),
                // All closed: the first error names the topic that should have worked.
                Err(Unsent { closed: true, error }) => drop(first.get_or_insert(error)),
            }
        }
        let why = || format!("no topic is configured for {}", message.topic);
        Err(first.unwrap_or_else(|| PortError::Refused { call: CALL, why: why() }))
    }

    /// Publishes the chat form where there is one and a topic for it; a note when it failed.
    async fn send_chat(&self, message: &Message) -> Option<String> {
        let topic = self.names.topic(CHAT).filter(|_| !message.chat.is_empty())?;
        let request = self.clients.sns.publish().topic_arn(topic).message(&message.chat);
        let request = request.set_message_attributes(Some(attributes(message)));
        let unsent = self.publish(CHAT_CALL, request).await.err()?;
        Some(format!("the chat form was not sent: {}", unsent.error))
    }

    async fn publish(
        &self,
        call: &'static str,
        request: PublishFluentBuilder,
    ) -> Result<(), Unsent> {
        let late = |error| Unsent { closed: false, error };
        let operation = self.operation(call).map_err(late)?;
        let answer = operation.insist(crate::sns::BUSY, || request.clone().send()).await;
        answer.map(drop).map_err(|failure| unsent(call, failure))
    }
}

/// The note about a stand-in. That there is no topic of its own for escalations is no news.
fn stood_in(name: &str, topic: &str, error: Option<&PortError>) -> Option<String> {
    let why = match error {
        Some(error) => error.to_string(),
        None if topic == ESCALATION => return None,
        None => "it is not configured".to_owned(),
    };
    Some(format!("topic {name} stood in for {topic}: {why}"))
}

impl crate::aws::Names {
    /// A topic's ARN.
    fn topic(&self, name: &str) -> Option<&str> {
        let Topics { warning, critical } = self.topics.as_ref()?;
        let MoreTopics { escalation, chat, named } = &self.more_topics;
        match name {
            WARNING => Some(warning),
            CRITICAL => Some(critical),
            ESCALATION => escalation.as_deref(),
            CHAT => chat.as_deref(),
            own => named.get(own).map(String::as_str),
        }
    }

    /// Where a message goes, in order, with the topics' ARNs; none twice.
    fn ways<'a>(&'a self, message: &'a Message) -> Vec<(&'a str, &'a str)> {
        let mut ways: Vec<(&str, &str)> = Vec::new();
        for name in message.ways() {
            let arn = self.topic(name).filter(|arn| ways.iter().all(|(_, taken)| taken != arn));
            ways.extend(arn.map(|arn| (name, arn)));
        }
        ways
    }
}

/// What a subscription can filter by.
fn attributes(message: &Message) -> HashMap<String, MessageAttributeValue> {
    let attribute = |(name, value): (&String, &String)| {
        let attribute = MessageAttributeValue::builder().data_type("String").string_value(value);
        Some((name.clone(), attribute.build().ok()?))
    };
    message.attributes.iter().filter_map(attribute).collect()
}
