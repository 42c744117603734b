//! Notices to people. A notice that cannot go to its own topic goes to the other one:
//! better in the wrong mailbox than lost.

use crate::aws::Aws;
use crate::errors::Failure;
use crate::text;
use aws_sdk_sns::operation::publish::PublishError;
use aws_sdk_sns::types::MessageAttributeValue;
use std::collections::HashMap;
use tidegate_domain::notice::{Notice, Severity};
use tidegate_domain::ports::{Notices, PortError, PortResult};

const CALL: &str = "Publish";
/// SNS's bound for a message with its attributes.
/// <https://docs.aws.amazon.com/sns/latest/api/API_Publish.html>
const MESSAGE_BYTES: usize = 262_144;
/// Kept for the subject and the attributes (a fleet's name has up to 255 characters).
const ATTRIBUTE_BYTES: usize = 2_048;
/// "Less than 100 characters".
const SUBJECT_BYTES: usize = 99;
/// Throttling that the SDK does not try again.
const BUSY: &[&str] = &["Throttled", "KMSThrottling"];

impl Notices for Aws {
    async fn publish(&self, notice: &Notice) -> PortResult<()> {
        let Some(topics) = &self.names.topics else {
            let why = "no topics are configured".to_owned();
            return Err(PortError::Refused { call: CALL, why });
        };
        let (own, other) = match notice.severity {
            Severity::Warning => (&topics.warning, &topics.critical),
            Severity::Critical => (&topics.critical, &topics.warning),
        };
        let error = match self.publish_to(own, notice).await {
            Ok(()) => return Ok(()),
            Err(Unsent { closed: false, error }) => return Err(error),
            Err(Unsent { closed: true, error }) => error,
        };
        // Both closed: the first error names the topic that should have worked.
        self.publish_to(other, notice).await.map_err(|_| error)
    }
}

/// A notice that did not go out, and whether its topic is missing or closed to us.
struct Unsent {
    closed: bool,
    error: PortError,
}

impl Aws {
    async fn publish_to(&self, topic: &str, notice: &Notice) -> Result<(), Unsent> {
        let late = |error| Unsent { closed: false, error };
        let operation = self.operation(CALL).map_err(late)?;
        let (subject, body, attributes) = (subject(notice), body(notice), attributes(notice));
        let request = || {
            self.clients
                .sns
                .publish()
                .topic_arn(topic)
                .subject(&subject)
                .message(&body)
                .set_message_attributes(Some(attributes.clone()))
                .send()
        };
        let answer = operation.insist(BUSY, request).await;
        answer.map(drop).map_err(unsent)
    }
}

fn unsent(failure: Failure<PublishError>) -> Unsent {
    let missing = failure.code() == Some("NotFound");
    let error = failure.port(CALL);
    Unsent { closed: missing || matches!(error, PortError::Denied { .. }), error }
}

/// What a subscription can filter by.
fn attributes(notice: &Notice) -> HashMap<String, MessageAttributeValue> {
    let pairs = [("severity", word(notice.severity)), ("fleet", notice.fleet.as_str())];
    let attribute = |(name, value): (&str, &str)| {
        let value = text::line(value, ATTRIBUTE_BYTES / 2);
        let attribute = MessageAttributeValue::builder().data_type("String").string_value(value);
        Some((name.to_owned(), attribute.build().ok()?))
    };
    pairs.into_iter().filter_map(attribute).collect()
}

fn word(severity: Severity) -> &'static str {
    match severity {
        Severity::Warning => "warning",
        Severity::Critical => "critical",
    }
}

/// Printable ASCII, on one line, with something in it.
fn subject(notice: &Notice) -> String {
    let printable = |c: char| if (' '..='~').contains(&c) { c } else { '?' };
    let ascii: String = notice.subject.chars().map(printable).collect();
    match text::line(&ascii, SUBJECT_BYTES) {
        line if line.is_empty() => "Tidegate".to_owned(),
        line => line,
    }
}

/// The body without treacherous characters, within SNS's bound; never empty.
fn body(notice: &Notice) -> String {
    match text::cut(&text::clean(&notice.body), MESSAGE_BYTES - ATTRIBUTE_BYTES) {
        text if text.trim().is_empty() => subject(notice),
        text => text,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tidegate_domain::ids::FleetName;

    fn notice(subject: &str, body: &str) -> Notice {
        let fleet = FleetName::new("web").unwrap();
        Notice { subject: subject.to_owned(), ..Notice::new(&fleet, Severity::Warning, "k", "s") }
            .body(body)
    }

    #[test]
    fn both_attributes_are_there() {
        let attributes = attributes(&notice("s", "b"));
        assert_eq!(attributes["severity"].string_value(), Some("warning"));
        assert_eq!(attributes["fleet"].string_value(), Some("web"));
    }

    #[test]
    fn a_subject_is_what_sns_takes() {
        for (given, expected) in
            [("plain", "plain"), ("  two\nlines\u{202e} ", "two?lines?"), ("", "Tidegate")]
        {
            assert_eq!(subject(&notice(given, "b")), expected);
        }
        assert_eq!(subject(&notice(&"x".repeat(500), "b")).len(), SUBJECT_BYTES);
    }

    #[test]
    fn a_body_fits_and_is_never_empty() {
        let huge = body(&notice("s", &"한글\u{2066}".repeat(100_000)));
        assert!(huge.len() <= MESSAGE_BYTES - ATTRIBUTE_BYTES);
        assert!(huge.ends_with("...[cut]") && !huge.contains('\u{2066}'));
        assert_eq!(body(&notice("the subject", "\u{1b}\n")), "the subject");
        assert_eq!(body(&notice("s", "a\nb\u{7}")), "a\nb");
    }
}
