//! What happens around the functions: faults, alarms, people, other systems.

use super::play::Player;
use super::policies;
use super::stage::{ALARMS, alarm, fleet, put_alarm};
use super::step::{Step, Zone};
use jiff::SignedDuration;
use tidegate_domain::group::ScalingPolicy;
use tidegate_domain::metrics::AlarmState;
use tidegate_domain::notice::Severity;
use tidegate_domain::ports::{Clock, Control, StoredPolicy};
use tidegate_fakes::{At, Call, Fault, Topic, block_on};

/// One zone of the group.
const ZONE: &str = "ap-northeast-2a";

impl Player {
    pub(super) fn happen(&mut self, step: &Step) {
        let now = self.theatre.aws.now();
        let aws = self.theatre.aws.clone();
        let truth = &mut self.theatre.truth;
        match step {
            Step::Pass(minutes) => self.theatre.pass(i64::from(*minutes)),
            Step::ShortOfTime(seconds) => {
                self.seconds_left = Some(*seconds);
                truth.may_forget = true;
            }
            Step::DryRun => self.dry_run = true,
            Step::Load(level) => truth.levels.load = *level,
            Step::Healthy(level) => truth.levels.healthy = *level,
            Step::Cpu(level) => truth.levels.cpu = *level,
            Step::Spike(to) => {
                truth.spike.turn(now, *to);
                aws.set_alarm(&alarm(ALARMS[0]), *to);
            }
            Step::Veto(which, to) => self.veto(usize::from(*which), Some(*to)),
            Step::VetoGone(which) => self.veto(usize::from(*which), None),
            Step::Heal => {
                aws.heal();
                self.armed = false;
            }
            Step::Suspend(process, true) => aws.suspend(fleet(), process),
            Step::Suspend(process, false) => aws.resume(fleet(), process),
            Step::Refresh(on) => {
                truth.refresh = *on;
                aws.set_refresh(fleet(), on.then_some("InProgress"));
            }
            Step::Table(missing) => {
                truth.table_missing = *missing;
                aws.set_table_missing(*missing);
            }
            Step::Policy(which) => self.put_policy(*which),
            Step::Fault(call, nth, fault) => self.arm(*call, Some(*nth), fault.clone()),
            Step::Down(call) => self.arm(Some(*call), None, Fault::Unavailable),
            other => self.others(other),
        }
    }

    fn arm(&mut self, call: Option<Call>, nth: Option<u32>, fault: Fault) {
        self.armed = true;
        self.theatre.truth.may_forget = true;
        let at = call.map_or_else(At::any, At::call);
        self.theatre.aws.inject(nth.map_or(at.clone(), |n| at.nth(n)), fault);
    }

    pub(super) fn veto(&mut self, which: usize, to: Option<AlarmState>) {
        let now = self.theatre.aws.now();
        let name = ALARMS[which + 1];
        let truth = &mut self.theatre.truth.vetoes[which];
        let aws = &self.theatre.aws;
        match to {
            None => {
                truth.gone = true;
                aws.delete_alarm(&alarm(name));
            }
            Some(to) => {
                if std::mem::take(&mut truth.gone) {
                    put_alarm(aws, name);
                    (truth.state, truth.since) = (AlarmState::Ok, now);
                }
                truth.turn(now, to);
                aws.set_alarm(&alarm(name), to);
            }
        }
    }

