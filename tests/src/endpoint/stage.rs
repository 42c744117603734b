//! The contract suites' stage over the real adapters and the local endpoint.

use super::clients::{aws, sdk_config};
use super::topics::{TOPICS, Topics};
use super::{Endpoint, KEY};
use crate::contract::{
    AlarmScene, Arrange, Fact, GroupScene, Missing, Published, Scene, Sent, Stop, launch_hook,
};
use aws_sdk_autoscaling as autoscaling;
use aws_sdk_autoscaling::types::{
    MetricType, PredefinedMetricSpecification, Tag, TargetTrackingConfiguration,
};
use aws_sdk_cloudwatch as cloudwatch;
use aws_sdk_cloudwatch::primitives::DateTime;
use aws_sdk_cloudwatch::types::{ComparisonOperator, Dimension, MetricDatum, StateValue};
use aws_sdk_dynamodb as dynamodb;
use aws_sdk_dynamodb::types::{
    AttributeDefinition, AttributeValue, BillingMode, KeySchemaElement, KeyType,
    ScalarAttributeType,
};
use std::collections::BTreeMap;
use std::fmt::Debug;
use std::sync::atomic::{AtomicU32, Ordering};
use tidegate_adapters::Aws;
use tidegate_domain::alarms::group::GroupId;
use tidegate_domain::attach::{Hook, ScheduledAction};
use tidegate_domain::group::{Backstop, ScalingPolicy};
use tidegate_domain::ids::{AlarmName, FleetName};
use tidegate_domain::metrics::{AlarmState, Comparison, MetricSpec, Point, QuerySource};

/// Facts of AWS that the endpoint does not show, with what it does instead.
pub const LACKS: &[(Fact, &str)] = &[
    (Fact::DesiredBounds, "SetDesiredCapacity takes any number"),
    (Fact::MinAboveMaxRefused, "UpdateAutoScalingGroup takes a MinSize above MaxSize"),
    (Fact::MinRaisesDesired, "UpdateAutoScalingGroup leaves desired where it is"),
    (Fact::ScheduleNeedsGroup, "PutScheduledUpdateGroupAction takes any group's name"),
    (Fact::Activities, "DescribeScalingActivities is always empty"),
    (Fact::RecurrenceChecked, "any recurrence and any zone is taken"),
    (Fact::MetricMath, "an expression answers InternalError"),
    (Fact::BadMathRefused, "an expression is not parsed"),
    (Fact::AlarmsWait, "an alarm is evaluated with every PutMetricData"),
    (Fact::NoticeLimits, "the adapters cut and clean before Publish, which checks no subject"),
];

const TABLE: &str = "tidegate-control";
const NO_TOPICS: [&str; 4] = ["no-warning", "no-critical", "no-escalation", "no-chat"];

/// The stage.
#[derive(Debug)]
pub struct LocalStage {
    endpoint: Endpoint,
    world: Aws,
    autoscaling: autoscaling::Client,
    cloudwatch: cloudwatch::Client,
    dynamodb: dynamodb::Client,
    topics: Topics,
    counter: AtomicU32,
}

impl LocalStage {
    /// Starts an endpoint and creates the control table and the topics, each with a queue that
    /// keeps what reaches it.
    ///
    /// # Errors
    /// [`Stop::Failed`] when something of it does not work.
    pub async fn start() -> Scene<Self> {
        let endpoint = Endpoint::start().map_err(Stop::Failed)?;
        let config = sdk_config(endpoint.url());
        let (sns, sqs) = (aws_sdk_sns::Client::new(&config), aws_sdk_sqs::Client::new(&config));
        let stage = Self {
            world: aws(endpoint.url(), KEY, TABLE, TOPICS).map_err(failed("settings"))?,
            autoscaling: autoscaling::Client::new(&config),
            cloudwatch: cloudwatch::Client::new(&config),
            dynamodb: dynamodb::Client::new(&config),
            topics: Topics::create(&sns, sqs).await?,
            counter: AtomicU32::new(0),
            endpoint,
        };
        stage.create_table().await?;
        Ok(stage)
    }

