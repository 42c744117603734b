//! A finding: what was found, why it matters, what to do.

use serde::Serialize;
use tidegate_domain::ports::PortError;

/// How much a finding matters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Severity {
    /// Tidegate would not work, or would work against somebody: do this first.
    Stop,
    /// It works, but not as well as it could, or not as one might expect.
    Care,
    /// Good to know.
    Note,
}

/// One thing that was found.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Finding {
    /// How much it matters.
    pub severity: Severity,
    /// A word for it that does not change.
    pub code: &'static str,
    /// What was found.
    pub found: String,
    /// Why it matters.
    pub why: String,
    /// What to do.
    #[serde(rename = "do")]
    pub act: String,
}

impl Finding {
    /// Something that stands in the way.
    pub(super) fn stop(code: &'static str, found: impl Into<String>) -> Self {
        Self::new(Severity::Stop, code, found.into())
    }

    /// Something to take care of.
    pub(super) fn care(code: &'static str, found: impl Into<String>) -> Self {
        Self::new(Severity::Care, code, found.into())
    }

    /// Something to know.
    pub(super) fn note(code: &'static str, found: impl Into<String>) -> Self {
        Self::new(Severity::Note, code, found.into())
    }

    fn new(severity: Severity, code: &'static str, found: String) -> Self {
        Self { severity, code, found, why: String::new(), act: String::new() }
    }

    /// Why it matters.
    pub(super) fn why(mut self, why: impl Into<String>) -> Self {
        self.why = why.into();
        self
    }

    /// What to do.
    pub(super) fn act(mut self, act: impl Into<String>) -> Self {
        self.act = act.into();
        self
    }

    /// A read that failed. A missing permission is named by its action.
    pub(super) fn unread(error: &PortError) -> Self {
        match error {
            PortError::Denied { call, .. } => {
                let action = action(call);
                Self::stop("permission", format!("{action} is not permitted: {error}"))
                    .why("what it would show was not judged")
                    .act(format!(
                        "allow {action} to whoever runs this (docs/iam.md), and look again"
                    ))
            }
            other => Self::care("unread", other.to_string())
                .why("what it would show was not judged")
                .act("look again; if it stays, see the words of AWS"),
        }
    }
}

/// The IAM action of a call, as a policy names it.
fn action(call: &str) -> String {
    let name = call.split(' ').next().unwrap_or(call);
    let service = match name {
        "GetMetricData" | "DescribeAlarms" => "cloudwatch",
        "Query" | "GetItem" => "dynamodb",
        _ => "autoscaling",
    };
    format!("{service}:{name}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_denied_call_is_named_as_a_policy_names_it() {
        for (call, named) in [
            ("DescribePolicies", "autoscaling:DescribePolicies"),
            ("GetMetricData", "cloudwatch:GetMetricData"),
            ("Query (policies)", "dynamodb:Query"),
            ("GetItem (memory)", "dynamodb:GetItem"),
        ] {
            let finding = Finding::unread(&PortError::Denied { call, why: "no".to_owned() });
            assert_eq!((finding.severity, finding.code), (Severity::Stop, "permission"));
            assert!(finding.found.starts_with(named) && finding.act.contains(named), "{finding:?}");
        }
        let slow = PortError::Unavailable { call: "GetMetricData", why: "slow".to_owned() };
        assert_eq!(Finding::unread(&slow).severity, Severity::Care);
    }
}
