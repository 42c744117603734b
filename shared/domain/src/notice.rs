//! Messages to people.

use crate::ids::FleetName;
use serde::{Deserialize, Serialize};

/// How urgent a notice is; it picks the topic.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Severity {
    /// Look at it in working hours.
    Warning,
    /// Look at it now.
    Critical,
}

/// One message to people.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Notice {
    /// The fleet it is about.
    pub fleet: FleetName,
    /// Its urgency.
    pub severity: Severity,
    /// What makes two notices the same; repeated at most every `repeat_secs`.
    pub key: String,
    /// Seconds before the same notice may go out again.
    pub repeat_secs: u32,
    /// One line, without control characters, at most 99 ASCII characters.
    pub subject: String,
    /// What is the matter, why, and what Tidegate does about it.
    pub body: String,
}

impl Notice {
    /// A notice with a subject that SNS accepts.
    pub fn new(fleet: &FleetName, severity: Severity, key: &str, subject: &str) -> Self {
        let subject: String = format!("{fleet}: {subject}")
            .chars()
            .map(|c| if (' '..='~').contains(&c) { c } else { '?' })
            .take(99)
            .collect();
        Self {
            fleet: fleet.clone(),
            severity,
            key: key.to_owned(),
            repeat_secs: 4 * 3600,
            body: subject.clone(),
            subject,
        }
    }

    /// Sets the body.
    #[must_use]
    pub fn body(mut self, text: impl Into<String>) -> Self {
        self.body = text.into();
        self
    }

    /// Sets how soon it may be repeated.
    #[must_use]
    pub fn every_secs(mut self, secs: u32) -> Self {
        self.repeat_secs = secs;
        self
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_subject_is_what_sns_accepts() {
        let fleet = FleetName::new("아이라").unwrap();
        let notice = Notice::new(&fleet, Severity::Warning, "k", &"x\n".repeat(100));
        assert!(notice.subject.len() < 100);
        assert!(notice.subject.bytes().all(|b| (b' '..=b'~').contains(&b)));
    }
}