    /// The endpoint.
    pub fn endpoint(&self) -> &Endpoint {
        &self.endpoint
    }

    /// The implementation under test, talking to `url` instead (a relay).
    ///
    /// # Errors
    /// [`Stop::Failed`].
    pub fn world_through(&self, url: &str) -> Scene<Aws> {
        aws(url, KEY, TABLE, TOPICS).map_err(failed("settings"))
    }

    /// Overwrites an item's document.
    async fn garble(&self, pk: &str, sk: &str, document: &str) -> Scene<()> {
        let text = |value: &str| AttributeValue::S(value.to_owned());
        let request = self
            .dynamodb
            .update_item()
            .table_name(TABLE)
            .key("pk", text(pk))
            .key("sk", text(sk))
            .update_expression("SET doc = :doc")
            .expression_attribute_values(":doc", text(document));
        request.send().await.map(drop).map_err(failed("UpdateItem"))
    }

    async fn create_table(&self) -> Scene<()> {
        let key = |name: &str, kind| {
            let element = KeySchemaElement::builder().attribute_name(name).key_type(kind);
            element.build().map_err(failed("key"))
        };
        let text = |name: &str| {
            let attribute = AttributeDefinition::builder().attribute_name(name);
            attribute.attribute_type(ScalarAttributeType::S).build().map_err(failed("attribute"))
        };
        let request = self
            .dynamodb
            .create_table()
            .table_name(TABLE)
            .key_schema(key("pk", KeyType::Hash)?)
            .key_schema(key("sk", KeyType::Range)?)
            .attribute_definitions(text("pk")?)
            .attribute_definitions(text("sk")?)
            .billing_mode(BillingMode::PayPerRequest);
        request.send().await.map(drop).map_err(failed("CreateTable"))
    }
}

impl Arrange for LocalStage {
    type World = Aws;

    fn world(&self) -> &Aws {
        &self.world
    }

    fn lacks(&self, fact: Fact) -> Option<String> {
        LACKS.iter().find(|(lacking, _)| *lacking == fact).map(|(_, why)| (*why).to_owned())
    }

    fn unique(&self, stem: &str) -> String {
        format!("{stem}-{}", self.counter.fetch_add(1, Ordering::Relaxed))
    }

    async fn group(&self, scene: &GroupScene) -> Scene<FleetName> {
        let name = self.unique("group");
        let tag = |(key, value): (&String, &String)| {
            Tag::builder().key(key).value(value).resource_id(&name).build()
        };
        let tags: Vec<Tag> = scene.tags.iter().map(tag).collect();
        let request = self
            .autoscaling
            .create_auto_scaling_group()
            .auto_scaling_group_name(&name)
            .min_size(size(scene.min)?)
            .max_size(size(scene.max)?)
            .desired_capacity(size(scene.desired)?)
            .set_tags(Some(tags));
        request.send().await.map_err(failed("CreateAutoScalingGroup"))?;
        let fleet = FleetName::new(&name).map_err(failed("a name"))?;
        self.settle(&fleet).await?;
        Ok(fleet)
    }

    /// The endpoint's instances are in service, or gone, at once.
    async fn settle(&self, _: &FleetName) -> Scene<()> {
        Ok(())
    }

    async fn outside_desired(&self, fleet: &FleetName, desired: u32) -> Scene<()> {
        let request = self.autoscaling.set_desired_capacity();
        let request = request.auto_scaling_group_name(fleet.as_str());
        let sent = request.desired_capacity(size(desired)?).send().await;
        sent.map(drop).map_err(failed("SetDesiredCapacity"))
    }

    async fn attach_policy(&self, fleet: &FleetName, policy: &ScalingPolicy) -> Scene<()> {
        let metric = PredefinedMetricSpecification::builder()
            .predefined_metric_type(MetricType::AsgAverageCpuUtilization)
            .build();
        let tracking = TargetTrackingConfiguration::builder()
            .predefined_metric_specification(metric)
            .target_value(70.0)
            .disable_scale_in(!policy.can_scale_in)
            .build();
        let request = self
            .autoscaling
            .put_scaling_policy()
            .auto_scaling_group_name(fleet.as_str())
            .policy_name(&policy.name)
            .policy_type("TargetTrackingScaling")
            .target_tracking_configuration(tracking);
        request.send().await.map(drop).map_err(failed("PutScalingPolicy"))
    }

