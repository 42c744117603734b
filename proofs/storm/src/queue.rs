//! The queue between EventBridge and the router, and Lambda's poller of it.
//!
//! Sources: a batch is given when it is full or when its window is over; what is taken is hidden
//! for the visibility timeout; what fails too often goes to the dead letters
//! (<https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-configure.html>).

use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};

/// Messages of a batch, as the template sets it.
pub const BATCH: usize = 100;
/// A batch waits for more for this long.
pub const WINDOW: SignedDuration = SignedDuration::from_secs(2);
/// Six times the function's timeout.
pub const HIDDEN: SignedDuration = SignedDuration::from_secs(180);
/// A message that was given more often is a dead letter.
const MOST_TRIES: u32 = 5;

#[derive(Debug, Clone)]
struct Letter {
    body: String,
    sent: Timestamp,
    /// When it may be given.
    ready: Timestamp,
    tries: u32,
}

/// The queue.
#[derive(Debug, Clone, Default)]
pub struct Queue {
    letters: BTreeMap<u64, Letter>,
    /// In the order in which they may be given.
    ready: BTreeSet<(Timestamp, u64)>,
    next: u64,
    /// Bodies of messages that nobody could handle.
    pub dead: Vec<String>,
}

impl Queue {
    /// EventBridge puts an event there.
    pub fn send(&mut self, body: &str, now: Timestamp) {
        self.next += 1;
        let letter = Letter { body: body.to_owned(), sent: now, ready: now, tries: 0 };
        self.letters.insert(self.next, letter);
        self.ready.insert((now, self.next));
    }

    /// Whether nothing is in it, hidden or not.
    pub fn is_empty(&self) -> bool {
        self.letters.is_empty()
    }

    /// When the next batch is complete: at the end of the first message's window, or when it is
    /// full.
    pub fn next_batch(&self) -> Option<Timestamp> {
        let (first, _) = self.ready.first()?;
        let window = *first + WINDOW;
        let full = self.ready.iter().nth(BATCH - 1).map(|(at, _)| *at);
        Some(full.map_or(window, |full| full.min(window)))
    }

    /// Takes a batch; its messages are hidden until `now` plus the timeout.
    pub fn take(&mut self, now: Timestamp) -> Vec<u64> {
        let ready = self.ready.iter().take_while(|(at, _)| *at <= now).take(BATCH);
        let keys: Vec<(Timestamp, u64)> = ready.copied().collect();
        let mut taken = Vec::new();
        for key in keys {
            self.ready.remove(&key);
            let Some(letter) = self.letters.get_mut(&key.1) else { continue };
            letter.tries += 1;
            if letter.tries > MOST_TRIES {
                self.dead.extend(self.letters.remove(&key.1).map(|letter| letter.body));
            } else {
                letter.ready = now + HIDDEN;
                self.ready.insert((letter.ready, key.1));
                taken.push(key.1);
            }
        }
        taken
    }

    /// The event that Lambda makes of a batch.
    pub fn event(&self, batch: &[u64]) -> Value {
        let record = |id: &u64| {
            let letter = self.letters.get(id)?;
            Some(json!({
                "messageId": id.to_string(),
                "receiptHandle": format!("r-{id}"),
                "body": letter.body,
                "attributes": {
                    "ApproximateReceiveCount": letter.tries.to_string(),
                    "SentTimestamp": letter.sent.as_millisecond().to_string(),
                },
                "messageAttributes": {},
                "eventSource": "aws:sqs",
                "eventSourceARN": "arn:aws:sqs:ap-northeast-2:000000000000:tidegate-alarms",
                "awsRegion": "ap-northeast-2",
            }))
        };
        json!({ "Records": batch.iter().filter_map(record).collect::<Vec<_>>() })
    }

    /// Lambda deletes what its function did not name in its answer. The number of those that it
    /// named.
    pub fn finish(&mut self, batch: &[u64], answer: &Value) -> usize {
        let failures = answer.get("batchItemFailures").and_then(Value::as_array);
        let failed = |id: &u64| {
            let id = id.to_string();
            let named = |failure: &Value| failure.get("itemIdentifier") == Some(&json!(id));
            failures.is_some_and(|failures| failures.iter().any(named))
        };
        let (failed, done): (Vec<u64>, Vec<u64>) = batch.iter().partition(|id| failed(id));
        for id in done {
            if let Some(letter) = self.letters.remove(&id) {
                self.ready.remove(&(letter.ready, id));
            }
        }
        failed.len()
    }
}
