//! One scaling activity: AWS tells most of it in prose, which [`tidegate_wire::activity`] reads.

use aws_sdk_autoscaling::primitives::DateTime;
use aws_sdk_autoscaling::types::Activity as SdkActivity;
use jiff::Timestamp;
use tidegate_domain::group::Activity;
use tidegate_wire::activity::{desired_change, kind, result, zone};
use tidegate_wire::text;

/// Bytes of AWS's words that are kept: they reach notices and the ledger.
const MESSAGE_BYTES: usize = 1_000;

/// Reads one activity; none without a start, which AWS always gives.
pub(crate) fn read(sdk: &SdkActivity) -> Option<Activity> {
    let cause = sdk.cause().unwrap_or_default();
    Some(Activity {
        id: sdk.activity_id().unwrap_or_default().to_owned(),
        started: timestamp(sdk.start_time()?)?,
        ended: sdk.end_time().and_then(timestamp),
        kind: kind(sdk.description().unwrap_or_default()),
        result: result(sdk.status_code().map_or("", |code| code.as_str())),
        zone: sdk.details().and_then(zone),
        message: text::line(sdk.status_message().unwrap_or(cause), MESSAGE_BYTES),
        desired_change: desired_change(cause),
    })
}

/// An instant in the domain's type.
pub(crate) fn timestamp(sdk: &DateTime) -> Option<Timestamp> {
    Timestamp::new(sdk.secs(), i32::try_from(sdk.subsec_nanos()).ok()?).ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use tidegate_domain::group::{ActivityKind, ActivityResult};

    #[test]
    fn an_activity_is_read() {
        let sdk = SdkActivity::builder()
            .activity_id("a-1")
            .description("Launching a new EC2 instance.  Status Reason: no capacity")
            .cause("At 2026-03-02T08:00:31Z an instance was started")
            .status_code("Failed".into())
            .status_message("We currently do not have\nsufficient capacity")
            .start_time(DateTime::from_secs(1_772_438_431))
            .details(r#"{"Subnet ID":"subnet-1","Availability Zone":"us-west-2a"}"#)
            .build();
        let activity = read(&sdk).unwrap();
        assert_eq!(activity.kind, ActivityKind::Launch);
        assert_eq!(activity.result, ActivityResult::Failed);
        assert_eq!(activity.zone.as_deref(), Some("us-west-2a"));
        assert_eq!(activity.message, "We currently do not have sufficient capacity");
        assert_eq!(activity.ended, None);
    }
}
