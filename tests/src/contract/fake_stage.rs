//! The stage of the strict fakes: they can show everything that the suites ask for.

use super::{
    AlarmScene, Arrange, Fact, GroupScene, MINUTE, Missing, Published, Scene, Sent, Stop,
    launch_hook,
};
use std::cell::Cell;
use std::collections::BTreeMap;
use tidegate_domain::alarms::group::GroupId;
use tidegate_domain::attach::{Hook, ScheduledAction};
use tidegate_domain::group::{Backstop, ScalingPolicy};
use tidegate_domain::ids::{AlarmName, BadName, FleetName};
use tidegate_domain::metrics::{AlarmState, MetricSpec, Point};
use tidegate_domain::notice::Severity;
use tidegate_domain::ports::Clock;
use tidegate_fakes::{AlarmSpec, At, FakeAws, Fault, GroupSpec, Topic};

/// One world of fakes.
pub struct FakeStage {
    aws: FakeAws,
    names: Cell<u32>,
}

impl FakeStage {
    /// A stage over a world.
    pub fn new(aws: FakeAws) -> Self {
        aws.set_chat_topic(Some(Topic::Open));
        Self { aws, names: Cell::new(0) }
    }
}

fn bad(error: BadName) -> Stop {
    Stop::Failed(error.to_string())
}

impl Arrange for FakeStage {
    type World = FakeAws;

    fn world(&self) -> &FakeAws {
        &self.aws
    }

    fn lacks(&self, _fact: Fact) -> Option<String> {
        None
    }

    fn unique(&self, stem: &str) -> String {
        let number = self.names.get();
        self.names.set(number.wrapping_add(1));
        format!("{stem}-{number}")
    }

    async fn group(&self, scene: &GroupScene) -> Scene<FleetName> {
        let fleet = FleetName::new(self.unique("group")).map_err(bad)?;
        let spec = GroupSpec::sized(scene.min, scene.desired, scene.max);
        let spec = scene.tags.iter().fold(spec, |spec, (key, value)| spec.tag(key, value));
        self.aws.add_group(&fleet, spec)?;
        Ok(fleet)
    }

    async fn settle(&self, _fleet: &FleetName) -> Scene<()> {
        self.aws.advance(MINUTE * 10);
        Ok(())
    }

    async fn outside_desired(&self, fleet: &FleetName, desired: u32) -> Scene<()> {
        Ok(self.aws.outside_set_desired(fleet, desired)?)
    }

    async fn attach_policy(&self, fleet: &FleetName, policy: &ScalingPolicy) -> Scene<()> {
        self.aws.attach_policy(fleet, policy.clone());
        Ok(())
    }

    async fn suspend(&self, fleet: &FleetName, process: &str) -> Scene<()> {
        self.aws.suspend(fleet, process);
        Ok(())
    }

    async fn refresh(&self, fleet: &FleetName, status: &str) -> Scene<()> {
        self.aws.set_refresh(fleet, Some(status));
        Ok(())
    }

    async fn backstop(&self, fleet: &FleetName) -> Scene<Option<Backstop>> {
        Ok(self.aws.backstop(fleet))
    }

    async fn schedule(&self, fleet: &FleetName, action: &ScheduledAction) -> Scene<()> {
        self.aws.set_site(fleet, |site| site.schedules.push(action.clone()));
        Ok(())
    }

    async fn hook(&self, fleet: &FleetName) -> Scene<Hook> {
        self.aws.set_site(fleet, |site| site.hooks.push(launch_hook()));
        Ok(launch_hook())
    }

    async fn put_points(&self, spec: &MetricSpec, points: &[Point]) -> Scene<()> {
        self.aws.put_points(spec, points.iter().copied());
        Ok(())
    }

    async fn alarm(&self, scene: &AlarmScene) -> Scene<AlarmName> {
        let name = AlarmName::new(self.unique("alarm")).map_err(bad)?;
        let AlarmScene { query, threshold, comparison } = scene.clone();
        self.aws.put_alarm(AlarmSpec::new(&name, query, comparison, threshold));
        Ok(name)
    }

    async fn set_alarm(&self, name: &AlarmName, state: AlarmState) -> Scene<()> {
        self.aws.set_alarm(name, state);
        Ok(())
    }

    async fn published(&self) -> Scene<Vec<Published>> {
        let sent = self.aws.published().into_iter().map(|sent| sent.notice);
        Ok(sent
            .map(|n| Published { severity: n.severity, subject: n.subject, body: n.body })
            .collect())
    }

    async fn garble_memory(&self, fleet: &FleetName, document: &str) -> Scene<()> {
        self.aws.garble_memory(fleet, document);
        Ok(())
    }

    async fn garble_group(&self, group: &GroupId, document: &str) -> Scene<()> {
        self.aws.garble_alarm_group(group, document);
        Ok(())
    }

    async fn tag_alarm(&self, arn: &str, tags: &BTreeMap<String, String>) -> Scene<()> {
        self.aws.set_tags(arn, tags.clone());
        Ok(())
    }

    async fn sent(&self) -> Scene<Vec<Sent>> {
        let texts = self.aws.sent_messages().into_iter().map(|sent| Sent {
            topic: sent.topic,
            subject: sent.message.subject,
            text: sent.message.text,
            attributes: sent.message.attributes,
        });
        let chats = self.aws.sent_chats().into_iter().map(|sent| Sent {
            topic: sent.topic,
            subject: String::new(),
            text: sent.message.chat,
            attributes: sent.message.attributes,
        });
        Ok(texts.chain(chats).collect())
    }

    async fn without(&self, what: Missing) -> Scene<FakeAws> {
        let aws = FakeAws::at(self.aws.now());
        match what {
            Missing::Table => aws.set_table_missing(true),
            Missing::Permission => aws.inject(At::any(), Fault::Denied),
            Missing::Topics => {
                aws.set_topic(Severity::Warning, Topic::Missing);
                aws.set_topic(Severity::Critical, Topic::Missing);
                for topic in ["critical", "warning", "escalation"] {
                    aws.set_alarm_topic(topic, Topic::Missing);
                }
            }
        }
        Ok(aws)
    }
}
