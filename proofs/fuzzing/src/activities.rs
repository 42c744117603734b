//! Scaling activities: what their prose tells, and no more than it tells.

use crate::pieces::Pieces;
use serde_json::Value;
use tidegate_domain::group::{ActivityKind, ActivityResult, DesiredChange};
use tidegate_wire::activity::{desired_change, kind, result, zone};

const PHRASE: &str = "changing the desired capacity from ";

/// What reads a cause.
pub type Read = fn(&str) -> Option<DesiredChange>;

/// A description, a status code, details, a cause, and two numbers for a change in it.
pub fn activity(data: &[u8]) {
    activity_with(desired_change, data);
}

/// [`activity`] with another reader of causes.
pub fn activity_with(read: Read, data: &[u8]) {
    let mut pieces = Pieces::of(data);
    let (description, code) = (pieces.next(), pieces.next());
    let (details, cause) = (pieces.next(), pieces.next());
    let change = DesiredChange { from: pieces.number(), to: pieces.number() };
    let launched = description.split_whitespace().next() == Some("Launching");
    assert_eq!(kind(&description) == ActivityKind::Launch, launched);
    let ends = ["Successful", "Failed", "Cancelled"].contains(&code.as_str());
    assert_eq!(result(&code) != ActivityResult::InProgress, ends);
    if let Some(zone) = zone(&details) {
        let read: Value = serde_json::from_str(&details).unwrap();
        assert_eq!(read["Availability Zone"], zone);
    }
    change_law(read, &cause, change);
}

/// The law of reading a cause: the last change that it tells in whole counts, and a cause that
/// does not tell one has none.
fn change_law(read: Read, cause: &str, change: DesiredChange) {
    let told = format!("{PHRASE}{} to {}", change.from, change.to);
    if let Some(found) = read(cause) {
        let (_, rest) = cause.rsplit_once(PHRASE).unwrap();
        let number = |text: &str| {
            let digits: String = text.chars().take_while(char::is_ascii_digit).collect();
            digits.parse::<u32>().ok()
        };
        assert_eq!(number(rest), Some(found.from), "{cause}");
        assert_eq!(rest.split_once(" to ").and_then(|(_, to)| number(to)), Some(found.to));
    } else {
        assert!(!cause.contains(&format!("{told}.")) || cause.matches(PHRASE).count() > 1);
    }
    assert_eq!(read(&format!("{cause}. {told}")), Some(change), "the last one counts");
    if !cause.contains(PHRASE) && !cause.starts_with(|c: char| c.is_ascii_digit()) {
        assert_eq!(read(&format!("{told}{cause}")), Some(change), "what comes after is no matter");
        assert_eq!(read(cause), None, "nothing is made up");
    }
}
