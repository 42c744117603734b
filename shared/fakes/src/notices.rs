//! The SNS port: it takes what SNS takes.

use crate::faults::Refusal;
use crate::{Call, FakeAws};
use jiff::Timestamp;
use std::collections::BTreeMap;
use tidegate_domain::notice::{Notice, Severity};
use tidegate_domain::ports::{Notices, PortResult};

/// SNS takes fewer than 100 characters.
const SUBJECT_LIMIT: usize = 99;
/// SNS takes this many bytes.
pub(crate) const BODY_LIMIT: usize = 262_144;

/// How it stands with a topic.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Topic {
    /// It is there and may be published to.
    #[default]
    Open,
    /// It does not exist.
    Missing,
    /// Publishing is not permitted (or its key is not ours to use).
    Denied,
}

/// A notice that reached its topic.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sent {
    /// When, in story time.
    pub at: Timestamp,
    /// What.
    pub notice: Notice,
}

#[derive(Debug, Default)]
pub(crate) struct Topics {
    states: BTreeMap<Severity, Topic>,
    sent: Vec<Sent>,
}

impl FakeAws {
    /// Sets how it stands with the topic of a severity.
    pub fn set_topic(&self, severity: Severity, topic: Topic) {
        self.lock().topics.states.insert(severity, topic);
    }

    /// Everything that reached a topic, oldest first.
    pub fn published(&self) -> Vec<Sent> {
        self.lock().topics.sent.clone()
    }
}

impl Notices for FakeAws {
    async fn publish(&self, notice: &Notice) -> PortResult<()> {
        self.turn().await;
        let args = format!("{:?} {}", notice.severity, notice.subject);
        self.call(Call::Publish, Some(&notice.fleet), args, |state| {
            state.topics.check(notice)?;
            state.topics.sent.push(Sent { at: state.now, notice: notice.clone() });
            Ok(())
        })
    }
}

impl Topics {
    fn check(&self, notice: &Notice) -> Result<(), Refusal> {
        let refused = |words: &str| Err(Refusal::Refused(words.to_owned()));
        match self.states.get(&notice.severity).copied().unwrap_or_default() {
            Topic::Missing => return refused("NotFound: Topic does not exist"),
            Topic::Denied => {
                return Err(Refusal::Denied("AuthorizationError: SNS:Publish".to_owned()));
            }
            Topic::Open => {}
        }
        if !is_subject(&notice.subject) {
            return refused("InvalidParameter: Subject");
        }
        if notice.body.is_empty() || notice.body.len() > BODY_LIMIT {
            return refused("InvalidParameter: Message is empty or too long");
        }
        Ok(())
    }
}

/// Printable ASCII that does not begin with a blank, 1 to 99 characters.
pub(crate) fn is_subject(text: &str) -> bool {
    (1..=SUBJECT_LIMIT).contains(&text.len())
        && text.bytes().all(|b| (b' '..=b'~').contains(&b))
        && !text.starts_with(' ')
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{At, Fault, block_on};
    use tidegate_domain::ids::FleetName;
    use tidegate_domain::ports::PortError;

    fn world() -> (FakeAws, Notice) {
        let aws = FakeAws::at("2026-03-06T11:00:00Z".parse().unwrap());
        let fleet = FleetName::new("aira-web").unwrap();
        (aws, Notice::new(&fleet, Severity::Warning, "k", "look").body("closer"))
    }

    #[test]
    fn sns_takes_subjects_below_100_printable_ascii_characters() {
        let long = "x".repeat(100);
        let fits = "x".repeat(99);
        for (subject, good) in [
            ("fine", true),
            (fits.as_str(), true),
            (long.as_str(), false),
            ("", false),
            (" blank first", false),
            ("two\nlines", false),
            ("밤", false),
        ] {
            let (aws, mut notice) = world();
            notice.subject = subject.to_owned();
            assert_eq!(block_on(aws.publish(&notice)).is_ok(), good, "{subject:?}");
            assert_eq!(aws.published().len(), usize::from(good), "{subject:?}");
        }
    }

    #[test]
    fn sns_takes_bodies_of_1_to_262144_bytes() {
        for (length, good) in [(0, false), (1, true), (262_144, true), (262_145, false)] {
            let (aws, notice) = world();
            let notice = notice.body("x".repeat(length));
            assert_eq!(block_on(aws.publish(&notice)).is_ok(), good, "{length}");
        }
    }

    #[test]
    fn a_missing_topic_refuses_and_a_denied_one_denies() {
        let (aws, notice) = world();
        aws.set_topic(Severity::Warning, Topic::Missing);
        assert!(matches!(block_on(aws.publish(&notice)), Err(PortError::Refused { .. })));
        aws.set_topic(Severity::Warning, Topic::Denied);
        assert!(matches!(block_on(aws.publish(&notice)), Err(PortError::Denied { .. })));
        let critical = Notice { severity: Severity::Critical, ..notice };
        assert!(block_on(aws.publish(&critical)).is_ok(), "the other topic is open");
    }

    #[test]
    fn a_notice_whose_answer_was_lost_has_gone_out() {
        let (aws, notice) = world();
        aws.inject(At::any(), Fault::LostAnswer);
        assert!(matches!(block_on(aws.publish(&notice)), Err(PortError::Unavailable { .. })));
        assert_eq!(aws.published().len(), 1);
    }
}
