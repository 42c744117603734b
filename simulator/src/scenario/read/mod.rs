//! Reading a script: lines of a word and what follows it, and lines of a time and what happens.
//!
//! What must stay true: every fault is found at once, each with its line; nothing is guessed.

mod event;
mod head;

use super::curve::Curve;
use super::script::{Happening, Script};
use super::time::Cursor;
use jiff::Timestamp;
use jiff::tz::TimeZone;
use std::fmt;

/// What is wrong with a script.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fault {
    /// The line, from 1; 0: the script as a whole.
    pub line: usize,
    /// What is wrong, in words.
    pub what: String,
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.line, self.what)
    }
}

/// Gives the text of a file that a script names, or why it cannot.
pub type Files<'a> = dyn Fn(&str) -> Result<String, String> + 'a;

/// Reads a script.
///
/// # Errors
/// Every fault, in the order of the lines.
pub fn read(text: &str, files: &Files<'_>) -> Result<Script, Vec<Fault>> {
    let (items, mut faults) = split(text);
    let mut reader = Reader { items: &items, faults: &mut faults };
    let script = head::read(&mut reader, files);
    faults.sort_by_key(|fault| fault.line);
    script.filter(|_| faults.is_empty()).ok_or(faults)
}

/// A line with the indented lines under it.
#[derive(Debug)]
struct Item<'a> {
    line: usize,
    words: Vec<&'a str>,
    block: Vec<(usize, &'a str)>,
}

impl Item<'_> {
    fn key(&self) -> &str {
        self.words.first().copied().unwrap_or_default()
    }

    /// What follows the key, as it was written but for the blanks.
    fn rest(&self) -> String {
        self.words.get(1..).unwrap_or_default().join(" ")
    }

    /// A line that begins with a time or a date.
    fn is_event(&self) -> bool {
        self.key().starts_with(|c: char| c.is_ascii_digit())
    }
}

/// Comments and empty lines go.
fn split(text: &str) -> (Vec<Item<'_>>, Vec<Fault>) {
    let (mut items, mut faults) = (Vec::<Item<'_>>::new(), Vec::new());
    for (line, text) in (1..).zip(text.lines()) {
        let words: Vec<&str> = text.split_whitespace().collect();
        if words.first().is_none_or(|word| word.starts_with('#')) {
            continue;
        }
        if !text.starts_with(char::is_whitespace) {
            items.push(Item { line, words, block: Vec::new() });
        } else if let Some(item) = items.last_mut() {
            item.block.push((line, text));
        } else {
            faults.push(Fault { line, what: "an indented line under nothing".to_owned() });
        }
    }
    (items, faults)
}

/// The items, and what was found wrong so far.
struct Reader<'a> {
    items: &'a [Item<'a>],
    faults: &'a mut Vec<Fault>,
}

impl<'a> Reader<'a> {
    fn fault(&mut self, line: usize, what: impl Into<String>) {
        self.faults.push(Fault { line, what: what.into() });
    }

    /// The items of a key, in their order.
    fn all(&self, key: &str) -> impl Iterator<Item = &'a Item<'a>> + use<'a> {
        let key = key.to_owned();
        self.items.iter().filter(move |item| item.key() == key)
    }

    /// The only item of a key; a second one is a fault.
    fn one(&mut self, key: &str) -> Option<&'a Item<'a>> {
        let mut found = self.all(key);
        let first = found.next()?;
        if let Some(second) = found.next() {
            self.fault(second.line, format!("a second `{key}`"));
        }
        Some(first)
    }

    /// As [`Reader::one`], where the key must be there.
    fn needed(&mut self, key: &str, example: &str) -> Option<&'a Item<'a>> {
        let found = self.one(key);
        if found.is_none() {
            self.fault(0, format!("`{key}` is missing, such as `{example}`"));
        }
        found
    }

    /// Keeps what was read, or notes what is wrong with it.
    fn keep<T>(&mut self, line: usize, read: Result<T, String>) -> Option<T> {
        read.map_err(|what| self.fault(line, what)).ok()
    }

    /// The breakpoints under an item.
    fn curve(&mut self, item: &Item<'_>, cursor: Cursor) -> Option<Curve> {
        let mut cursor = cursor;
        let mut points = Vec::new();
        for (line, text) in &item.block {
            let words: Vec<&str> = text.split_whitespace().collect();
            let read = breakpoint(&words, &mut cursor);
            points.extend(self.keep(*line, read));
        }
        if item.block.is_empty() {
            self.fault(item.line, format!("`{}` has no breakpoints under it", item.key()));
        }
        Curve::new(points)
    }

    /// What happens, in the order of the lines, which must be that of time.
    fn events(&mut self, zone: &TimeZone, from: Timestamp) -> Vec<Happening> {
        let mut cursor = Cursor::new(zone, from);
        let mut events = Vec::new();
        for item in self.items.iter().filter(|item| item.is_event()) {
            let read = event::read(item.line, &item.words, &mut cursor);
            events.extend(self.keep(item.line, read));
            if let Some((line, _)) = item.block.first() {
                self.fault(*line, "an indented line under what happens");
            }
        }
        events
    }
}

fn breakpoint(words: &[&str], cursor: &mut Cursor) -> Result<(Timestamp, f64), String> {
    let (at, rest) = cursor.read(words)?;
    match rest {
        [value] => Ok((at, number(value)?)),
        _ => Err(format!("a time and a load, got {:?}", words.join(" "))),
    }
}

/// A number that is not negative.
fn number(word: &str) -> Result<f64, String> {
    let read = word.parse::<f64>().ok().filter(|n| n.is_finite() && *n >= 0.0);
    read.ok_or_else(|| format!("a number from 0 on, got {word:?}"))
}

/// A whole number.
fn whole(word: &str) -> Result<u32, String> {
    word.parse().map_err(|_| format!("a whole number, got {word:?}"))
}

#[cfg(test)]
mod tests;
