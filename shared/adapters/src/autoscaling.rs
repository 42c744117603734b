//! Auto Scaling: the group, the evidence before a lowering, and the three writes.
//!
//! What must stay true: `MinSize` is written alone, `MaxSize` never; a size that AWS
//! does not name, or a weight that is not a number, is an unreadable answer and no default.

use crate::activities;
use crate::aws::Aws;
use crate::call::Operation;
use crate::policies;
use aws_sdk_autoscaling::config::Config;
use aws_sdk_autoscaling::types::{AutoScalingGroup, Instance as SdkInstance};
use aws_sdk_autoscaling::types::{
    InstanceRefresh, ScalingPolicy as SdkPolicy, ScheduledUpdateGroupAction,
};
use aws_smithy_types::retry::RetryConfig;
use jiff::{SignedDuration, Timestamp};
use tidegate_domain::group::{
    Activity, Backstop, Evidence, Group, Instance, Lifecycle, ScalingPolicy, Sizes,
};
use tidegate_domain::ids::{FleetName, InstanceId};
use tidegate_domain::ports::{Groups, PortError, PortResult};

/// Pages of a listing that are read at most; a group's policies fit into one.
const PAGES: usize = 10;
/// The largest page that the listings give.
const PAGE: i32 = 100;
/// How far back activities are evidence.
const LOOKBACK: SignedDuration = SignedDuration::from_hours(24);
/// A refresh in any other status, words that AWS adds later included, is under way.
const ENDED_REFRESH: &[&str] =
    &["Successful", "Failed", "Cancelled", "RollbackFailed", "RollbackSuccessful"];
/// The SDK does not try these again; the group is free again within a second or so.
const BUSY: &[&str] = &["ScalingActivityInProgress"];

impl Groups for Aws {
    async fn describe(&self, fleet: &FleetName) -> PortResult<Option<Group>> {
        let operation = self.operation("DescribeAutoScalingGroups")?;
        let request = self
            .clients
            .autoscaling
            .describe_auto_scaling_groups()
            .auto_scaling_group_names(fleet.as_str())
            .send();
        let answer = operation.run(request).await?;
        let ours =
            |group: &&AutoScalingGroup| group.auto_scaling_group_name() == Some(fleet.as_str());
        answer
            .auto_scaling_groups()
            .iter()
            .find(ours)
            .map(group)
            .transpose()
            .map_err(|why| PortError::Unreadable { call: operation.name(), why })
    }

    async fn evidence(&self, fleet: &FleetName, now: Timestamp) -> PortResult<Evidence> {
        let (policies, activities, refresh, backstop) = tokio::try_join!(
            self.policies_of(fleet),
            self.activities_of(fleet, now),
            self.refresh_of(fleet),
            self.backstop_of(fleet),
        )?;
        Ok(Evidence { policies, activities, refresh, backstop })
    }

    async fn set_min(&self, fleet: &FleetName, min: u32) -> PortResult<()> {
        let operation = self.operation("UpdateAutoScalingGroup")?;
        let min = size_word(&operation, min)?;
        let request = || {
            let call = self.clients.autoscaling.update_auto_scaling_group();
            call.auto_scaling_group_name(fleet.as_str()).min_size(min).send()
        };
        let answer = operation.insist(BUSY, request).await;
        answer.map(drop).map_err(|failure| failure.port(operation.name()))
    }

    async fn set_desired(&self, fleet: &FleetName, desired: u32) -> PortResult<()> {
        let operation = self.operation("SetDesiredCapacity")?;
        let desired = size_word(&operation, desired)?;
        let call = self.clients.autoscaling.set_desired_capacity();
        let call = call.auto_scaling_group_name(fleet.as_str()).desired_capacity(desired);
        // One attempt: a second would write over a raise that came after the first, and it would
        // look like our own step. The next tick decides anew.
        let once = Config::builder().retry_config(RetryConfig::disabled());
        let call = call.honor_cooldown(false).customize().config_override(once);
        operation.run(call.send()).await.map(drop)
    }

    async fn put_backstop(&self, fleet: &FleetName, backstop: &Backstop) -> PortResult<()> {
        let operation = self.operation("PutScheduledUpdateGroupAction")?;
        let request = self
            .clients
            .autoscaling
            .put_scheduled_update_group_action()
            .auto_scaling_group_name(fleet.as_str())
            .scheduled_action_name(Backstop::NAME)
            .min_size(size_word(&operation, backstop.min)?)
            .recurrence(&backstop.recurrence)
            .time_zone(&backstop.time_zone)
            .send();
        operation.run(request).await.map(drop)
    }
}

/// The parts of the evidence.
impl Aws {
    async fn policies_of(&self, fleet: &FleetName) -> PortResult<Vec<ScalingPolicy>> {
        let found = self.sdk_policies_of(fleet).await?;
        Ok(found.iter().map(policies::read).collect())
    }

