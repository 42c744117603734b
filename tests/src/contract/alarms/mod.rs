//! What every implementation of the router's ports promises.

pub mod leases;
pub mod outlet;
pub mod source;
pub mod store;

use super::{Arrange, Stop};
use jiff::{SignedDuration, Timestamp};
use std::collections::{BTreeMap, BTreeSet};
use tidegate_domain::alarms::event::{AlarmEvent, AlarmId, Kind, State};
use tidegate_domain::alarms::group::{GroupId, GroupKey, GroupState, Told};
use tidegate_domain::alarms::labels::Labels;
use tidegate_domain::alarms::member::Member;
use tidegate_domain::alarms::ports::{GroupEntry, MemberId, MemberWrite, Opening};
use tidegate_domain::ports::{Clock, LeaseToken};

/// A group and a time that belong to one case.
struct Scene<'a, S: Arrange> {
    stage: &'a S,
    key: GroupKey,
    start: Timestamp,
}

impl<'a, S: Arrange> Scene<'a, S> {
    fn new(stage: &'a S) -> Self {
        let labels = Labels(BTreeMap::from([("fleet".to_owned(), "밤 \"web\"".to_owned())]));
        let key = GroupKey { route: stage.unique("route"), labels };
        // Stored in whole milliseconds.
        let wall = stage.world().wall();
        let start = Timestamp::from_millisecond(wall.as_millisecond()).unwrap_or(wall);
        Self { stage, key, start }
    }

    fn world(&self) -> &'a S::World {
        self.stage.world()
    }

    fn group(&self) -> GroupId {
        GroupId::of(&self.key)
    }

    /// The scene's time plus so many seconds.
    fn at(&self, secs: i64) -> Timestamp {
        self.start.saturating_add(SignedDuration::from_secs(secs)).unwrap_or(self.start)
    }

    /// A token of this group's.
    fn token(&self, who: &str) -> LeaseToken {
        LeaseToken(format!("{}-{who}", self.key.route))
    }

    fn opening(&self, due: i64) -> Opening {
        Opening { key: self.key.clone(), due: self.at(due) }
    }

    /// An entry of this group that was told and explains something.
    fn entry(&self, due: i64, stamp: &str) -> GroupEntry {
        GroupEntry {
            key: self.key.clone(),
            due: self.at(due),
            told: Some(self.at(-600)),
            explains: BTreeSet::from(["0:abc".to_owned(), "1:def".to_owned()]),
            stamp: stamp.to_owned(),
        }
    }

    /// This group's entry of the list.
    async fn listed(&self) -> Result<Option<GroupEntry>, Stop> {
        use tidegate_domain::alarms::ports::AlarmStore;
        let groups = self.world().groups().await?;
        Ok(groups.into_iter().find(|entry| entry.key == self.key))
    }

    fn event(&self, name: &str) -> AlarmEvent {
        let name = format!("{}-{name}", self.key.route);
        let arn = format!("arn:aws:cloudwatch:ap-northeast-2:000000000000:alarm:{name}");
        AlarmEvent {
            account: "000000000000".to_owned(),
            region: "ap-northeast-2".to_owned(),
            reason: "문턱을 넘었다 (it is above its threshold).\n\t\"80\"".to_owned(),
            value: Some(81.5),
            threshold: Some(80.0),
            comparison: Some(">".to_owned()),
            tags: Some(BTreeMap::from([("team".to_owned(), "data".to_owned())])),
            ..AlarmEvent::bare(
                AlarmId { arn, name, contributor: None },
                Kind::Metric,
                State::Alarm,
                self.start,
            )
        }
    }

    fn member(&self, name: &str) -> Member {
        let (event, at) = (self.event(name), self.start);
        Member {
            event,
            labels: self.key.labels.clone(),
            since: Some(at),
            arrived: at,
            flips: vec![at],
        }
    }

    fn id(&self, name: &str) -> MemberId {
        MemberId { group: self.group(), fingerprint: self.event(name).id.fingerprint() }
    }

    fn write(&self, name: &str, expected: u64) -> MemberWrite {
        MemberWrite { id: self.id(name), member: self.member(name), expected, expires: None }
    }

    /// What people know of this group, in its n-th incident.
    fn state(&self, incident: u32) -> GroupState {
        let told = BTreeMap::from([(self.id("a").fingerprint, Told::Critical)]);
        GroupState { told, incident, ..GroupState::new(self.key.clone()) }
    }
}
