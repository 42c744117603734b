//! One scaling activity: AWS tells most of it in prose, which is read here.
//! <https://docs.aws.amazon.com/autoscaling/ec2/userguide/ec2-auto-scaling-verify-scaling-activity.html>

use crate::text;
use aws_sdk_autoscaling::primitives::DateTime;
use aws_sdk_autoscaling::types::Activity as SdkActivity;
use jiff::Timestamp;
use tidegate_domain::group::{Activity, ActivityKind, ActivityResult, DesiredChange};

/// Bytes of AWS's words that are kept: they reach notices and the ledger.
const MESSAGE_BYTES: usize = 1_000;
/// How a cause tells a change of desired capacity.
const CHANGE: &str = "changing the desired capacity from ";

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

fn kind(description: &str) -> ActivityKind {
    match description.split_whitespace().next() {
        Some("Launching") => ActivityKind::Launch,
        Some("Terminating") => ActivityKind::Terminate,
        _ => ActivityKind::Other,
    }
}

/// Every code that is not an end is a stage on the way.
fn result(code: &str) -> ActivityResult {
    match code {
        "Successful" => ActivityResult::Successful,
        "Failed" | "Cancelled" => ActivityResult::Failed,
        _ => ActivityResult::InProgress,
    }
}

/// Details are JSON such as `{"Subnet ID":"subnet-1","Availability Zone":"us-west-2a"}`.
fn zone(details: &str) -> Option<String> {
    let details: serde_json::Value = serde_json::from_str(details).ok()?;
    Some(details.get("Availability Zone")?.as_str()?.to_owned())
}

/// The last change that the cause names: a cause tells its story in order.
fn desired_change(cause: &str) -> Option<DesiredChange> {
    let (_, rest) = cause.rsplit_once(CHANGE)?;
    let (from, rest) = leading_number(rest)?;
    let (to, _) = leading_number(rest.strip_prefix(" to ")?)?;
    Some(DesiredChange { from, to })
}

fn leading_number(text: &str) -> Option<(u32, &str)> {
    let end = text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
    let (digits, rest) = text.split_at_checked(end)?;
    Some((digits.parse().ok()?, rest))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cause_tells_the_last_change_of_desired_capacity() {
        let change = |from, to| Some(DesiredChange { from, to });
        for (cause, expected) in [
            (
                "At 2026-03-02T22:10:00Z a user request explicitly set group desired capacity \
                 changing the desired capacity from 9 to 8.  At 2026-03-02T22:10:08Z an instance \
                 was taken out of service in response to a difference between desired and actual \
                 capacity, shrinking the capacity from 9 to 8.",
                change(9, 8),
            ),
            (
                "At 2026-03-02T08:00:00Z a monitor alarm TargetTracking-a-AlarmHigh in state ALARM \
                 triggered policy net changing the desired capacity from 4 to 6.  At 2026-03-02T08:\
                 00:20Z a user request update of AutoScalingGroup constraints to min: 8, max: 20, \
                 desired: 8 changing the desired capacity from 6 to 8.  At 2026-03-02T08:00:31Z an \
                 instance was started in response to a difference between desired and actual \
                 capacity, increasing the capacity from 6 to 8.",
                change(6, 8),
            ),
            ("At 2026-03-02T08:00:31Z an instance was taken out of service.", None),
            ("changing the desired capacity from nine to 8", None),
            ("changing the desired capacity from 9 to", None),
            ("changing the desired capacity from 99999999999 to 1", None),
            ("changing the desired capacity from 12 to 3", change(12, 3)),
            ("", None),
        ] {
            assert_eq!(desired_change(cause), expected, "{cause}");
        }
    }

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

    #[test]
    fn stages_are_under_way_and_odd_details_are_no_zone() {
        assert_eq!(result("WaitingForELBConnectionDraining"), ActivityResult::InProgress);
        assert_eq!(result("SomethingNew"), ActivityResult::InProgress);
        assert_eq!(result("Cancelled"), ActivityResult::Failed);
        for details in ["", "not json", "[]", r#"{"Availability Zone":3}"#] {
            assert_eq!(zone(details), None, "{details}");
        }
    }
}
