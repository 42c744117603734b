//! A scaling activity's prose: AWS tells in sentences what it did and why.
//! <https://docs.aws.amazon.com/autoscaling/ec2/userguide/ec2-auto-scaling-verify-scaling-activity.html>

use tidegate_domain::group::{ActivityKind, ActivityResult, DesiredChange};

/// How a cause tells a change of desired capacity.
const CHANGE: &str = "changing the desired capacity from ";

/// What an activity did, by its description.
pub fn kind(description: &str) -> ActivityKind {
    match description.split_whitespace().next() {
        Some("Launching") => ActivityKind::Launch,
        Some("Terminating") => ActivityKind::Terminate,
        _ => ActivityKind::Other,
    }
}

/// How it went, by its status code. Every code that is not an end is a stage on the way.
pub fn result(code: &str) -> ActivityResult {
    match code {
        "Successful" => ActivityResult::Successful,
        "Failed" | "Cancelled" => ActivityResult::Failed,
        _ => ActivityResult::InProgress,
    }
}

/// The zone that the details name: JSON such as
/// `{"Subnet ID":"subnet-1","Availability Zone":"us-west-2a"}`.
pub fn zone(details: &str) -> Option<String> {
    let details: serde_json::Value = serde_json::from_str(details).ok()?;
    Some(details.get("Availability Zone")?.as_str()?.to_owned())
}

/// The last change of desired capacity that the cause names: a cause tells its story in order.
pub fn desired_change(cause: &str) -> Option<DesiredChange> {
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
    fn stages_are_under_way_and_odd_details_are_no_zone() {
        assert_eq!(result("WaitingForELBConnectionDraining"), ActivityResult::InProgress);
        assert_eq!(result("SomethingNew"), ActivityResult::InProgress);
        assert_eq!(result("Cancelled"), ActivityResult::Failed);
        for details in ["", "not json", "[]", r#"{"Availability Zone":3}"#] {
            assert_eq!(zone(details), None, "{details}");
        }
    }
}