    pub(crate) async fn sdk_policies_of(&self, fleet: &FleetName) -> PortResult<Vec<SdkPolicy>> {
        let call = "DescribePolicies";
        let mut found = Vec::new();
        let mut token = None;
        for _ in 0..PAGES {
            let request = self
                .clients
                .autoscaling
                .describe_policies()
                .auto_scaling_group_name(fleet.as_str())
                .max_records(PAGE)
                .set_next_token(token)
                .send();
            let answer = self.operation(call)?.run(request).await?;
            token = answer.next_token().map(str::to_owned);
            found.extend(answer.scaling_policies.unwrap_or_default());
            if token.is_none() {
                return Ok(found);
            }
        }
        // A policy that we did not see might scale in: the mode would be a guess.
        let why = format!("more than {PAGES} pages of policies");
        Err(PortError::Unreadable { call, why })
    }

    /// Newest first. AWS lists the newest first, so reading ends with the first page that
    /// reaches behind the 24 hours; a thousand activities are enough in any case: what is
    /// looked for in them (failed launches without a later success) is the newest.
    async fn activities_of(&self, fleet: &FleetName, now: Timestamp) -> PortResult<Vec<Activity>> {
        let call = "DescribeScalingActivities";
        let oldest = now.saturating_sub(LOOKBACK).unwrap_or(Timestamp::MIN);
        let mut found: Vec<Activity> = Vec::new();
        let mut token = None;
        for _ in 0..PAGES {
            let request = self
                .clients
                .autoscaling
                .describe_scaling_activities()
                .auto_scaling_group_name(fleet.as_str())
                .max_records(PAGE)
                .set_next_token(token)
                .send();
            let answer = self.operation(call)?.run(request).await?;
            let page: Vec<Activity> =
                answer.activities().iter().filter_map(activities::read).collect();
            let reached = page.last().is_some_and(|activity| activity.started < oldest);
            found.extend(page);
            token = answer.next_token().map(str::to_owned);
            if token.is_none() || reached {
                break;
            }
        }
        found.retain(|activity| activity.started >= oldest);
        found.sort_by_key(|activity| std::cmp::Reverse(activity.started));
        Ok(found)
    }

    /// At most one refresh of a group is under way, and it is the newest.
    async fn refresh_of(&self, fleet: &FleetName) -> PortResult<Option<String>> {
        let call = self.clients.autoscaling.describe_instance_refreshes();
        let request = call.auto_scaling_group_name(fleet.as_str()).send();
        let answer = self.operation("DescribeInstanceRefreshes")?.run(request).await?;
        Ok(answer.instance_refreshes().iter().find_map(refresh_under_way))
    }

    async fn backstop_of(&self, fleet: &FleetName) -> PortResult<Option<Backstop>> {
        let call = self.clients.autoscaling.describe_scheduled_actions();
        let call = call.auto_scaling_group_name(fleet.as_str());
        let request = call.scheduled_action_names(Backstop::NAME).send();
        let answer = self.operation("DescribeScheduledActions")?.run(request).await?;
        let ours = |action: &&ScheduledUpdateGroupAction| {
            action.scheduled_action_name() == Some(Backstop::NAME)
        };
        Ok(answer.scheduled_update_group_actions().iter().find(ours).and_then(backstop))
    }
}

pub(crate) fn group(sdk: &AutoScalingGroup) -> Result<Group, String> {
    let sizes = Sizes {
        min: size("MinSize", sdk.min_size())?,
        max: size("MaxSize", sdk.max_size())?,
        desired: size("DesiredCapacity", sdk.desired_capacity())?,
    };
    let tag = |tag: &aws_sdk_autoscaling::types::TagDescription| {
        Some((tag.key()?.to_owned(), tag.value().unwrap_or_default().to_owned()))
    };
    let suspended = sdk.suspended_processes().iter();
    Ok(Group {
        sizes,
        instances: sdk.instances().iter().map(instance).collect::<Result<_, _>>()?,
        suspended: suspended.filter_map(|p| p.process_name().map(str::to_owned)).collect(),
        tags: sdk.tags().iter().filter_map(tag).collect(),
        deleting: sdk.status().is_some_and(|status| status.starts_with("Delete")),
        foreign_unit: sdk.desired_capacity_type().filter(|u| *u != "units").map(str::to_owned),
    })
}

fn instance(sdk: &SdkInstance) -> Result<Instance, String> {
    let id = InstanceId::new(sdk.instance_id().unwrap_or_default()).map_err(|e| e.to_string())?;
    let weight = match sdk.weighted_capacity() {
        None => 1,
        Some(digits) => digits.parse().map_err(|_| format!("the weight of {id} is {digits:?}"))?,
    };
    let word = sdk.lifecycle_state().map_or("", |state| state.as_str());
    Ok(Instance {
        id,
        lifecycle: Lifecycle::parse(word),
        healthy: sdk.health_status().is_some_and(|word| word.eq_ignore_ascii_case("healthy")),
        zone: sdk.availability_zone().unwrap_or_default().to_owned(),
        weight,
    })
}

pub(crate) fn size(name: &str, value: Option<i32>) -> Result<u32, String> {
    let value = value.ok_or_else(|| format!("{name} is missing"))?;
    u32::try_from(value).map_err(|_| format!("{name} is {value}"))
}

