//! Silences: somebody asked not to be told, for a while, and said why.

use crate::alarms::labels::Labels;
use crate::alarms::matcher::{Matcher, all_match};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// A silence as it is kept.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Silence {
    /// What it is called by, such as `s-1f0c6a83`.
    pub id: String,
    /// Matchers in Alertmanager's syntax, separated by commas.
    pub matchers: String,
    /// From then.
    pub starts: Timestamp,
    /// Until then.
    pub ends: Timestamp,
    /// Who asked.
    pub author: String,
    /// Why.
    pub comment: String,
}

/// A silence whose matchers could be read.
#[derive(Debug, Clone)]
pub struct Muting {
    /// What is kept.
    pub silence: Silence,
    /// All must hold.
    pub matchers: Vec<Matcher>,
}

impl Muting {
    /// Whether it holds now for this alarm.
    pub fn mutes(&self, labels: &Labels, now: Timestamp) -> bool {
        let Silence { starts, ends, .. } = &self.silence;
        *starts <= now && now < *ends && all_match(&self.matchers, labels)
    }
}

impl Muting {
    /// Parse.
    ///
    /// # Errors
    /// faults
    pub fn parse(_: Silence) -> Result<Self, String> {
        Err(String::new())
    }
}
