//! Notices to people. A notice that cannot go to its own topic goes to the other one:
//! better in the wrong mailbox than lost.

use crate::aws::Aws;
use crate::errors::Failure;
use aws_sdk_sns::operation::publish::PublishError;
use aws_sdk_sns::types::MessageAttributeValue;
use std::collections::HashMap;
use tidegate_domain::notice::{Notice, Severity};
use tidegate_domain::ports::{Notices, PortError, PortResult};
use tidegate_wire::message::{self, body, subject};

const CALL: &str = "Publish";
/// Throttling that the SDK does not try again.
pub(crate) const BUSY: &[&str] = &["Throttled", "KMSThrottling"];

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

/// What did not go out, and whether its topic is missing or closed to us.
pub(crate) struct Unsent {
    pub(crate) closed: bool,
    pub(crate) error: PortError,
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
        answer.map(drop).map_err(|failure| unsent(CALL, failure))
    }
}

pub(crate) fn unsent(call: &'static str, failure: Failure<PublishError>) -> Unsent {
    let missing = failure.code() == Some("NotFound");
    let error = failure.port(call);
    Unsent { closed: missing || matches!(error, PortError::Denied { .. }), error }
}

/// What a subscription can filter by.
fn attributes(notice: &Notice) -> HashMap<String, MessageAttributeValue> {
    let attribute = |(name, value): (&str, String)| {
        let attribute = MessageAttributeValue::builder().data_type("String").string_value(value);
        Some((name.to_owned(), attribute.build().ok()?))
    };
    message::attributes(notice).into_iter().filter_map(attribute).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use tidegate_domain::ids::FleetName;

    #[test]
    fn both_attributes_are_there() {
        let fleet = FleetName::new("web").unwrap();
        let attributes = attributes(&Notice::new(&fleet, Severity::Warning, "k", "s"));
        assert_eq!(attributes["severity"].string_value(), Some("warning"));
        assert_eq!(attributes["fleet"].string_value(), Some("web"));
    }
}