    /// What people and other systems do to the group.
    fn others(&mut self, step: &Step) {
        let aws = self.theatre.aws.clone();
        let sizes = aws.sizes(fleet());
        let within = |n: u32| sizes.map_or(n, |s| n.clamp(s.min, s.max));
        match step {
            Step::OutsideDesired(n, false) => drop(aws.outside_set_desired(fleet(), within(*n))),
            Step::OutsideDesired(n, true) => self.raise_before_our_write(*n),
            Step::OutsideMin(n) => {
                let most = sizes.map_or(*n, |s| s.max);
                drop(aws.outside_set_min(fleet(), (*n).min(most)));
            }
            Step::OutsideMax(n) => {
                let least = sizes.map_or(*n, |s| s.desired);
                drop(aws.outside_set_max(fleet(), (*n).max(least)));
            }
            Step::Tag(key, "") => aws.remove_tag(fleet(), key),
            Step::Tag(key, value) => aws.set_tag(fleet(), key, value),
            Step::TagUntil(minutes) => {
                let until = aws.now().saturating_add(SignedDuration::from_mins(*minutes));
                let until = until.unwrap_or_else(|_| aws.now()).to_string();
                aws.set_tag(fleet(), "tidegate:until", &until);
            }
            Step::Zone(Zone::Refuses) => aws.fail_launches(fleet(), ZONE, "no capacity", None),
            Step::Zone(Zone::Lost) => aws.lose_zone(fleet(), ZONE),
            Step::Zone(Zone::Well) => aws.restore_zone(fleet(), ZONE),
            Step::AttachPolicy => {
                let policy = ScalingPolicy { name: "theirs".into(), can_scale_in: true };
                aws.attach_policy(fleet(), policy);
                self.theatre.truth.floor_mode = true;
            }
            Step::Protect(on) => aws.protect_all(fleet(), *on),
            Step::Memory(true) => {
                self.theatre.truth.memory_garbled = true;
                aws.garble_memory(fleet(), "{\"from_the_future\": 1}");
            }
            Step::Memory(false) => self.rival_store(),
            Step::Topics(open) => {
                let topic = if *open { Topic::Open } else { Topic::Denied };
                aws.set_topic(Severity::Warning, topic);
                aws.set_topic(Severity::Critical, topic);
                self.armed = self.armed || !open;
                self.theatre.truth.may_forget = true;
            }
            Step::Delete => aws.delete_group(fleet()),
            _ => {}
        }
    }

    /// Somebody raises desired capacity between our look and our write of it: before the last
    /// look, or after it.
    fn raise_before_our_write(&mut self, n: u32) {
        self.armed = true;
        let look = At::call(Call::Describe).nth(2);
        let at = if n.is_multiple_of(2) { look } else { At::call(Call::SetDesired).nth(1) };
        self.theatre.aws.before(at, move |aws| {
            let Some(sizes) = aws.sizes(fleet()) else { return };
            let raised = n.clamp(sizes.desired, sizes.max);
            drop(aws.outside_set_desired(fleet(), raised));
        });
    }

    /// Another run whose lease had run out writes the memory right before we do.
    fn rival_store(&mut self) {
        self.armed = true;
        self.theatre.truth.may_forget = true;
        self.theatre.aws.before(At::call(Call::Store).nth(1), |aws| {
            let Some(found) = aws.memory(fleet()) else { return };
            let token = aws.token();
            drop(block_on(aws.new_run().store(fleet(), found.version, &found.memory, &token)));
        });
    }

    fn put_policy(&mut self, which: Option<usize>) {
        self.policies += 1;
        let document = which.map_or_else(|| "version = 2".to_owned(), policies::text);
        let stored = StoredPolicy { version: self.policies, document };
        let put = block_on(self.theatre.aws.new_run().put_policy(&stored));
        // Where the answer was lost, nobody knows which policy is the newest.
        self.theatre.truth.policy_broken = which.is_none() && put.is_ok();
    }

    pub(super) fn make_well(&mut self) {
        let aws = self.theatre.aws.clone();
        for step in [Step::Heal, Step::Table(false), Step::Topics(true), Step::Refresh(false)] {
            self.happen(&step);
        }
        for process in aws.group(fleet()).map(|g| g.suspended).unwrap_or_default() {
            aws.resume(fleet(), &process);
        }
        for tag in ["tidegate:hold", "tidegate:floor", "tidegate:until"] {
            aws.remove_tag(fleet(), tag);
        }
        self.seconds_left = None;
        self.dry_run = false;
    }
}
