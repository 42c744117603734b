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
    /// `Control::sizing`
    Sizing,
    /// `Control::put_sizing`
    PutSizing,
    /// `Control::append`
    Append,
    /// `Control::ledger`
    Ledger,
    /// `Notices::publish`
    Publish,
    /// `AlarmStore::groups`
    GroupList,
    /// `AlarmStore::open`, one for each group
    OpenGroup,
    /// `AlarmStore::settle`
    SettleGroup,
    /// `AlarmStore::members`
    Members,
    /// `AlarmStore::keep`, one for each member
    KeepMember,
    /// `AlarmStore::forget`, one for each member
    ForgetMember,
    /// `AlarmStore::take`
    TakeGroup,
    /// `AlarmStore::leave`
    LeaveGroup,
    /// `AlarmStore::group`
    ReadGroup,
    /// `AlarmStore::mark`
    MarkGroup,
    /// `AlarmStore::silences`
    Silences,
    /// `AlarmStore::put_silence`
    PutSilence,
    /// `AlarmStore::spend`
    Spend,
    /// `AlarmSource::firing`
    Firing,
    /// `AlarmSource::named`
    Named,
    /// `AlarmSource::tags`
    Tags,
    /// `Outlet::send`, one for each topic that is tried
    Send,
    /// `Outlet::send`, its chat form
    Chat,
    /// `Attach::setup`
    Setup,
    /// `Attach::schedules`
    Schedules,
    /// `Attach::scalers`
    Scalers,
    /// `Attach::hooks`
    Hooks,
    /// `Attach::first_entry`
    FirstEntry,
    /// `Attach::remove_backstop`
    RemoveBackstop,
    /// `Attach::remove_tags`
    RemoveTags,
}

impl Call {
    /// Every call.
    pub const ALL: [Self; 43] = [
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
        Self::Sizing,
        Self::PutSizing,
        Self::Append,
        Self::Ledger,
        Self::Publish,
        Self::GroupList,
        Self::OpenGroup,
        Self::SettleGroup,
        Self::Members,
        Self::KeepMember,
        Self::ForgetMember,
        Self::TakeGroup,
        Self::LeaveGroup,
        Self::ReadGroup,
        Self::MarkGroup,
        Self::Silences,
        Self::PutSilence,
        Self::Spend,
        Self::Firing,
        Self::Named,
        Self::Tags,
        Self::Send,
        Self::Chat,
        Self::Setup,
        Self::Schedules,
        Self::Scalers,
        Self::Hooks,
        Self::FirstEntry,
        Self::RemoveBackstop,
        Self::RemoveTags,
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
            Self::Sizing => "GetItem sizing",
            Self::PutSizing => "PutItem sizing",
            Self::Append => "PutItem ledger",
            Self::Ledger => "Query ledger",
            Self::Publish => "Publish",
            Self::GroupList => "Query alarm-groups",
            Self::OpenGroup => "UpdateItem alarm-groups",
            Self::SettleGroup => "PutItem alarm-groups",
            Self::Members => "BatchGetItem member",
            Self::KeepMember => "PutItem member",
            Self::ForgetMember => "DeleteItem member",
            Self::TakeGroup => "UpdateItem group lease",
            Self::LeaveGroup => "DeleteItem group lease",
            Self::ReadGroup => "Query group",
            Self::MarkGroup => "PutItem group",
            Self::Silences => "Query silences",
            Self::PutSilence => "PutItem silence",
            Self::Spend => "UpdateItem spent",
            Self::Firing => "DescribeAlarms firing",
            Self::Named => "DescribeAlarms named",
            Self::Tags => "ListTagsForResource",
            Self::Send => "Publish alarm",
            Self::Chat => "Publish chat",
            Self::Setup => "DescribeAutoScalingGroups setup",
            Self::Schedules => "DescribeScheduledActions all",
            Self::Scalers => "DescribePolicies kinds",
            Self::Hooks => "DescribeLifecycleHooks",
            Self::FirstEntry => "Query ledger first",
            Self::RemoveBackstop => "DeleteScheduledAction",
            Self::RemoveTags => "DeleteTags",
        }
    }

    /// Whether it goes to Auto Scaling.
    pub const fn is_groups(self) -> bool {
        matches!(self, Self::Describe | Self::Evidence)
            || matches!(self, Self::Setup | Self::Schedules | Self::Scalers | Self::Hooks)
            || self.is_group_write()
    }

    /// Whether it changes a group (sizes, scheduled action or tags).
    pub const fn is_group_write(self) -> bool {
        matches!(self, Self::SetMin | Self::SetDesired | Self::PutBackstop)
            || matches!(self, Self::RemoveBackstop | Self::RemoveTags)
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
                | Self::Sizing
                | Self::PutSizing
                | Self::Append
                | Self::Ledger
                | Self::FirstEntry
        ) || self.is_alarm_store()
    }

    /// Whether it is one of the alarm router's own ports.
    pub const fn is_router(self) -> bool {
        self.is_alarm_store()
            || matches!(self, Self::Firing | Self::Named | Self::Tags | Self::Send | Self::Chat)
    }

    /// Whether it goes to what the alarm router keeps in the control table.
    pub const fn is_alarm_store(self) -> bool {
        self.is_alarm_store_write()
            || matches!(self, Self::GroupList | Self::Members | Self::ReadGroup | Self::Silences)
    }

    const fn is_alarm_store_write(self) -> bool {
        matches!(
            self,
            Self::OpenGroup
                | Self::SettleGroup
                | Self::KeepMember
                | Self::ForgetMember
                | Self::TakeGroup
                | Self::LeaveGroup
                | Self::MarkGroup
                | Self::PutSilence
                | Self::Spend
        )
    }

    /// Whether it changes anything anywhere.
    pub const fn is_write(self) -> bool {
        self.is_group_write()
            || self.is_alarm_store_write()
            || matches!(
                self,
                Self::PutPolicy
                    | Self::Acquire
                    | Self::Release
                    | Self::Store
                    | Self::PutSizing
                    | Self::Append
                    | Self::Publish
                    | Self::Send
                    | Self::Chat
            )
    }
}

impl fmt::Display for Call {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}
