//! The conversation in the fields of a session: a ring of turns.
//!
//! Pure: names and values in, changes out. A turn is one field, written once, when its answer is
//! complete; so two regions that write at the same time lose nothing of each other unless they pick
//! the same slot, which is why a free slot is picked by the turn's id and not in order.
//!
//! What must stay true: a session's bounds (64 KB, 512 fields, removed ones too) are never met.

use crate::store::Fields;
use serde::{Deserialize, Serialize};

/// Turns that are kept. Each slot is a field for ever, also when it is empty.
pub const SLOTS: usize = 24;
/// Bytes that all turns have together. A write is paid for by its size, once for each region.
const MOST_BYTES: usize = 24 * 1024;
/// Bytes of a question.
pub const LONGEST_QUESTION: usize = 6000;
/// Bytes of an answer: a longer one is stopped there.
pub const LONGEST_ANSWER: usize = 8 * 1024;
/// Turns that the model is told.
const TOLD: usize = 6;

/// A question and its complete answer.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Turn {
    /// The client's own id of it: who asks again with the same one gets the same answer.
    pub id: String,
    /// Milliseconds since 1970.
    pub at: u64,
    /// The question.
    pub question: String,
    /// The answer.
    pub answer: String,
}

/// What is to be written for one more turn.
#[derive(PartialEq, Eq)]
pub struct Change {
    /// The field and its value.
    pub set: (String, String),
    /// Fields that make room.
    pub remove: Vec<String>,
}

/// All turns, oldest first. A field that cannot be read is left out.
pub fn turns(fields: &Fields) -> Vec<Turn> {
    let mut turns: Vec<Turn> = slots(fields).map(|(_, turn, _)| turn).collect();
    turns.sort_by(|a, b| (a.at, &a.id).cmp(&(b.at, &b.id)));
    turns
}

/// The last turns, for the model, oldest first.
pub fn told(fields: &Fields) -> Vec<Turn> {
    let mut turns = turns(fields);
    turns.drain(..turns.len().saturating_sub(TOLD));
    turns
}

/// What one more turn writes, and what it removes to make room.
pub fn remember(fields: &Fields, turn: &Turn) -> Change {
    let value = serde_json::to_string(turn).unwrap_or_default();
    let mut kept: Vec<(u64, String, usize)> =
        slots(fields).map(|(name, turn, bytes)| (turn.at, name, bytes)).collect();
    kept.sort_unstable();
    let taken: Vec<&str> = kept.iter().map(|(_, name, _)| name.as_str()).collect();
    let free: Vec<String> =
        (0..SLOTS).map(slot).filter(|name| !taken.contains(&name.as_str())).collect();
    let pick = usize::try_from(fingerprint(&turn.id)).unwrap_or(0) % free.len().max(1);
    let name = free.into_iter().nth(pick).or_else(|| kept.first().map(|oldest| oldest.1.clone()));
    let name = name.unwrap_or_else(|| slot(0));
    kept.retain(|(_, taken, _)| *taken != name);
    let mut bytes = value.len() + kept.iter().map(|(_, _, bytes)| bytes).sum::<usize>();
    let mut remove = Vec::new();
    for (_, oldest, size) in kept {
        if bytes <= MOST_BYTES {
            break;
        }
        bytes -= size;
        remove.push(oldest);
    }
    Change { set: (name, value), remove }
}

/// Whether this can be a turn's id: it becomes part of what is kept.
pub fn is_id(id: &str) -> bool {
    (8..=64).contains(&id.len()) && id.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-')
}

/// FNV-1a, 64 bits: spreads; keeps no secret.
/// <https://datatracker.ietf.org/doc/html/draft-eastlake-fnv-21>
pub fn fingerprint(text: &str) -> u64 {
    let step = |hash: u64, byte: u8| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3);
    text.bytes().fold(0xcbf2_9ce4_8422_2325, step)
}

fn slot(number: usize) -> String {
    format!("turn{number:02}")
}

fn slots(fields: &Fields) -> impl Iterator<Item = (String, Turn, usize)> + '_ {
    let read = |(name, value): (&String, &String)| {
        let turn = name.starts_with("turn").then(|| serde_json::from_str(value).ok())??;
        Some((name.clone(), turn, value.len()))
    };
    fields.iter().filter_map(read)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn turn(n: u64, answer: usize) -> Turn {
        let id = format!("turn-id-{n}");
        Turn { id, at: n, question: "why?".to_owned(), answer: "x".repeat(answer) }
    }

    fn add(fields: &mut Fields, turn: &Turn) {
        let change = remember(fields, turn);
        fields.insert(change.set.0, change.set.1);
        for name in change.remove {
            fields.remove(&name);
        }
    }

    #[test]
    fn the_newest_turns_are_kept_in_order_within_the_bounds() {
        for (turns_added, size, kept) in [(3, 10, 3), (100, 10, SLOTS), (100, LONGEST_ANSWER, 2)] {
            let mut fields = Fields::from([("user".to_owned(), "kim".to_owned())]);
            let mut names = std::collections::BTreeSet::new();
            for n in 0..turns_added {
                add(&mut fields, &turn(n, size));
                names.extend(fields.keys().cloned());
                assert!(fields.values().map(String::len).sum::<usize>() <= MOST_BYTES + 3);
            }
            let ats: Vec<u64> = turns(&fields).iter().map(|turn| turn.at).collect();
            let expected: Vec<u64> = (turns_added - kept as u64..turns_added).collect();
            assert_eq!(ats, expected);
            assert!(names.len() <= SLOTS + 1, "{names:?}");
            assert!(
                told(&fields).len() <= TOLD
                    && told(&fields).last().unwrap().at == *ats.last().unwrap()
            );
        }
    }

    #[test]
    fn two_regions_that_write_at_once_mostly_pick_different_slots() {
        let same = (0..100_u64).filter(|n| {
            let pick = |id: &str| {
                let turn = Turn { id: format!("{id}-{n}"), ..turn(*n, 1) };
                remember(&Fields::new(), &turn).set.0
            };
            pick("seoul-id") == pick("virginia")
        });
        assert!(same.count() <= 15);
    }

    #[test]
    fn what_is_no_turn_is_left_out() {
        let fields = [("turn01", "{}"), ("turn02", "no"), ("user", "kim")];
        let fields = fields.map(|(name, value)| (name.to_owned(), value.to_owned())).into();
        assert!(turns(&fields).is_empty());
        for (id, expected) in [("12345678", true), ("1234567", false), ("1234 5678", false)] {
            assert_eq!(is_id(id), expected, "{id}");
        }
    }
}
