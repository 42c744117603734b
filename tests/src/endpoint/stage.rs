//! The contract suites' stage over the real adapters and the local endpoint.

use super::clients::{aws, sdk_config, topic_arn};
use super::{ACCOUNT, Endpoint, KEY, REGION};
use crate::contract::{AlarmScene, Arrange, Fact, GroupScene, Missing, Published, Scene, Stop};
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
use aws_sdk_sqs::types::QueueAttributeName;
use serde_json::Value;
use std::cell::RefCell;
use std::fmt::Debug;
use std::sync::atomic::{AtomicU32, Ordering};
use tidegate_adapters::Aws;
use tidegate_domain::group::{Backstop, ScalingPolicy};
use tidegate_domain::ids::{AlarmName, FleetName};
use tidegate_domain::metrics::{AlarmState, Comparison, MetricSpec, Point, QuerySource};
use tidegate_domain::notice::Severity;

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
/// Names of the topics for warnings and for critical notices.
const TOPICS: [&str; 2] = ["warning", "critical"];

/// The stage.
#[derive(Debug)]
pub struct LocalStage {
    endpoint: Endpoint,
    world: Aws,
    autoscaling: autoscaling::Client,
    cloudwatch: cloudwatch::Client,
    dynamodb: dynamodb::Client,
    sqs: aws_sdk_sqs::Client,
    queues: Vec<(Severity, String)>,
    published: RefCell<Vec<Published>>,
    counter: AtomicU32,
}

impl LocalStage {
    /// Starts an endpoint and creates the control table and both topics, each with a queue
    /// that keeps what reaches it.
    ///
    /// # Errors
    /// [`Stop::Failed`] when something of it does not work.
    pub async fn start() -> Scene<Self> {
        let endpoint = Endpoint::start().map_err(Stop::Failed)?;
        let config = sdk_config(endpoint.url());
        let mut stage = Self {
            world: aws(endpoint.url(), KEY, TABLE, TOPICS).map_err(failed("settings"))?,
            autoscaling: autoscaling::Client::new(&config),
            cloudwatch: cloudwatch::Client::new(&config),
            dynamodb: dynamodb::Client::new(&config),
            sqs: aws_sdk_sqs::Client::new(&config),
            queues: Vec::new(),
            published: RefCell::default(),
            counter: AtomicU32::new(0),
            endpoint,
        };
        stage.create_table().await?;
        stage.create_topics(&aws_sdk_sns::Client::new(&config)).await?;
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

    async fn create_topics(&mut self, sns: &aws_sdk_sns::Client) -> Scene<()> {
        for (severity, name) in [(Severity::Warning, "warning"), (Severity::Critical, "critical")] {
            sns.create_topic().name(name).send().await.map_err(failed("CreateTopic"))?;
            let queue_arn = format!("arn:aws:sqs:{REGION}:{ACCOUNT}:{name}");
            let let_sns_send = serde_json::json!({"Version": "2012-10-17", "Statement": [{
                "Effect": "Allow", "Principal": {"Service": "sns.amazonaws.com"},
                "Action": "sqs:SendMessage", "Resource": queue_arn,
            }]});
            let request = self.sqs.create_queue().queue_name(name);
            let request = request.attributes(QueueAttributeName::Policy, let_sns_send.to_string());
            let queue = request.send().await.map_err(failed("CreateQueue"))?;
            sns.subscribe()
                .topic_arn(topic_arn(name))
                .protocol("sqs")
                .endpoint(queue_arn)
                .send()
                .await
                .map_err(failed("Subscribe"))?;
            self.queues.push((severity, queue.queue_url().unwrap_or_default().to_owned()));
        }
        Ok(())
    }

    /// Takes everything out of one queue.
    async fn drain(&self, severity: Severity, url: &str) -> Scene<()> {
        loop {
            let request = self.sqs.receive_message().queue_url(url).max_number_of_messages(10);
            let answer = request.send().await.map_err(failed("ReceiveMessage"))?;
            if answer.messages().is_empty() {
                return Ok(());
            }
            for message in answer.messages() {
                let envelope: Value = serde_json::from_str(message.body().unwrap_or_default())
                    .map_err(failed("an SNS envelope"))?;
                let word = |key: &str| {
                    envelope.get(key).and_then(Value::as_str).unwrap_or_default().to_owned()
                };
                let (subject, body) = (word("Subject"), word("Message"));
                self.published.borrow_mut().push(Published { severity, subject, body });
                let handle = message.receipt_handle().unwrap_or_default();
                let request = self.sqs.delete_message().queue_url(url).receipt_handle(handle);
                request.send().await.map_err(failed("DeleteMessage"))?;
            }
        }
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
        for (severity, url) in &self.queues {
            self.drain(*severity, url).await?;
        }
        Ok(self.published.borrow().clone())
    }

    async fn garble_memory(&self, fleet: &FleetName, document: &str) -> Scene<()> {
        let request = self
            .dynamodb
            .update_item()
            .table_name(TABLE)
            .key("pk", AttributeValue::S(format!("fleet#{fleet}")))
            .key("sk", AttributeValue::S("memory".to_owned()))
            .update_expression("SET doc = :doc")
            .expression_attribute_values(":doc", AttributeValue::S(document.to_owned()));
        request.send().await.map(drop).map_err(failed("UpdateItem"))
    }

    async fn without(&self, what: Missing) -> Scene<Aws> {
        let url = self.endpoint.url();
        let world = match what {
            Missing::Table => aws(url, KEY, "no-such-table", TOPICS),
            Missing::Topics => aws(url, KEY, TABLE, ["no-warning", "no-critical"]),
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
fn failed<E: Debug>(what: &'static str) -> impl Fn(E) -> Stop {
    move |error| Stop::Failed(format!("arranging, {what}: {error:?}"))
}
