//! What the operator's commands see of a group and take off it; no function calls it.
//!
//! What must stay true: a size that cannot be read is an unreadable answer; listings are complete
//! or an error; taking off what is not there is done.

use crate::autoscaling::{group, size};
use crate::aws::Aws;
use crate::policies;
use aws_sdk_autoscaling::primitives::DateTime;
use aws_sdk_autoscaling::types::{
    AutoScalingGroup, LifecycleHook, PredictiveScalingMode, ScalingPolicy as SdkPolicy,
    ScheduledUpdateGroupAction, Tag,
};
use jiff::{SignedDuration, Timestamp};
use std::collections::BTreeSet;
use tidegate_domain::attach::{Attach, Hook, Scaler, ScalerKind, ScheduledAction, Setup, Trait};
use tidegate_domain::group::Backstop;
use tidegate_domain::ids::FleetName;
use tidegate_domain::ledger::LedgerEntry;
use tidegate_domain::ports::{PortError, PortResult};

/// Pages of a listing that are read at most; a group has at most 125 scheduled actions.
const PAGES: usize = 10;
/// The largest page that the listings give.
const PAGE: i32 = 100;
/// AWS's limit for a hook, where it names none.
const HOOK_SECS: i32 = 3_600;

impl Attach for Aws {
    async fn setup(&self, fleet: &FleetName) -> PortResult<Option<Setup>> {
        let operation = self.operation("DescribeAutoScalingGroups")?;
        let request = self.clients.autoscaling.describe_auto_scaling_groups();
        let answer = operation.run(request.auto_scaling_group_names(fleet.as_str()).send()).await?;
        let mut groups = answer.auto_scaling_groups().iter();
        let ours = groups.find(|group| group.auto_scaling_group_name() == Some(fleet.as_str()));
        let unreadable = |why| PortError::Unreadable { call: operation.name(), why };
        ours.map(setup).transpose().map_err(unreadable)
    }

    async fn schedules(&self, fleet: &FleetName) -> PortResult<Vec<ScheduledAction>> {
        let call = "DescribeScheduledActions";
        let (mut found, mut token) = (Vec::new(), None);
        for _ in 0..PAGES {
            let request = self.clients.autoscaling.describe_scheduled_actions();
            let request = request.auto_scaling_group_name(fleet.as_str()).max_records(PAGE);
            let answer = self.operation(call)?.run(request.set_next_token(token).send()).await?;
            for action in answer.scheduled_update_group_actions() {
                let read = scheduled(action);
                found.push(read.map_err(|why| PortError::Unreadable { call, why })?);
            }
            token = answer.next_token().map(str::to_owned);
            if token.is_none() {
                found.sort_by(|a: &ScheduledAction, b| a.name.cmp(&b.name));
                return Ok(found);
            }
        }
        Err(PortError::Unreadable { call, why: format!("more than {PAGES} pages") })
    }

    async fn scalers(&self, fleet: &FleetName) -> PortResult<Vec<Scaler>> {
        let found = self.sdk_policies_of(fleet).await?;
        Ok(found.iter().map(scaler).collect())
    }

    async fn hooks(&self, fleet: &FleetName) -> PortResult<Vec<Hook>> {
        let request = self.clients.autoscaling.describe_lifecycle_hooks();
        let request = request.auto_scaling_group_name(fleet.as_str()).send();
        let answer = self.operation("DescribeLifecycleHooks")?.run(request).await?;
        Ok(answer.lifecycle_hooks().iter().map(hook).collect())
    }

    async fn first_entry(&self, fleet: &FleetName) -> PortResult<Option<LedgerEntry>> {
        self.oldest_entry(fleet).await
    }

    async fn remove_backstop(&self, fleet: &FleetName) -> PortResult<()> {
        // AWS refuses to delete what is not there.
        let actions = self.schedules(fleet).await?;
        if !actions.iter().any(|action| action.name == Backstop::NAME) {
            return Ok(());
        }
        let request = self.clients.autoscaling.delete_scheduled_action();
        let request = request.auto_scaling_group_name(fleet.as_str());
        let request = request.scheduled_action_name(Backstop::NAME).send();
        self.operation("DeleteScheduledAction")?.run(request).await.map(drop)
    }

    async fn remove_tags(&self, fleet: &FleetName, names: &BTreeSet<String>) -> PortResult<()> {
        if names.is_empty() {
            return Ok(());
        }
        let tag = |name: &String| {
            let tag = Tag::builder().resource_type("auto-scaling-group");
            tag.resource_id(fleet.as_str()).key(name).build()
        };
        let tags: Vec<Tag> = names.iter().map(tag).collect();
        let request = self.clients.autoscaling.delete_tags().set_tags(Some(tags)).send();
        self.operation("DeleteTags")?.run(request).await.map(drop)
    }
}

