//! The ports of the router: what it keeps, whom it asks, where its messages go.

use crate::alarms::event::{AlarmEvent, Fingerprint};
use crate::alarms::group::{GroupId, GroupKey, GroupState};
use crate::alarms::member::Member;
use crate::alarms::message::Message;
use crate::alarms::silence::Silence;
use crate::ports::{Clock, Control, Lease, LeaseToken, PortResult, Released, Stored};
use jiff::Timestamp;
use std::collections::{BTreeMap, BTreeSet};
use std::future::Future;

/// A group that has something to do, in the list of all of them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GroupEntry {
    /// Which group.
    pub key: GroupKey,
    /// When it is looked at next.
    pub due: Timestamp,
    /// When people were last told of a problem of it that still stands.
    pub told: Option<Timestamp>,
    /// What its firing alarms explain: keys of [`crate::alarms::inhibit::explains`].
    pub explains: BTreeSet<String>,
    /// Renewed with every write, so that nobody takes away what somebody else just opened.
    pub stamp: String,
}

/// A group that is to be on the list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Opening {
    /// Which group.
    pub key: GroupKey,
    /// When it is looked at next.
    pub due: Timestamp,
}

/// Where a member stands.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct MemberId {
    /// In which group.
    pub group: GroupId,
    /// Which alarm.
    pub fingerprint: Fingerprint,
}

/// A member with the version to write against.
#[derive(Debug, Clone, PartialEq)]
pub struct Kept {
    /// The member.
    pub member: Member,
    /// Its version; at least 1.
    pub version: u64,
}

/// A member to be written if its version is still `expected` (0: not there yet).
#[derive(Debug, Clone, PartialEq)]
pub struct MemberWrite {
    /// Where.
    pub id: MemberId,
    /// What.
    pub member: Member,
    /// Against which version.
    pub expected: u64,
    /// When it may be forgotten (real time); none while its problem stands.
    pub expires: Option<Timestamp>,
}

/// Everything that is kept of a group.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct GroupRead {
    /// What people know; none before the first message.
    pub state: Option<GroupState>,
    /// Its version; 0 when there is none.
    pub version: u64,
    /// Its members, over or not, in the order of their fingerprints.
    pub members: Vec<Kept>,
}

/// What the router keeps in the control table. Every write is conditional or repeatable.
pub trait AlarmStore {
    /// Every group that has something to do.
    fn groups(&self) -> impl Future<Output = PortResult<Vec<GroupEntry>>> + Send;

    /// Puts groups on the list; for one that stands there already its due time and stamp are
    /// renewed, and what it explains and when it was told stay.
    fn open(
        &self,
        openings: &[Opening],
        stamp: &str,
    ) -> impl Future<Output = PortResult<()>> + Send;

    /// Replaces a group's entry if its stamp is still `seen` (none: if it is not on the list);
    /// `None` takes it off the list. False when the stamp was another one: somebody opened the
    /// group meanwhile, and its entry stays as it is.
    fn settle(
        &self,
        group: &GroupId,
        seen: Option<&str>,
        entry: Option<&GroupEntry>,
    ) -> impl Future<Output = PortResult<bool>> + Send;

    /// Members by their ids, in order (strongly consistent); at most 100 are asked for at once.
    fn members(
        &self,
        ids: &[MemberId],
    ) -> impl Future<Output = PortResult<Vec<Option<Kept>>>> + Send;

    /// Writes members, each by itself; the answers are in order. At most 100 at once.
    fn keep(&self, writes: &[MemberWrite]) -> impl Future<Output = Vec<PortResult<Stored>>> + Send;

    /// Removes members that moved to another group. Repeatable.
    fn forget(&self, ids: &[MemberId]) -> impl Future<Output = PortResult<()>> + Send;

    /// Takes a group's lease, as [`Control::acquire`] does a fleet's.
    fn take(
        &self,
        group: &GroupId,
        token: &LeaseToken,
        wall: Timestamp,
        until: Timestamp,
    ) -> impl Future<Output = PortResult<Lease>> + Send;

    /// Gives a group's lease back, as [`Control::release`] does a fleet's.
    fn leave(
        &self,
        group: &GroupId,
        token: &LeaseToken,
    ) -> impl Future<Output = PortResult<Released>> + Send;

    /// Everything of one group (strongly consistent).
    fn group(&self, group: &GroupId) -> impl Future<Output = PortResult<GroupRead>> + Send;

    /// Writes what people know of a group as version `expected + 1` if `expected` is what stands
    /// there. An answer that was lost and retried is success when the state is our own.
    fn mark(
        &self,
        state: &GroupState,
        expected: u64,
        token: &LeaseToken,
    ) -> impl Future<Output = PortResult<Stored>> + Send;

    /// Every silence that is not long over.
    fn silences(&self) -> impl Future<Output = PortResult<Vec<Silence>>> + Send;

    /// Writes a silence; one with the same id is replaced.
    fn put_silence(&self, silence: &Silence) -> impl Future<Output = PortResult<()>> + Send;

    /// Takes up to `want` of the `most` messages that a topic may get in one second (epoch
    /// seconds, real time), over all invocations; answers how many were left.
    fn spend(
        &self,
        topic: &str,
        second: i64,
        want: u32,
        most: u32,
    ) -> impl Future<Output = PortResult<u32>> + Send;
}

/// CloudWatch's own knowledge of its alarms.
pub trait AlarmSource {
    /// Every alarm in `ALARM`, metric and composite; `state_at` is the time of the transition.
    fn firing(&self) -> impl Future<Output = PortResult<Vec<AlarmEvent>>> + Send;

    /// Alarms by name, whatever their state; one that does not exist is absent.
    fn named(&self, names: &[String]) -> impl Future<Output = PortResult<Vec<AlarmEvent>>> + Send;

    /// An alarm's tags.
    fn tags(&self, arn: &str) -> impl Future<Output = PortResult<BTreeMap<String, String>>> + Send;
}

/// SNS, with its topics by name.
pub trait Outlet {
    /// Whether there is a topic of this name.
    fn has_topic(&self, topic: &str) -> bool;

    /// Publishes to the message's topic and, where there is a chat topic, its chat form there.
    /// A topic that is missing or closed: `critical` and `warning` stand in for each other, and
    /// for any other. A chat form that could not be sent is no error: it is a note.
    fn send(&self, message: &Message) -> impl Future<Output = PortResult<Option<String>>> + Send;
}

/// All ports of the router together.
pub trait RouterWorld: AlarmStore + AlarmSource + Outlet + Control + Clock + Sync {}

impl<T: AlarmStore + AlarmSource + Outlet + Control + Clock + Sync> RouterWorld for T {}
