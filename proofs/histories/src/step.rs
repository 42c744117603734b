//! What can happen in a history, and how often.

use super::law::PROCESSES;
use proptest::prelude::*;
use tidegate_domain::metrics::AlarmState;
use tidegate_fakes::{Call, Fault};

/// A history: where it begins, and what happens.
#[derive(Debug, Clone)]
pub struct History {
    /// Where it begins.
    pub scene: super::stage::Scene,
    /// What happens, in order.
    pub steps: Vec<Step>,
}

/// Which of the functions' events.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Event {
    /// The one-minute tick.
    Tick,
    /// The nightly schedule.
    Night,
    /// The day's schedule.
    Day,
    /// The spike alarm's action, in ALARM or back to OK, reading CPU.
    Alarm(bool),
}

/// One thing that happens.
#[derive(Debug, Clone)]
pub enum Step {
    /// Minutes pass.
    Pass(u16),
    /// An event is delivered.
    Deliver(Event),
    /// It is delivered twice at once: the second must change nothing.
    Twice(Event),
    /// It is delivered this many minutes after it was sent.
    Late(Event, u16),
    /// Two are delivered at the same time, their calls taking turns.
    Together(Event, Event),
    /// Hours as the schedules fill them: events this many minutes apart, this many times.
    Schedule(Event, u16, u16),
    /// The service publishes nothing for so many minutes; then this event, then it speaks again.
    Silence(u16, Event),
    /// An event; so many minutes later a veto alarm goes off, a tick follows; when the alarm has
    /// long been over, the event comes again.
    Blame(Event, u16),
    /// The next event comes with this many seconds left.
    ShortOfTime(u16),
    /// The next event asks for a dry run.
    DryRun,
    /// The load by the minute; none publishes nothing.
    Load(Option<f64>),
    /// The healthy host count; none publishes nothing.
    Healthy(Option<f64>),
    /// CPU; none publishes nothing.
    Cpu(Option<f64>),
    /// The spike alarm's state.
    Spike(AlarmState),
    /// A veto alarm's state.
    Veto(bool, AlarmState),
    /// A veto alarm is deleted, or made again.
    VetoGone(bool),
    /// A fault strikes the nth call from now, or the nth of one kind.
    Fault(Option<Call>, u32, Fault),
    /// Every call of a kind fails until healed.
    Down(Call),
    /// Faults end.
    Heal,
    /// Somebody sets desired capacity, now or right before our next write of it.
    OutsideDesired(u32, bool),
    /// Somebody sets `MinSize`.
    OutsideMin(u32),
    /// Somebody sets `MaxSize`.
    OutsideMax(u32),
    /// A process is suspended or resumed.
    Suspend(&'static str, bool),
    /// An instance refresh begins or ends.
    Refresh(bool),
    /// An operator's tag; an empty value takes it off.
    Tag(&'static str, &'static str),
    /// `tidegate:until`, this many minutes from now.
    TagUntil(i64),
    /// A zone refuses launches, is lost, or is well again.
    Zone(Zone),
    /// A dynamic policy that scales in is attached.
    AttachPolicy,
    /// Instances are protected from scale-in.
    Protect(bool),
    /// The memory becomes unreadable, or another writer bumps it before our next store.
    Memory(bool),
    /// The control table is gone, or back.
    Table(bool),
    /// Topics refuse, or take messages again.
    Topics(bool),
    /// A policy document is stored: one of ours, or a broken one.
    Policy(Option<usize>),
    /// The group is deleted.
    Delete,
}

/// What becomes of an Availability Zone.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Zone {
    /// It refuses launches.
    Refuses,
    /// It is lost with its instances.
    Lost,
    /// It is well.
    Well,
}

fn event() -> impl Strategy<Value = Event> {
    prop_oneof![
        5 => Just(Event::Tick),
        4 => Just(Event::Night),
        2 => Just(Event::Day),
        1 => Just(Event::Alarm(true)),
        1 => Just(Event::Alarm(false)),
    ]
}

fn state() -> impl Strategy<Value = AlarmState> {
    prop_oneof![
        3 => Just(AlarmState::Ok),
        2 => Just(AlarmState::Alarm),
        1 => Just(AlarmState::InsufficientData),
    ]
}

fn level(most: f64) -> impl Strategy<Value = Option<f64>> {
    prop_oneof![
        12 => (0.0..most).prop_map(Some),
        2 => Just(Some(0.0)),
        2 => Just(None),
        1 => Just(Some(f64::NAN)),
        1 => Just(Some(-1.0)),
    ]
}

fn fault() -> impl Strategy<Value = Fault> {
    prop_oneof![
        Just(Fault::Throttled),
        Just(Fault::Unavailable),
        Just(Fault::Denied),
        Just(Fault::Unreadable("half an answer".into())),
        Just(Fault::LostAnswer),
        Just(Fault::CrashBefore),
        Just(Fault::CrashAfter),
        (3i64..30).prop_map(|s| Fault::Slow(jiff::SignedDuration::from_secs(s))),
    ]
}

