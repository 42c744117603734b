//! The calls of the ports, by names that do not change.

use std::fmt;

/// A call of a port. The names are stable: tests and tables refer to them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Call {
    /// `Groups::describe`
    Describe,
    /// `Groups::evidence`
    Evidence,
    /// `Groups::set_min`
    SetMin,
    /// `Groups::set_desired`
    SetDesired,
    /// `Groups::put_backstop`
    PutBackstop,
    /// `Metrics::alarms`
    Alarms,
    /// `Metrics::read`
    Read,
    /// `Control::policies`
    Policies,
    /// `Control::put_policy`
    PutPolicy,
    /// `Control::acquire`
    Acquire,
    /// `Control::release`
    Release,
    /// `Control::load`
    Load,
    /// `Control::store`
    Store,
    /// `Control::append`
    Append,
    /// `Control::ledger`
    Ledger,
    /// `Notices::publish`
    Publish,
}

impl Call {
    /// Every call.
    pub const ALL: [Self; 16] = [
        Self::Describe,
        Self::Evidence,
        Self::SetMin,
        Self::SetDesired,
        Self::PutBackstop,
        Self::Alarms,
        Self::Read,
        Self::Policies,
        Self::PutPolicy,
        Self::Acquire,
        Self::Release,
        Self::Load,
        Self::Store,
        Self::Append,
        Self::Ledger,
        Self::Publish,
    ];

    /// The AWS call (the first of them, where the port makes several) and its object.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Describe => "DescribeAutoScalingGroups",
            Self::Evidence => "DescribeScalingActivities",
            Self::SetMin => "UpdateAutoScalingGroup",
            Self::SetDesired => "SetDesiredCapacity",
            Self::PutBackstop => "PutScheduledUpdateGroupAction",
            Self::Alarms => "DescribeAlarms",
            Self::Read => "GetMetricData",
            Self::Policies => "Query policy",
            Self::PutPolicy => "PutItem policy",
            Self::Acquire => "UpdateItem lease",
            Self::Release => "DeleteItem lease",
            Self::Load => "GetItem memory",
            Self::Store => "PutItem memory",
            Self::Append => "PutItem ledger",
            Self::Ledger => "Query ledger",
            Self::Publish => "Publish",
        }
    }

    /// Whether it goes to Auto Scaling.
    pub const fn is_groups(self) -> bool {
        matches!(self, Self::Describe | Self::Evidence) || self.is_group_write()
    }

    /// Whether it changes a group (sizes or scheduled action).
    pub const fn is_group_write(self) -> bool {
        matches!(self, Self::SetMin | Self::SetDesired | Self::PutBackstop)
    }

    /// Whether it goes to the control table.
    pub const fn is_control(self) -> bool {
        matches!(
            self,
            Self::Policies
                | Self::PutPolicy
                | Self::Acquire
                | Self::Release
                | Self::Load
                | Self::Store
                | Self::Append
                | Self::Ledger
        )
    }

    /// Whether it changes anything anywhere.
    pub const fn is_write(self) -> bool {
        self.is_group_write()
            || matches!(
                self,
                Self::PutPolicy
                    | Self::Acquire
                    | Self::Release
                    | Self::Store
                    | Self::Append
                    | Self::Publish
            )
    }
}

impl fmt::Display for Call {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}