/// A size as AWS takes it.
fn size_word(operation: &Operation, size: u32) -> PortResult<i32> {
    i32::try_from(size).map_err(|_| PortError::Refused {
        call: operation.name(),
        why: format!("{size} is more than any group holds"),
    })
}

fn refresh_under_way(refresh: &InstanceRefresh) -> Option<String> {
    let word = refresh.status()?.as_str();
    (!ENDED_REFRESH.contains(&word)).then(|| word.to_owned())
}

/// The action as a backstop; none when it would do something else than to raise
/// `MinSize` again and again: once only, until an end, or other sizes too.
fn backstop(action: &ScheduledUpdateGroupAction) -> Option<Backstop> {
    let plain = action.end_time().is_none()
        && action.max_size().is_none()
        && action.desired_capacity().is_none();
    plain.then_some(())?;
    Some(Backstop {
        min: action.min_size().and_then(|min| u32::try_from(min).ok())?,
        recurrence: action.recurrence()?.to_owned(),
        time_zone: action.time_zone().unwrap_or("UTC").to_owned(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use aws_sdk_autoscaling::types::{InstanceRefreshStatus, SuspendedProcess, TagDescription};

    fn sized() -> aws_sdk_autoscaling::types::builders::AutoScalingGroupBuilder {
        AutoScalingGroup::builder().min_size(2).max_size(10).desired_capacity(4)
    }

    fn member(state: &str, weight: Option<&str>) -> SdkInstance {
        SdkInstance::builder()
            .instance_id("i-1")
            .lifecycle_state(state.into())
            .health_status("Healthy")
            .availability_zone("eu-central-1a")
            .set_weighted_capacity(weight.map(str::to_owned))
            .build()
    }

    #[test]
    fn a_group_is_read_with_everything_a_decision_needs() {
        let sdk = sized()
            .instances(member("InService", Some("3")))
            .instances(member("Warmed:Stopped", None))
            .suspended_processes(SuspendedProcess::builder().process_name("Launch").build())
            .tags(TagDescription::builder().key("tidegate:hold").value("all").build())
            .desired_capacity_type("units")
            .build();
        let group = group(&sdk).unwrap();
        assert_eq!(group.sizes, Sizes { min: 2, max: 10, desired: 4 });
        assert_eq!((group.serving(), group.in_service()), (3, 3));
        assert_eq!(group.instances[1].lifecycle, Lifecycle::WarmPool);
        assert!(group.is_suspended("Launch"));
        assert_eq!(group.tags["tidegate:hold"], "all");
        assert!(!group.deleting && group.foreign_unit.is_none());
    }

    #[test]
    fn deletion_and_foreign_units_are_seen() {
        let sdk = sized().status("Delete in progress").desired_capacity_type("vcpu").build();
        let group = group(&sdk).unwrap();
        assert!(group.deleting);
        assert_eq!(group.foreign_unit.as_deref(), Some("vcpu"));
    }

    #[test]
    fn what_cannot_be_read_is_said_and_not_guessed() {
        let no_desired = AutoScalingGroup::builder().min_size(1).max_size(2).build();
        assert!(group(&no_desired).unwrap_err().contains("DesiredCapacity"));
        let bad_weight = sized().instances(member("InService", Some("heavy"))).build();
        assert!(group(&bad_weight).unwrap_err().contains("heavy"));
    }

    #[test]
    fn only_a_recurring_raise_of_the_minimum_is_a_backstop() {
        let action = || ScheduledUpdateGroupAction::builder().min_size(6).recurrence("0 8 * * 1-5");
        let good = backstop(&action().time_zone("Asia/Seoul").build()).unwrap();
        assert_eq!((good.min, good.time_zone.as_str()), (6, "Asia/Seoul"));
        assert_eq!(backstop(&action().build()).unwrap().time_zone, "UTC");
        let end = aws_sdk_autoscaling::primitives::DateTime::from_secs(0);
        for wrong in [
            action().desired_capacity(3).build(),
            action().max_size(3).build(),
            action().end_time(end).build(),
            ScheduledUpdateGroupAction::builder().min_size(6).build(),
            ScheduledUpdateGroupAction::builder().recurrence("0 8 * * *").build(),
        ] {
            assert_eq!(backstop(&wrong), None, "{wrong:?}");
        }
    }

    #[test]
    fn a_refresh_is_under_way_until_it_has_ended() {
        for (word, under_way) in [
            ("Pending", true),
            ("InProgress", true),
            ("Cancelling", true),
            ("RollbackInProgress", true),
            ("Baking", true),
            ("SomethingNew", true),
            ("Successful", false),
            ("Failed", false),
            ("Cancelled", false),
            ("RollbackSuccessful", false),
            ("RollbackFailed", false),
        ] {
            let status = InstanceRefreshStatus::from(word);
            let refresh = InstanceRefresh::builder().status(status).build();
            assert_eq!(refresh_under_way(&refresh).is_some(), under_way, "{word}");
        }
    }
}
