//! An engine for decisions over pipes: one JSON line a minute in, one `{"desired":n}` out.
//!
//! The fleet is in owner mode with sizing on and every rail of the gate; the caller owns the plant.
//! What decides is what the functions run, and the invariants are checked on every decision.
//!
//! What must stay true: every line that is a minute gets exactly one answer, written out before
//! the next line is read; what cannot be read changes nothing and is answered with the size that
//! stands; the answers follow from the lines alone.

mod args;
mod fleet;
mod group;
mod line;
#[cfg(test)]
mod tests;

pub use args::Decide;
pub(crate) use args::HELP;
pub use fleet::Fleet;
pub use line::{Line, Minute, Start};

use crate::{Failure, Report};
use std::io::{BufRead, Read, Write};
use tidegate_domain::sizing::Dial;

/// A longer line is no minute.
const LONGEST_LINE: u64 = 64 * 1024;

/// Answers the lines of `input` on `out`, one by one; what is wrong with a line is said on
/// `remarks`.
///
/// A refused line is answered with the desired capacity that stands, and the next one is read: a
/// caller that waits for an answer gets one. Only without a fleet there is nothing to answer.
///
/// # Errors
/// A wrong start, or a minute or a wrong line before any; a pipe that cannot be read; at the end,
/// when lines were refused.
pub fn run(
    mut input: impl BufRead,
    out: impl Write,
    remarks: impl Write,
    dial: Dial,
) -> Result<Report, Failure> {
    let mut engine = Engine { out, remarks, dial, fleet: None, refused: 0 };
    let (mut line, mut number) = (Vec::new(), 0);
    while next_line(&mut input, &mut line).map_err(|error| unreadable(&error))? {
        number += 1;
        if !engine.take(number, &line)? {
            break;
        }
    }
    match engine.refused {
        0 => Ok(Report::default()),
        refused => Err(Failure::Input(format!("{refused} of {number} lines were refused"))),
    }
}

struct Engine<O, R> {
    out: O,
    remarks: R,
    dial: Dial,
    fleet: Option<Fleet>,
    refused: usize,
}

impl<O: Write, R: Write> Engine<O, R> {
    /// Takes a line; false when nobody reads the answers any more.
    fn take(&mut self, number: usize, line: &[u8]) -> Result<bool, Failure> {
        let answer = match Line::read(line) {
            Ok(Line::Nothing) => None,
            Ok(Line::Start(start)) => {
                let fleet = start.and_then(|start| Fleet::new(&start, self.dial));
                let wrong = |why| Failure::Input(format!("line {number}: {why}"));
                self.fleet = Some(fleet.map_err(wrong)?);
                None
            }
            Ok(Line::Other(kind)) => {
                self.remark(number, &format!("{kind:?} is neither start nor minute"));
                None
            }
            Ok(Line::Minute(minute)) => Some(self.decide(number, &minute)?),
            Err(why) => Some(self.refuse(number, &why)?),
        };
        Ok(answer.is_none_or(|desired| self.answer(desired)))
    }

    fn decide(&mut self, number: usize, minute: &Minute) -> Result<u32, Failure> {
        let Some(fleet) = &mut self.fleet else {
            return Err(no_fleet(number, "a minute"));
        };
        match fleet.minute(minute) {
            Ok(desired) => Ok(desired),
            Err(why) => self.refuse(number, &why),
        }
    }

    /// The size that stands.
    fn refuse(&mut self, number: usize, why: &str) -> Result<u32, Failure> {
        self.refused += 1;
        self.remark(number, why);
        let standing = self.fleet.as_ref().map(Fleet::desired);
        standing.ok_or_else(|| no_fleet(number, "a wrong line"))
    }

    fn remark(&mut self, number: usize, what: &str) {
        let _ = writeln!(self.remarks, "line {number}: {what}");
    }

    fn answer(&mut self, desired: u32) -> bool {
        let answer = format!("{{\"desired\":{desired}}}\n");
        self.out.write_all(answer.as_bytes()).and_then(|()| self.out.flush()).is_ok()
    }
}

fn no_fleet(number: usize, what: &str) -> Failure {
    Failure::Input(format!("line {number}: {what} before any start: there is no fleet"))
}

fn unreadable(error: &std::io::Error) -> Failure {
    Failure::Input(format!("stdin: {error}"))
}

/// Reads the next line into `line`, of an endless one only the beginning; false at the end.
fn next_line(input: &mut impl BufRead, line: &mut Vec<u8>) -> std::io::Result<bool> {
    line.clear();
    let read = input.by_ref().take(LONGEST_LINE).read_until(b'\n', line)?;
    if read as u64 == LONGEST_LINE && !line.ends_with(b"\n") {
        input.skip_until(b'\n')?;
    }
    Ok(read > 0)
}
