//! What is wrong with a file, each with its place; a bounded list of it.

use std::fmt;
use tidegate_domain::text;

/// So many are told, and how many more there are.
const TOLD: usize = 20;
/// So much of what stands in the file is repeated in a fault, bytes.
const QUOTED: usize = 60;

/// Everything that is wrong with a file: the first twenty faults, and how many there are.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Faults {
    told: Vec<String>,
    count: usize,
}

impl Faults {
    /// A single one.
    pub fn one(fault: impl Into<String>) -> Self {
        Self { told: vec![fault.into()], count: 1 }
    }

    /// One more; it is only put into words when it is told.
    pub fn add(&mut self, fault: impl FnOnce() -> String) {
        self.count += 1;
        if self.told.len() < TOLD {
            self.told.push(fault());
        }
    }

    /// How many there are.
    pub fn count(&self) -> usize {
        self.count
    }

    /// The first of them.
    pub fn told(&self) -> &[String] {
        &self.told
    }

    /// `value` when there is none.
    ///
    /// # Errors
    /// Themselves, when there are any.
    pub fn unless_any<T>(self, value: T) -> Result<T, Self> {
        if self.count == 0 { Ok(value) } else { Err(self) }
    }
}

impl fmt::Display for Faults {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the data has {} fault(s):", self.count)?;
        self.told.iter().try_for_each(|fault| write!(f, "\n  {fault}"))?;
        match self.count.saturating_sub(self.told.len()) {
            0 => Ok(()),
            more => write!(f, "\n  ... and {more} more"),
        }
    }
}

impl std::error::Error for Faults {}

/// Text of the file as a fault repeats it: cut, in quotation marks, with nothing in it that a
/// terminal would obey.
pub(super) fn quoted(text: &str) -> String {
    format!("{:?}", text::cut(text, QUOTED))
}