    async fn suspend(&self, _: &FleetName, _: &str) -> Scene<()> {
        Err(unsupported("the endpoint has no SuspendProcesses"))
    }

    async fn refresh(&self, fleet: &FleetName, status: &str) -> Scene<()> {
        if status != "Successful" {
            return Err(unsupported("an instance refresh ends successfully as it begins"));
        }
        let request = self.autoscaling.start_instance_refresh();
        let sent = request.auto_scaling_group_name(fleet.as_str()).send().await;
        sent.map(drop).map_err(failed("StartInstanceRefresh"))
    }

    async fn backstop(&self, fleet: &FleetName) -> Scene<Option<Backstop>> {
        let request = self.autoscaling.describe_scheduled_actions();
        let sent = request.auto_scaling_group_name(fleet.as_str()).send().await;
        let answer = sent.map_err(failed("DescribeScheduledActions"))?;
        let actions = answer.scheduled_update_group_actions();
        let ours = actions.iter().find(|a| a.scheduled_action_name() == Some(Backstop::NAME));
        Ok(ours.map(|action| Backstop {
            min: action.min_size().and_then(|min| u32::try_from(min).ok()).unwrap_or_default(),
            recurrence: action.recurrence().unwrap_or_default().to_owned(),
            time_zone: action.time_zone().unwrap_or_default().to_owned(),
        }))
    }

    async fn schedule(&self, fleet: &FleetName, action: &ScheduledAction) -> Scene<()> {
        let number = |capacity: Option<u32>| capacity.map(size).transpose();
        let request = self
            .autoscaling
            .put_scheduled_update_group_action()
            .auto_scaling_group_name(fleet.as_str())
            .scheduled_action_name(&action.name)
            .set_min_size(number(action.min)?)
            .set_max_size(number(action.max)?)
            .set_desired_capacity(number(action.desired)?)
            .set_recurrence(action.recurrence.clone())
            .time_zone(&action.time_zone);
        request.send().await.map(drop).map_err(failed("PutScheduledUpdateGroupAction"))
    }

    async fn hook(&self, fleet: &FleetName) -> Scene<Hook> {
        let hook = launch_hook();
        let request = self
            .autoscaling
            .put_lifecycle_hook()
            .auto_scaling_group_name(fleet.as_str())
            .lifecycle_hook_name(&hook.name)
            .lifecycle_transition("autoscaling:EC2_INSTANCE_LAUNCHING")
            .heartbeat_timeout(i32::try_from(hook.timeout.as_secs()).unwrap_or(i32::MAX))
            .default_result("CONTINUE");
        request.send().await.map_err(failed("PutLifecycleHook"))?;
        Ok(hook)
    }

    async fn put_points(&self, spec: &MetricSpec, points: &[Point]) -> Scene<()> {
        let datum = |point: &Point| {
            MetricDatum::builder()
                .metric_name(&spec.name)
                .set_dimensions(Some(dimensions(spec)))
                .timestamp(DateTime::from_secs(point.at.as_second()))
                .value(point.value)
                .build()
        };
        let data: Vec<MetricDatum> = points.iter().map(datum).collect();
        let request = self.cloudwatch.put_metric_data().namespace(&spec.namespace);
        let sent = request.set_metric_data(Some(data)).send().await;
        sent.map(drop).map_err(failed("PutMetricData"))
    }

