//! SNS with its topics by name, as the alarm router publishes to them: it takes what SNS takes.

use crate::faults::Refusal;
use crate::notices::{BODY_LIMIT, is_subject};
use crate::{Call, FakeAws, Topic};
use jiff::Timestamp;
use serde_json::Value;
use std::collections::BTreeMap;
use tidegate_domain::alarms::message::Message;
use tidegate_domain::alarms::ports::Outlet;
use tidegate_domain::ids::FleetName;
use tidegate_domain::ports::{PortError, PortResult};

/// The port promises text messages of at most this many characters.
const SMS_LIMIT: usize = 140;
/// The chat topic's name.
const CHAT: &str = "chat";

/// A message that reached its topic.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SentMessage {
    /// By which run (see [`FakeAws::run_number`]).
    pub run: u64,
    /// When, in story time.
    pub at: Timestamp,
    /// In which second of real time (epoch).
    pub second: i64,
    /// The topic that took it: the message's own, or one that stood in for it.
    pub topic: String,
    /// What.
    pub message: Message,
}

/// Topics that are configured, and what reached them.
#[derive(Debug)]
pub(crate) struct AlarmTopics {
    topics: BTreeMap<String, Topic>,
    chat: Option<Topic>,
    sent: Vec<SentMessage>,
    chats: Vec<SentMessage>,
    /// Messages by topic and second.
    rates: BTreeMap<String, BTreeMap<i64, u32>>,
}

impl Default for AlarmTopics {
    fn default() -> Self {
        let names = ["critical", "warning", "escalation"].into_iter();
        Self {
            topics: names.map(|name| (name.to_owned(), Topic::Open)).collect(),
            chat: None,
            sent: Vec::new(),
            chats: Vec::new(),
            rates: BTreeMap::new(),
        }
    }
}

impl FakeAws {
    /// Configures a topic, and sets how it stands with it.
    pub fn set_alarm_topic(&self, name: &str, topic: Topic) {
        self.lock().outlet.topics.insert(name.to_owned(), topic);
    }

    /// Takes a topic out of the configuration.
    pub fn remove_alarm_topic(&self, name: &str) {
        self.lock().outlet.topics.remove(name);
    }

    /// Sets how it stands with the chat topic; none: there is none configured.
    pub fn set_chat_topic(&self, topic: Option<Topic>) {
        self.lock().outlet.chat = topic;
    }

    /// Every message that reached a topic, oldest first; chat forms apart.
    pub fn sent_messages(&self) -> Vec<SentMessage> {
        self.lock().outlet.sent.clone()
    }

    /// Every chat form that reached the chat topic, oldest first.
    pub fn sent_chats(&self) -> Vec<SentMessage> {
        self.lock().outlet.chats.clone()
    }

    /// The most messages that each topic got within one second of the real clock.
    pub fn highest_rates(&self) -> BTreeMap<String, u32> {
        let state = self.lock();
        let most = |seconds: &BTreeMap<i64, u32>| seconds.values().copied().max().unwrap_or(0);
        state.outlet.rates.iter().map(|(topic, seconds)| (topic.clone(), most(seconds))).collect()
    }
}

impl Outlet for FakeAws {
    fn has_topic(&self, topic: &str) -> bool {
        self.lock().outlet.has(topic)
    }

    async fn send(&self, message: &Message) -> PortResult<Option<String>> {
        let mut note = self.send_text(message).await?;
        if !message.chat.is_empty()
            && self.has_topic(CHAT)
            && let Err(error) = self.send_chat(message).await
        {
            let text = format!("the chat form was not sent: {error}");
            note = Some(note.map_or(text.clone(), |first| format!("{first}; {text}")));
        }
        Ok(note)
    }
}

impl FakeAws {
    /// To its topic, or to the first that stands in for it and is open. That there is no topic
    /// of its own for escalations is no news.
    async fn send_text(&self, message: &Message) -> PortResult<Option<String>> {
        let own = message.topic.as_str();
        let mut first = None;
        for topic in message.ways() {
            if !self.has_topic(topic) {
                continue;
            }
            match self.publish_to(topic, message).await {
                Ok(()) if topic == own || (own == "escalation" && first.is_none()) => {
                    return Ok(None);
                }
                Ok(()) => return Ok(Some(format!("topic {topic} stood in for {own}"))),
                Err(error) if is_closed(&error) => drop(first.get_or_insert(error)),
                Err(error) => return Err(error),
            }
        }
        let why = format!("no topic is configured for {own}");
        Err(first.unwrap_or_else(|| Refusal::Refused(why).error(Call::Send)))
    }

