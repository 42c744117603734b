//! Every why and why-not, typed. A reason is printed, logged, counted and tested;
//! its `code` is stable, its text is for people.

use crate::bid::Source;
use crate::ids::AlarmName;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use std::fmt;

/// Why a decision is what it is. Capacities are in capacity units.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "code", rename_all = "snake_case")]
#[expect(missing_docs, reason = "a field's name is the word that the variant's text uses for it")]
pub enum Reason {
    // --- raised ---
    /// The schedule's floor lies above `MinSize`.
    ScheduleFloor { floor: u32, deadline: Option<Timestamp> },
    /// A step of the step table.
    SpikeStep { alarm: AlarmName, value: f64, threshold: f64, base: u32, floor: u32 },
    /// A live spike bid lies above `MinSize` (an earlier raise was lost or taken back).
    SpikeFloor { floor: u32 },
    /// The learned rule asks for more than `MinSize`.
    SizingFloor { floor: u32 },
    /// Demand is above everything asked for, or rises steeply: the burst guard sizes for where it
    /// will be.
    BurstFloor { floor: u32 },
    /// A person's bid lies above `MinSize`.
    OperatorFloor { floor: u32 },
    /// Latency or errors rose after our step; it is taken back.
    StepUndone { alarm: AlarmName, floor: u32, until: Timestamp },
    /// Our write met a raise by someone else; their capacity is given back.
    RaiseGivenBack { floor: u32, cut_to: u32 },
    // --- lowered ---
    /// A night step.
    NightStep { need: u32, target: u32, from: u32, to: u32 },
    /// A step back after a spike.
    SettleStep { need: u32, target: u32, from: u32, to: u32 },
    /// A step towards what the learned rule asks for.
    SizingStep { target: u32, from: u32, to: u32 },
    // --- on the way ---
    /// More must be read before this can be decided.
    NeedEvidence,
    /// The native backstop is missing or differs; it is written before anything is lowered.
    BackstopNeeded { min: u32 },
    // --- held: nothing to do ---
    /// The fleet is at its floor.
    AtFloor { floor: u32 },
    /// The load needs what is there.
    LoadNeedsCapacity { need: u32, have: u32 },
    /// A closer look was taken within the last minutes and held; the next one is due then.
    LookedRecently { until: Timestamp },
    /// The day's capacity serves.
    DayReady { serving: u32, floor: u32 },
    /// The day's capacity was asked for and is on its way.
    DayArriving { serving: u32, floor: u32, deadline: Timestamp },
    // --- held: raising ---
    /// The breach is met by capacity that is there or was asked for.
    SpikeWarming { alarm: AlarmName, value: f64, floor: u32 },
    /// The step table's growth limit is reached.
    GrowthLimited { alarm: AlarmName, limit: u32 },
    /// The ceiling (`MaxSize` or the budget) is reached.
    AtCeiling { ceiling: u32 },
    /// The alarm is in ALARM but its metric cannot be judged: no step on unknown data.
    SpikeUnknown { alarm: AlarmName },
    /// `Launch` (or another process that the write needs) is suspended.
    CannotScale { process: String },
    // --- held: lowering is vetoed ---
    /// An operator's tag.
    OperatorHold { hold: String },
    /// A spike bid has not expired.
    LiveSpike { until: Timestamp },
    /// The signal was above its threshold within the stabilization window.
    NotQuiet { until: Timestamp },
    /// A spike alarm is in ALARM.
    SpikeAlarm { alarm: AlarmName },
    /// A step was undone in this window.
    UndoneBefore { until: Timestamp },
    /// The last termination or lowering is too fresh.
    Baking { until: Timestamp },
    /// Instances of the previous step are still in service.
    StepUnfinished { in_service: u32, desired: u32 },
    /// What was asked for is not there yet: Auto Scaling would take an instance that serves and
    /// leave the ones that boot.
    StillArriving { in_service: u32, desired: u32 },
    /// It is not night (or the day's capacity is already being raised).
    OutsideNight,
    /// The wake-up was scheduled too long ago.
    LateWakeUp { minutes: i64 },
    /// By night only the nightly function lowers: it asks for more proof than a tick.
    NightFunctionLowers,
    /// Sizing is followed: its tick lowers, at any hour.
    SizingLowers,
    /// This signal raises only.
    RaisesOnly,
    /// The newest minute of load is missing altogether.
    DataMissing,
    /// The newest minute of load is too old.
    DataStale { minutes: i64 },
    /// Minutes are missing.
    DataGaps { missing: u32, of: u32 },
    /// NaN, infinite or negative.
    DataBad,
    /// Next to nothing where there was traffic, with healthy hosts present.
    ImplausibleZero { recent: f64, hour: f64 },
    /// The metrics could not be read.
    MetricsUnavailable { why: String },
    /// A veto alarm is in ALARM.
    VetoAlarm { alarm: AlarmName },
    /// A veto alarm changed its state within 15 minutes.
    VetoAlarmRecent { alarm: AlarmName, minutes: i64 },
    /// A veto alarm does not exist.
    VetoAlarmMissing { alarm: AlarmName },
    /// The alarms could not be read.
    AlarmsUnavailable { why: String },
    /// An instance refresh is under way.
    RefreshRunning { status: String },
    /// A process that recovery needs is suspended.
    ProcessSuspended { process: String },
    /// A launch failed within 24 hours, with no later success in that zone.
    LaunchFailed { zone: String, why: String },
    /// The group's policies, activities, refreshes or scheduled actions could not be read.
    EvidenceUnavailable { why: String },
    /// The native backstop could not be written.
    BackstopFailed { why: String },
    /// Without lease and memory nothing is lowered.
    NoControlTable { why: String },
    /// The newest stored policy cannot be used; the last valid one raises only.
    PolicyFault { why: String },
    // --- held: nothing can be said ---
    /// A call to Auto Scaling failed a moment ago; the next one is made then.
    ControlPlaneDown { since: Timestamp, again: Timestamp },
    /// There is no such group.
    GroupMissing,
    /// The group is being deleted.
    GroupDeleting,
    /// The group's capacity is not counted in units.
    UnsupportedUnit { unit: String },
    /// The decision broke an invariant: refused.
    InvariantBroken { what: String },
    /// Another run holds the lease and will look again.
    LeaseHeld,
    /// The memory was written by someone else meanwhile.
    MemoryConflict,
    /// The group changed between the look and the write.
    GroupChanged { what: String },
    /// The Lambda's deadline is near.
    OutOfTime,
}