fn call() -> impl Strategy<Value = Call> {
    prop::sample::select(vec![
        Call::Describe,
        Call::Evidence,
        Call::SetMin,
        Call::SetDesired,
        Call::PutBackstop,
        Call::Alarms,
        Call::Read,
        Call::Policies,
        Call::Acquire,
        Call::Release,
        Call::Load,
        Call::Store,
        Call::Append,
        Call::Publish,
    ])
}

/// One that recovery needs, or one that it does not.
fn process() -> impl Strategy<Value = &'static str> {
    let mut all = PROCESSES.to_vec();
    all.push("AZRebalance");
    prop::sample::select(all)
}

fn tag() -> impl Strategy<Value = Step> {
    prop::sample::select(vec![
        ("tidegate:hold", "no-scale-in"),
        ("tidegate:hold", "all"),
        ("tidegate:hold", "none"),
        ("tidegate:hold", "for a while"),
        ("tidegate:hold", ""),
        ("tidegate:floor", "7"),
        ("tidegate:floor", "99"),
        ("tidegate:floor", "many"),
        ("tidegate:floor", ""),
        ("tidegate:until", "tomorrow"),
        ("tidegate:until", ""),
    ])
    .prop_map(|(key, value)| Step::Tag(key, value))
}

/// What wakes the functions.
fn waking() -> impl Strategy<Value = Step> {
    prop_oneof![
        6 => event().prop_map(Step::Deliver),
        3 => event().prop_map(Step::Twice),
        1 => (event(), 1u16..45).prop_map(|(e, m)| Step::Late(e, m)),
        2 => (event(), event()).prop_map(|(a, b)| Step::Together(a, b)),
        2 => (event(), 1u16..16, 2u16..6).prop_map(|(e, m, n)| Step::Schedule(e, m, n)),
        1 => (event(), 1u16..14).prop_map(|(e, m)| Step::Blame(e, m)),
        1 => (prop_oneof![2u16..30, 100u16..130], event()).prop_map(|(m, e)| Step::Silence(m, e)),
    ]
}

/// What the service and its alarms do.
fn service() -> impl Strategy<Value = Step> {
    prop_oneof![
        3 => level(1_500.0).prop_map(Step::Load),
        1 => prop_oneof![Just(None), Just(Some(2.0)), Just(Some(0.0))].prop_map(Step::Healthy),
        3 => level(100.0).prop_map(Step::Cpu),
        3 => state().prop_map(Step::Spike),
        3 => (any::<bool>(), state()).prop_map(|(which, to)| Step::Veto(which, to)),
        1 => any::<bool>().prop_map(Step::VetoGone),
    ]
}

/// What people and other systems do.
fn others() -> impl Strategy<Value = Step> {
    prop_oneof![
        4 => (1u32..40, any::<bool>()).prop_map(|(n, before)| Step::OutsideDesired(n, before)),
        2 => (0u32..12).prop_map(Step::OutsideMin),
        1 => (4u32..60).prop_map(Step::OutsideMax),
        4 => (process(), any::<bool>()).prop_map(|(p, on)| Step::Suspend(p, on)),
        3 => any::<bool>().prop_map(Step::Refresh),
        4 => tag(),
        1 => (-30i64..90).prop_map(Step::TagUntil),
        3 => prop::sample::select(vec![Zone::Refuses, Zone::Lost, Zone::Well])
            .prop_map(Step::Zone),
        1 => Just(Step::AttachPolicy),
        1 => any::<bool>().prop_map(Step::Protect),
        2 => prop_oneof![2 => Just(None), 3 => (0..super::policies::COUNT).prop_map(Some)]
            .prop_map(Step::Policy),
        1 => Just(Step::Delete),
    ]
}

/// What goes wrong.
fn trouble() -> impl Strategy<Value = Step> {
    prop_oneof![
        6 => (prop::option::of(call()), 1u32..8, fault())
            .prop_map(|(call, nth, fault)| Step::Fault(call, nth, fault)),
        2 => call().prop_map(Step::Down),
        6 => Just(Step::Heal),
        2 => (0u16..5).prop_map(Step::ShortOfTime),
        1 => Just(Step::DryRun),
        2 => prop::sample::select(vec![true, false, false]).prop_map(Step::Memory),
        1 => any::<bool>().prop_map(Step::Table),
        1 => any::<bool>().prop_map(Step::Topics),
    ]
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        9 => waking(),
        5 => (1u16..25).prop_map(Step::Pass),
        4 => service(),
        3 => others(),
        2 => trouble(),
    ]
}

/// What happens around the functions, without waking them; the group stays.
pub fn chaos() -> impl Strategy<Value = Step> {
    let stays = |step: &Step| !matches!(step, Step::Delete);
    prop_oneof![4 => service(), 3 => others(), 3 => trouble()].prop_filter("the group stays", stays)
}

/// Histories of up to this many steps.
pub fn histories(most: usize) -> impl Strategy<Value = History> {
    let steps = prop::collection::vec(step(), 1..=most);
    (super::stage::scenes(), steps).prop_map(|(scene, steps)| History { scene, steps })
}