fn setup(sdk: &AutoScalingGroup) -> Result<Setup, String> {
    let checks = sdk.health_check_type().unwrap_or("EC2").split(',').map(str::trim);
    let sources = sdk.traffic_sources().iter().filter_map(|source| source.identifier());
    let sources = sources.map(str::to_owned);
    let listed = sdk.target_group_arns().iter().chain(sdk.load_balancer_names()).cloned();
    let protected = sdk.instances().iter().filter(|i| i.protected_from_scale_in() == Some(true));
    Ok(Setup {
        group: group(sdk)?,
        health_checks: checks.map(str::to_owned).collect(),
        metrics: sdk
            .enabled_metrics()
            .iter()
            .filter_map(|m| m.metric().map(str::to_owned))
            .collect(),
        traffic: listed.chain(sources).collect(),
        protected: u32::try_from(protected.count()).unwrap_or(u32::MAX),
        traits: traits(sdk),
    })
}

fn traits(sdk: &AutoScalingGroup) -> BTreeSet<Trait> {
    let mixed = sdk.mixed_instances_policy();
    let overrides = mixed.and_then(|m| m.launch_template()).map(|t| t.overrides());
    let weighted = overrides.unwrap_or_default().iter().any(|o| o.weighted_capacity().is_some())
        || sdk.instances().iter().any(|i| i.weighted_capacity().is_some());
    let all = [
        (Trait::ProtectsNew, sdk.new_instances_protected_from_scale_in() == Some(true)),
        (Trait::Mixed, mixed.is_some()),
        (Trait::Weighted, weighted),
        (Trait::WarmPool, sdk.warm_pool_configuration().is_some()),
    ];
    all.into_iter().filter_map(|(word, has)| has.then_some(word)).collect()
}

fn scheduled(sdk: &ScheduledUpdateGroupAction) -> Result<ScheduledAction, String> {
    let name = sdk.scheduled_action_name().unwrap_or_default();
    let named = |what: &str, value: Option<i32>| {
        value.map(|_| size(&format!("{what} of {name}"), value)).transpose()
    };
    Ok(ScheduledAction {
        name: name.to_owned(),
        min: named("MinSize", sdk.min_size())?,
        max: named("MaxSize", sdk.max_size())?,
        desired: named("DesiredCapacity", sdk.desired_capacity())?,
        recurrence: sdk.recurrence().filter(|cron| !cron.is_empty()).map(str::to_owned),
        time_zone: sdk.time_zone().unwrap_or("UTC").to_owned(),
        start: sdk.start_time().or(sdk.time()).and_then(instant),
        end: sdk.end_time().and_then(instant),
    })
}

fn instant(at: &DateTime) -> Option<Timestamp> {
    Timestamp::from_second(at.secs()).ok()
}

fn scaler(sdk: &SdkPolicy) -> Scaler {
    let kind = match sdk.policy_type().unwrap_or("SimpleScaling") {
        "TargetTrackingScaling" => ScalerKind::Tracking,
        "StepScaling" => ScalerKind::Step,
        "SimpleScaling" => ScalerKind::Simple,
        "PredictiveScaling" => ScalerKind::Predictive { scales: forecasts_and_scales(sdk) },
        other => ScalerKind::Other(other.to_owned()),
    };
    Scaler { policy: policies::read(sdk), kind, enabled: sdk.enabled().unwrap_or(true) }
}

/// `ForecastOnly` is AWS's default.
fn forecasts_and_scales(sdk: &SdkPolicy) -> bool {
    let mode = sdk.predictive_scaling_configuration().and_then(|config| config.mode());
    mode.is_some_and(|mode| *mode == PredictiveScalingMode::ForecastAndScale)
}

fn hook(sdk: &LifecycleHook) -> Hook {
    let secs = sdk.heartbeat_timeout().unwrap_or(HOOK_SECS);
    Hook {
        name: sdk.lifecycle_hook_name().unwrap_or_default().to_owned(),
        launching: sdk.lifecycle_transition() == Some("autoscaling:EC2_INSTANCE_LAUNCHING"),
        timeout: SignedDuration::from_secs(secs.into()),
        abandons: sdk.default_result() != Some("CONTINUE"),
    }
}

#[cfg(test)]
#[path = "attach/tests.rs"]
mod tests;
