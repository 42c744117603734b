//! AWS's shapes, as the operator's commands read them.

use super::*;
use aws_sdk_autoscaling::types::{
    EnabledMetric, Instance, LaunchTemplate, LaunchTemplateOverrides, MixedInstancesPolicy,
    PredictiveScalingConfiguration, TrafficSourceIdentifier, WarmPoolConfiguration,
};

fn sized() -> aws_sdk_autoscaling::types::builders::AutoScalingGroupBuilder {
    AutoScalingGroup::builder().min_size(2).max_size(10).desired_capacity(4)
}

fn words(set: &BTreeSet<String>) -> Vec<&str> {
    set.iter().map(String::as_str).collect()
}

#[test]
fn a_plain_group_has_nothing_special() {
    let plain = setup(&sized().build()).unwrap();
    assert_eq!(words(&plain.health_checks), ["EC2"]);
    assert!(plain.metrics.is_empty() && plain.traffic.is_empty() && plain.traits.is_empty());
    assert_eq!(plain.protected, 0);
    assert!(setup(&AutoScalingGroup::builder().build()).is_err(), "a size is missing");
}

#[test]
fn everything_that_changes_how_a_group_scales_is_seen() {
    let member = |id: &str, protected| {
        let member = Instance::builder().instance_id(id).protected_from_scale_in(protected);
        member.build()
    };
    let weight = LaunchTemplateOverrides::builder().weighted_capacity("2").build();
    let template = LaunchTemplate::builder().overrides(weight).build();
    let sdk = sized()
        .health_check_type("EC2, ELB")
        .enabled_metrics(EnabledMetric::builder().metric("GroupInServiceInstances").build())
        .target_group_arns("arn:tg")
        .load_balancer_names("classic")
        .traffic_sources(TrafficSourceIdentifier::builder().identifier("arn:lattice").build())
        .instances(member("i-1", true))
        .instances(member("i-2", false))
        .new_instances_protected_from_scale_in(true)
        .mixed_instances_policy(MixedInstancesPolicy::builder().launch_template(template).build())
        .warm_pool_configuration(WarmPoolConfiguration::builder().min_size(1).build())
        .build();
    let seen = setup(&sdk).unwrap();
    assert_eq!(words(&seen.health_checks), ["EC2", "ELB"]);
    assert_eq!(words(&seen.metrics), ["GroupInServiceInstances"]);
    assert_eq!(words(&seen.traffic), ["arn:lattice", "arn:tg", "classic"]);
    assert_eq!(seen.protected, 1);
    let all = [Trait::ProtectsNew, Trait::Mixed, Trait::Weighted, Trait::WarmPool];
    assert_eq!(seen.traits, BTreeSet::from(all));
}

#[test]
fn a_scheduled_action_keeps_what_it_does_not_name() {
    let action = || ScheduledUpdateGroupAction::builder().scheduled_action_name("nightly");
    let once = action().desired_capacity(3).start_time(DateTime::from_secs(60)).build();
    let once = scheduled(&once).unwrap();
    assert_eq!((once.min, once.max, once.desired), (None, None, Some(3)));
    assert_eq!((once.recurrence, once.time_zone.as_str()), (None, "UTC"));
    assert_eq!(once.start.map(Timestamp::as_second), Some(60));
    let again = action().min_size(0).recurrence("0 22 * * *").time_zone("Asia/Seoul").build();
    let again = scheduled(&again).unwrap();
    assert_eq!((again.min, again.time_zone.as_str()), (Some(0), "Asia/Seoul"));
    let wrong = scheduled(&action().min_size(-1).build()).unwrap_err();
    assert!(wrong.contains("MinSize of nightly"), "{wrong}");
}

#[test]
fn a_policy_is_told_with_its_kind() {
    let policy = |kind: &str| SdkPolicy::builder().policy_name("p").policy_type(kind);
    let predictive = |mode| {
        let config = PredictiveScalingConfiguration::builder().set_mode(mode).build();
        policy("PredictiveScaling").predictive_scaling_configuration(config).build()
    };
    let scales = |scales| ScalerKind::Predictive { scales };
    for (sdk, kind) in [
        (policy("TargetTrackingScaling").build(), ScalerKind::Tracking),
        (policy("StepScaling").build(), ScalerKind::Step),
        (policy("SimpleScaling").build(), ScalerKind::Simple),
        (SdkPolicy::builder().build(), ScalerKind::Simple),
        (predictive(Some(PredictiveScalingMode::ForecastAndScale)), scales(true)),
        (predictive(Some(PredictiveScalingMode::ForecastOnly)), scales(false)),
        (predictive(None), scales(false)),
        (policy("DreamScaling").build(), ScalerKind::Other("DreamScaling".to_owned())),
    ] {
        assert_eq!(scaler(&sdk).kind, kind);
    }
    assert!(!scaler(&policy("StepScaling").enabled(false).build()).enabled);
}

#[test]
fn a_hook_is_read_as_aws_would_apply_it() {
    let silent = hook(&LifecycleHook::builder().lifecycle_hook_name("h").build());
    assert!(!silent.launching && silent.abandons);
    assert_eq!(silent.timeout.as_secs(), 3_600);
    let sdk = LifecycleHook::builder()
        .lifecycle_transition("autoscaling:EC2_INSTANCE_LAUNCHING")
        .heartbeat_timeout(90)
        .default_result("CONTINUE")
        .build();
    let told = hook(&sdk);
    assert!(told.launching && !told.abandons);
    assert_eq!(told.timeout.as_secs(), 90);
}