    async fn publish_to(&self, topic: &str, message: &Message) -> PortResult<()> {
        self.turn().await;
        let args = format!("topic={topic} thread={} {}", message.thread, message.subject);
        self.call(Call::Send, fleet(message).as_ref(), args, |state| {
            let sent = SentMessage {
                run: self.run,
                at: state.now,
                second: state.wall.as_second(),
                topic: topic.to_owned(),
                message: message.clone(),
            };
            state.outlet.check(topic, message)?;
            state.outlet.count(&sent);
            state.outlet.sent.push(sent);
            Ok(())
        })
    }

    async fn send_chat(&self, message: &Message) -> PortResult<()> {
        self.turn().await;
        let args = format!("thread={}", message.thread);
        self.call(Call::Chat, fleet(message).as_ref(), args, |state| {
            let sent = SentMessage {
                run: self.run,
                at: state.now,
                second: state.wall.as_second(),
                topic: CHAT.to_owned(),
                message: message.clone(),
            };
            is_open(state.outlet.chat.unwrap_or(Topic::Missing))?;
            is_chat(&message.chat)?;
            fits_sns(&message.chat, message)?;
            state.outlet.count(&sent);
            state.outlet.chats.push(sent);
            Ok(())
        })
    }
}

/// Whether the topic is missing or closed; another one may take the message.
fn is_closed(error: &PortError) -> bool {
    match error {
        PortError::Denied { .. } => true,
        PortError::Refused { why, .. } => why.starts_with("NotFound"),
        _ => false,
    }
}

fn fleet(message: &Message) -> Option<FleetName> {
    message.attributes.get("fleet").and_then(|name| FleetName::new(name).ok())
}

impl AlarmTopics {
    fn has(&self, topic: &str) -> bool {
        if topic == CHAT { self.chat.is_some() } else { self.topics.contains_key(topic) }
    }

    fn check(&self, topic: &str, message: &Message) -> Result<(), Refusal> {
        is_open(self.topics.get(topic).copied().unwrap_or(Topic::Missing))?;
        if !is_subject(&message.subject) {
            return Err(invalid("Subject"));
        }
        if message.text.is_empty() {
            return Err(invalid("Empty message"));
        }
        if message.sms.is_empty() || message.sms.chars().count() > SMS_LIMIT {
            return Err(invalid("sms is empty or longer than one text message"));
        }
        let body = message.structured();
        let parsed: Value = serde_json::from_str(&body).unwrap_or_default();
        if parsed.get("default").and_then(Value::as_str) != Some(&message.text) {
            return Err(invalid("Message Structure - No default entry in JSON message body"));
        }
        fits_sns(&body, message)
    }

    fn count(&mut self, sent: &SentMessage) {
        let seconds = self.rates.entry(sent.topic.clone()).or_default();
        *seconds.entry(sent.second).or_default() += 1;
    }
}

fn is_open(topic: Topic) -> Result<(), Refusal> {
    match topic {
        Topic::Open => Ok(()),
        Topic::Missing => Err(Refusal::Refused("NotFound: Topic does not exist".to_owned())),
        Topic::Denied => Err(Refusal::Denied("AuthorizationError: SNS:Publish".to_owned())),
    }
}

/// The body with its subject and attributes: names, types and values count. A filter policy
/// cannot match an empty value, and SNS does not take one.
fn fits_sns(body: &str, message: &Message) -> Result<(), Refusal> {
    let plain = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-' | b'.');
    for (name, value) in &message.attributes {
        if !(1..=256).contains(&name.len()) || !name.bytes().all(plain) {
            return Err(invalid("message attribute name"));
        }
        if value.is_empty() {
            return Err(invalid("message attribute value is empty"));
        }
    }
    let size = |(name, value): (&String, &String)| name.len() + "String".len() + value.len();
    let attributes = message.attributes.iter().map(size).sum::<usize>();
    if body.len() + message.subject.len() + attributes > BODY_LIMIT {
        return Err(invalid("Message too long"));
    }
    Ok(())
}

/// The schema of custom notifications: Amazon Q Developer drops anything else in silence.
/// <https://docs.aws.amazon.com/chatbot/latest/adminguide/custom-notifs.html>
fn is_chat(text: &str) -> Result<(), Refusal> {
    let chat: Value =
        serde_json::from_str(text).map_err(|_| invalid("the chat form is no JSON"))?;
    let says = |path: &str, value: &str| chat.pointer(path).and_then(Value::as_str) == Some(value);
    let described = chat.pointer("/content/description").and_then(Value::as_str);
    if !says("/version", "1.0") || !says("/source", "custom") || described.is_none_or(str::is_empty)
    {
        return Err(invalid("the chat form is no custom notification"));
    }
    Ok(())
}

fn invalid(words: &str) -> Refusal {
    Refusal::Refused(format!("InvalidParameter: {words}"))
}
