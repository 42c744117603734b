//! The stage's topics, each with a queue that keeps what reaches it.

use super::clients::topic_arn;
use super::stage::failed;
use super::{ACCOUNT, REGION};
use crate::contract::{Published, Scene, Sent};
use aws_sdk_sqs::types::QueueAttributeName;
use serde_json::Value;
use std::cell::RefCell;
use std::collections::BTreeMap;
use tidegate_domain::notice::Severity;

/// Names of the topics for warnings, critical notices, escalations and chat applications.
pub(super) const TOPICS: [&str; 4] = ["warning", "critical", "escalation", "chat"];

/// The topics' queues, and what was taken out of them.
#[derive(Debug)]
pub(super) struct Topics {
    sqs: aws_sdk_sqs::Client,
    /// Topic and queue.
    queues: Vec<(&'static str, String)>,
    sent: RefCell<Vec<Sent>>,
}

impl Topics {
    /// Creates topics and queues.
    pub(super) async fn create(sns: &aws_sdk_sns::Client, sqs: aws_sdk_sqs::Client) -> Scene<Self> {
        let mut topics = Self { sqs, queues: Vec::new(), sent: RefCell::default() };
        for name in TOPICS {
            sns.create_topic().name(name).send().await.map_err(failed("CreateTopic"))?;
            let queue_arn = format!("arn:aws:sqs:{REGION}:{ACCOUNT}:{name}");
            let let_sns_send = serde_json::json!({"Version": "2012-10-17", "Statement": [{
                "Effect": "Allow", "Principal": {"Service": "sns.amazonaws.com"},
                "Action": "sqs:SendMessage", "Resource": queue_arn,
            }]});
            let request = topics.sqs.create_queue().queue_name(name);
            let request = request.attributes(QueueAttributeName::Policy, let_sns_send.to_string());
            let queue = request.send().await.map_err(failed("CreateQueue"))?;
            sns.subscribe()
                .topic_arn(topic_arn(name))
                .protocol("sqs")
                .endpoint(queue_arn)
                .send()
                .await
                .map_err(failed("Subscribe"))?;
            topics.queues.push((name, queue.queue_url().unwrap_or_default().to_owned()));
        }
        Ok(topics)
    }

    /// Everything that reached a topic so far.
    pub(super) async fn sent(&self) -> Scene<Vec<Sent>> {
        for (topic, url) in &self.queues {
            self.drain(topic, url).await?;
        }
        Ok(self.sent.borrow().clone())
    }

    /// What reached the topics of notices so far.
    pub(super) async fn published(&self) -> Scene<Vec<Published>> {
        let published = |Sent { topic, subject, text: body, .. }| {
            let severity = match topic.as_str() {
                "warning" => Severity::Warning,
                "critical" => Severity::Critical,
                _ => return None,
            };
            Some(Published { severity, subject, body })
        };
        Ok(self.sent().await?.into_iter().filter_map(published).collect())
    }

    /// Takes everything out of one queue.
    async fn drain(&self, topic: &str, url: &str) -> Scene<()> {
        loop {
            let request = self.sqs.receive_message().queue_url(url).max_number_of_messages(10);
            let answer = request.send().await.map_err(failed("ReceiveMessage"))?;
            if answer.messages().is_empty() {
                return Ok(());
            }
            for message in answer.messages() {
                let envelope: Value = serde_json::from_str(message.body().unwrap_or_default())
                    .map_err(failed("an SNS envelope"))?;
                self.sent.borrow_mut().push(sent(topic, &envelope));
                let handle = message.receipt_handle().unwrap_or_default();
                let request = self.sqs.delete_message().queue_url(url).receipt_handle(handle);
                request.send().await.map_err(failed("DeleteMessage"))?;
            }
        }
    }
}

/// A message in the envelope in which SNS gives it to a queue.
fn sent(topic: &str, envelope: &Value) -> Sent {
    let word = |key: &str| envelope.get(key).and_then(Value::as_str).unwrap_or_default().to_owned();
    let attributes = envelope.get("MessageAttributes").and_then(Value::as_object);
    let attributes = attributes.into_iter().flatten().filter_map(|(name, attribute)| {
        Some((name.clone(), attribute.get("Value")?.as_str()?.to_owned()))
    });
    let attributes: BTreeMap<String, String> = attributes.collect();
    let (subject, text) = (word("Subject"), word("Message"));
    Sent { topic: topic.to_owned(), subject, text, attributes }
}