impl Reason {
    /// The stable code, as it stands in the ledger.
    pub fn code(&self) -> String {
        // The tag is what stands first: {"code":"at_floor",...
        let text = serde_json::to_string(self).unwrap_or_default();
        text.split('"').nth(3).unwrap_or("unknown").to_owned()
    }

    /// The reason of a floor that is raised to, by the source of the winning bid.
    pub fn of_floor(source: Source, floor: u32, deadline: Option<Timestamp>) -> Self {
        match source {
            Source::Schedule => Self::ScheduleFloor { floor, deadline },
            Source::Spike | Source::Undo | Source::Race => Self::SpikeFloor { floor },
            Source::Sizing => Self::SizingFloor { floor },
            Source::Burst => Self::BurstFloor { floor },
            Source::Operator => Self::OperatorFloor { floor },
        }
    }
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        use Reason as R;
        match self {
            R::ScheduleFloor { floor, deadline: Some(by) } => {
                write!(f, "the schedule asks for {floor} by {by}")
            }
            R::ScheduleFloor { floor, deadline: None } => {
                write!(f, "the schedule's floor is {floor}")
            }
            R::SpikeStep { alarm, value, threshold, base, floor } => write!(
                f,
                "{alarm} reads {value:.1} above its threshold {threshold}: from a warm base of \
                 {base} the step table asks for {floor}"
            ),
            R::SpikeFloor { floor } => write!(f, "a live spike bid keeps {floor}"),
            R::SizingFloor { floor } => write!(f, "the learned headroom asks for {floor}"),
            R::BurstFloor { floor } => {
                write!(f, "a burst: sized for {floor}, where the guard expects it to be")
            }
            R::OperatorFloor { floor } => write!(f, "the operator asks for {floor}"),
            R::StepUndone { alarm, floor, until } => write!(
                f,
                "{alarm} went off after our last lowering: back to {floor}, and nothing is \
                 lowered before {until}"
            ),
            R::RaiseGivenBack { floor, cut_to } => write!(
                f,
                "our write to {cut_to} met someone else's raise to {floor}: it is given back"
            ),
            R::NightStep { need, target, from, to } => write!(
                f,
                "night: the load needs {need}, so {from} goes down to {to} on the way to {target}"
            ),
            R::SettleStep { need, target, from, to } => write!(
                f,
                "quiet again: the load needs {need}, so {from} goes down to {to} on the way to \
                 {target}"
            ),
            R::SizingStep { target, from, to } => {
                write!(f, "the learned headroom needs {target}, so {from} goes down to {to}")
            }
            R::NeedEvidence => f.write_str("more must be read first"),
            R::BackstopNeeded { min } => write!(
                f,
                "before anything is lowered the group needs its own scheduled action that \
                 restores {min}"
            ),
            R::AtFloor { floor } => write!(f, "the fleet is at its floor of {floor}"),
            R::LoadNeedsCapacity { need, have } => {
                write!(f, "the load needs {need} and {have} are there")
            }
            R::LookedRecently { until } => {
                write!(f, "a closer look held a moment ago; the next is due at {until}")
            }
            R::DayReady { serving, floor } => {
                write!(f, "the day's floor of {floor} is met: {serving} serve")
            }
            R::DayArriving { serving, floor, deadline } => {
                write!(f, "{serving} of {floor} serve; the others are due by {deadline}")
            }
            R::SpikeWarming { alarm, value, floor } => write!(
                f,
                "{alarm} reads {value:.1}, and the capacity that its band asks for ({floor}) is \
                 there or was asked for"
            ),
            R::GrowthLimited { alarm, limit } => {
                write!(f, "{alarm} asks for more than the growth limit of {limit} allows")
            }
            R::AtCeiling { ceiling } => write!(f, "the ceiling of {ceiling} is reached"),
            R::SpikeUnknown { alarm } => {
                write!(f, "{alarm} is in ALARM but its metric cannot be judged: no step")
            }
            R::CannotScale { process } => write!(f, "cannot scale: {process} suspended"),
            R::OperatorHold { hold } => write!(f, "an operator's tag holds it: {hold}"),
            R::LiveSpike { until } => write!(f, "a spike bid stands until {until}"),
            R::NotQuiet { until } => {
                write!(f, "the signal was above its threshold; quiet is reached at {until}")
            }
            R::SpikeAlarm { alarm } => write!(f, "{alarm} is in ALARM"),
            R::UndoneBefore { until } => {
                write!(f, "a step was undone; nothing is lowered before {until}")
            }
            R::Baking { until } => write!(f, "the last step bakes until {until}"),
            R::StepUnfinished { in_service, desired } => write!(
                f,
                "the previous step is not finished: {in_service} in service, {desired} desired"
            ),
            R::StillArriving { in_service, desired } => write!(
                f,
                "{in_service} of {desired} are in service: what was asked for is still arriving"
            ),
            R::OutsideNight => f.write_str("it is not night"),
            R::LateWakeUp { minutes } => {
                write!(f, "this wake-up was scheduled {minutes} minutes ago")
            }
            R::NightFunctionLowers => f.write_str("by night only the nightly function lowers"),
            R::SizingLowers => f.write_str("the tick that follows sizing lowers, by night too"),
            R::RaisesOnly => f.write_str("this signal only raises"),
            R::DataMissing => f.write_str("the load metric has no data"),
            R::DataStale { minutes } => {
                write!(f, "the newest minute of load is {minutes} minutes old")
            }
            R::DataGaps { missing, of } => {
                write!(f, "{missing} of the last {of} minutes of load are missing")
            }
            R::DataBad => f.write_str("the load metric is NaN, infinite or negative"),
            R::ImplausibleZero { recent, hour } => write!(
                f,
                "the load fell from {hour:.0} to {recent:.0} with healthy hosts present: not \
                 believed"
            ),
            R::MetricsUnavailable { why } => write!(f, "the metrics could not be read: {why}"),
            R::VetoAlarm { alarm } => write!(f, "{alarm} is in ALARM"),
            R::VetoAlarmRecent { alarm, minutes } => {
                write!(f, "{alarm} changed its state {minutes} minutes ago")
            }
            R::VetoAlarmMissing { alarm } => write!(f, "the veto alarm {alarm} does not exist"),
            R::AlarmsUnavailable { why } => write!(f, "the alarms could not be read: {why}"),
            R::RefreshRunning { status } => write!(f, "an instance refresh is {status}"),
            R::ProcessSuspended { process } => write!(f, "the process {process} is suspended"),
            R::LaunchFailed { zone, why } => {
                write!(f, "a launch failed in {zone} and none succeeded there since: {why}")
            }
            R::EvidenceUnavailable { why } => {
                write!(f, "the group's evidence could not be read: {why}")
            }
            R::BackstopFailed { why } => write!(f, "the backstop could not be written: {why}"),
            R::NoControlTable { why } => {
                write!(f, "lease and memory are out of reach, so nothing is lowered: {why}")
            }
            R::PolicyFault { why } => {
                write!(f, "the newest policy cannot be used, so nothing is lowered: {why}")
            }
            R::ControlPlaneDown { since, again } => {
                write!(
                    f,
                    "calls to Auto Scaling fail since {since}; the next is made from {again} on"
                )
            }
            R::GroupMissing => f.write_str("there is no such Auto Scaling group"),
            R::GroupDeleting => f.write_str("the group is being deleted"),
            R::UnsupportedUnit { unit } => {
                write!(f, "the group counts its capacity in {unit}, which is not supported")
            }
            R::InvariantBroken { what } => {
                write!(f, "the decision was refused, it breaks an invariant: {what}")
            }
            R::LeaseHeld => f.write_str("another run holds the lease and will look again"),
            R::MemoryConflict => f.write_str("the memory was written by another run"),
            R::GroupChanged { what } => {
                write!(f, "the group changed between the look and the write: {what}")
            }
            R::OutOfTime => f.write_str("too little time is left; the next tick goes on"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_are_stable_and_reasons_read_back() {
        let reason = Reason::NightStep { need: 3, target: 4, from: 10, to: 8 };
        assert_eq!(reason.code(), "night_step");
        let text = serde_json::to_string(&reason).unwrap();
        assert_eq!(serde_json::from_str::<Reason>(&text).unwrap(), reason);
        assert!(reason.to_string().contains("10 goes down to 8"));
    }
}