    async fn alarm(&self, scene: &AlarmScene) -> Scene<AlarmName> {
        let name = self.unique("alarm");
        let [part] = scene.query.parts.as_slice() else {
            return Err(unsupported("an alarm on metric math cannot be created"));
        };
        let QuerySource::Metric(spec) = &part.source else {
            return Err(unsupported("an alarm on metric math cannot be created"));
        };
        let request = self
            .cloudwatch
            .put_metric_alarm()
            .alarm_name(&name)
            .namespace(&spec.namespace)
            .metric_name(&spec.name)
            .set_dimensions(Some(dimensions(spec)))
            .period(size(scene.query.period_secs)?)
            .evaluation_periods(1)
            .threshold(scene.threshold)
            .comparison_operator(operator(scene.comparison))
            .treat_missing_data("ignore");
        let request = match spec.statistic.strip_prefix('p') {
            Some(_) => request.extended_statistic(&spec.statistic),
            None => request.statistic(spec.statistic.as_str().into()),
        };
        request.send().await.map_err(failed("PutMetricAlarm"))?;
        AlarmName::new(&name).map_err(failed("a name"))
    }

    async fn set_alarm(&self, name: &AlarmName, state: AlarmState) -> Scene<()> {
        let state = match state {
            AlarmState::Ok => StateValue::Ok,
            AlarmState::Alarm => StateValue::Alarm,
            AlarmState::InsufficientData => StateValue::InsufficientData,
        };
        let request = self.cloudwatch.set_alarm_state().alarm_name(name.as_str());
        let sent = request.state_value(state).state_reason("a test").send().await;
        sent.map(drop).map_err(failed("SetAlarmState"))
    }

    async fn published(&self) -> Scene<Vec<Published>> {
        self.topics.published().await
    }

    async fn garble_memory(&self, fleet: &FleetName, document: &str) -> Scene<()> {
        self.garble(&format!("fleet#{fleet}"), "memory", document).await
    }

    async fn garble_group(&self, group: &GroupId, document: &str) -> Scene<()> {
        self.garble(&format!("alarm-group#{group}"), "state", document).await
    }

    async fn tag_alarm(&self, arn: &str, tags: &BTreeMap<String, String>) -> Scene<()> {
        let tag =
            |(key, value)| aws_sdk_cloudwatch::types::Tag::builder().key(key).value(value).build();
        let tags: Vec<_> = tags.iter().map(tag).collect();
        let request = self.cloudwatch.tag_resource().resource_arn(arn).set_tags(Some(tags));
        request.send().await.map(drop).map_err(failed("TagResource"))
    }

    async fn sent(&self) -> Scene<Vec<Sent>> {
        self.topics.sent().await
    }

    async fn without(&self, what: Missing) -> Scene<Aws> {
        let url = self.endpoint.url();
        let world = match what {
            Missing::Table => aws(url, KEY, "no-such-table", TOPICS),
            Missing::Topics => aws(url, KEY, TABLE, NO_TOPICS),
            Missing::Permission => aws(url, "AKIANOBODYKNOWSTHIS0", TABLE, TOPICS),
        };
        world.map_err(failed("settings"))
    }
}

fn dimensions(spec: &MetricSpec) -> Vec<Dimension> {
    let dimension =
        |(name, value): (&String, &String)| Dimension::builder().name(name).value(value).build();
    spec.dimensions.iter().map(dimension).collect()
}

fn operator(comparison: Comparison) -> ComparisonOperator {
    match comparison {
        Comparison::Above => ComparisonOperator::GreaterThanThreshold,
        Comparison::AtOrAbove => ComparisonOperator::GreaterThanOrEqualToThreshold,
        Comparison::Below => ComparisonOperator::LessThanThreshold,
        Comparison::AtOrBelow => ComparisonOperator::LessThanOrEqualToThreshold,
        Comparison::Other => ComparisonOperator::LessThanLowerOrGreaterThanUpperThreshold,
    }
}

fn size(capacity: u32) -> Scene<i32> {
    i32::try_from(capacity).map_err(failed("a size"))
}

fn unsupported(why: &str) -> Stop {
    Stop::Unsupported(why.to_owned())
}

/// Turns an error into a failed scene that says what was being arranged.
pub(super) fn failed<E: Debug>(what: &'static str) -> impl Fn(E) -> Stop {
    move |error| Stop::Failed(format!("arranging, {what}: {error:?}"))
}
