//! Can a scaling policy lower the desired capacity? That is what makes a fleet's mode.

use aws_sdk_autoscaling::types::ScalingPolicy as SdkPolicy;
use tidegate_domain::group::ScalingPolicy;

/// Reads one policy. A type that we do not know counts as able to scale in: then
/// Tidegate only moves `MinSize`, which does no harm if it is wrong.
pub(crate) fn read(sdk: &SdkPolicy) -> ScalingPolicy {
    let able = match sdk.policy_type().unwrap_or("SimpleScaling") {
        "TargetTrackingScaling" => tracks_downwards(sdk),
        "StepScaling" | "SimpleScaling" => steps_down(sdk),
        "PredictiveScaling" => false,
        _ => true,
    };
    ScalingPolicy {
        name: sdk.policy_name().unwrap_or_default().to_owned(),
        can_scale_in: able && sdk.enabled().unwrap_or(true),
    }
}

fn tracks_downwards(sdk: &SdkPolicy) -> bool {
    let disabled = sdk.target_tracking_configuration().and_then(|c| c.disable_scale_in());
    !disabled.unwrap_or(false)
}

fn steps_down(sdk: &SdkPolicy) -> bool {
    let exact = sdk.adjustment_type() == Some("ExactCapacity");
    let steps = sdk.step_adjustments().iter().filter_map(|step| step.scaling_adjustment());
    exact || sdk.scaling_adjustment().into_iter().chain(steps).any(|change| change < 0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use aws_sdk_autoscaling::types::{StepAdjustment, TargetTrackingConfiguration};

    fn step(change: i32) -> StepAdjustment {
        StepAdjustment::builder().scaling_adjustment(change).build()
    }

    fn tracking(disable_scale_in: Option<bool>) -> TargetTrackingConfiguration {
        let config = TargetTrackingConfiguration::builder().target_value(70.0);
        config.set_disable_scale_in(disable_scale_in).build()
    }

    #[test]
    fn only_what_can_lower_the_desired_capacity_scales_in() {
        let policy = |kind: &str| SdkPolicy::builder().policy_name("p").policy_type(kind);
        let track =
            |d| policy("TargetTrackingScaling").target_tracking_configuration(tracking(d)).build();
        let steps = || policy("StepScaling").adjustment_type("ChangeInCapacity");
        let simple = || policy("SimpleScaling").adjustment_type("ChangeInCapacity");
        for (case, sdk, expected) in [
            ("tracking", track(None), true),
            ("tracking, scale-in on", track(Some(false)), true),
            ("tracking, scale-in off", track(Some(true)), false),
            ("steps up", steps().step_adjustments(step(2)).build(), false),
            (
                "a step down",
                steps().step_adjustments(step(2)).step_adjustments(step(-1)).build(),
                true,
            ),
            ("steps, disabled", steps().step_adjustments(step(-1)).enabled(false).build(), false),
            ("simple up", simple().scaling_adjustment(1).build(), false),
            ("simple down", simple().scaling_adjustment(-1).build(), true),
            ("exact", policy("SimpleScaling").adjustment_type("ExactCapacity").build(), true),
            ("predictive", policy("PredictiveScaling").build(), false),
            ("unknown", policy("DreamScaling").build(), true),
        ] {
            assert_eq!(read(&sdk).can_scale_in, expected, "{case}");
        }
    }
}
