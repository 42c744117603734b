//! Plots: situations whose outcome does not depend on the minute in which it is decided.

use super::super::stage::{Event, Lambda, add_fleet, alarm, breach, minutes, name, time, web};
use jiff::Timestamp;
use tidegate_domain::group::ScalingPolicy;
use tidegate_domain::ids::FleetName;
use tidegate_domain::metrics::AlarmState;
use tidegate_fakes::{At, Call, FakeAws, GroupSpec};
use tidegate_histories::dice::Dice;

const NIGHT: &str = "2026-11-18T22:30:00+09:00";
const NOON: &str = "2026-11-18T12:30:00+09:00";

/// A situation of the fleet `web`, of so many instances.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Plot {
    kind: Kind,
    size: u32,
    /// A native policy trims the group.
    trimmed: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Kind {
    /// CPU this far above the alarm's threshold, and the alarm's action comes.
    Spike(u32),
    /// The load needs less than is there, at night.
    Night,
    /// The same by day.
    Settle,
    /// Less than the day's floor is there.
    Day,
    /// A tag asks for so many more.
    Tag(u32),
    /// A veto alarm went off after a nightly step.
    Undo,
    /// A nightly step met somebody's raise.
    Race,
    /// There is nothing to do.
    Quiet,
    /// A spike, and beside it the fleet `api` that settles.
    Pair(u32),
}

impl Plot {
    /// Any plot.
    pub fn random(dice: &mut Dice) -> Self {
        let above = [5, 15, 25, 40].get(usize::try_from(dice.below(4)).unwrap_or(0)).copied();
        let above = above.unwrap_or(5);
        let (kind, size) = match dice.below(16) {
            0..=4 => (Kind::Spike(above), dice.number(6, 20)),
            5..=7 => (Kind::Night, dice.number(3, 20)),
            8 | 9 => (Kind::Settle, dice.number(7, 20)),
            10 => (Kind::Day, dice.number(1, 5)),
            11 => (Kind::Tag(above), dice.number(6, 12)),
            12 => (Kind::Undo, dice.number(5, 20)),
            13 => (Kind::Race, dice.number(5, 20)),
            14 => (Kind::Quiet, 6),
            _ => (Kind::Pair(above), dice.number(7, 15)),
        };
        Self { kind, size, trimmed: dice.below(4) == 0 && kind != Kind::Race }
    }

    /// The fleets in it.
    pub fn fleets(&self) -> Vec<FleetName> {
        let both = matches!(self.kind, Kind::Pair(_));
        if both { vec![name("api"), web()] } else { vec![web()] }
    }

    /// What happens in it beside the schedules.
    pub(super) fn event(&self) -> Event {
        match self.kind {
            Kind::Spike(above) | Kind::Pair(above) => Event::Alarm(f64::from(50 + above)),
            _ => Event::Tick,
        }
    }

    /// When everything has healed: after the schedules' second round; after the closer look
    /// that follows one that held in the storm, where the tick lowers.
    pub(super) fn last_minute(&self) -> i64 {
        if matches!(self.kind, Kind::Settle | Kind::Pair(_)) { 9 } else { 6 }
    }

    /// The world just before it.
    pub(super) fn world(&self, lambda: &Lambda) -> FakeAws {
        let night = matches!(self.kind, Kind::Night | Kind::Undo | Kind::Race);
        let now = time(if night { NIGHT } else { NOON });
        let aws = FakeAws::at(now - minutes(30));
        for fleet in self.fleets() {
            add_fleet(&aws, fleet.as_str(), self.group());
            if self.trimmed {
                let policy = ScalingPolicy { name: "trim".into(), can_scale_in: true };
                aws.attach_policy(&fleet, policy);
            }
        }
        aws.set_now(now);
        self.prepare(lambda, &aws, now);
        aws
    }

    /// Whatever is launched boots for longer than the play lasts.
    fn group(&self) -> GroupSpec {
        GroupSpec::sized(self.size, self.size, 60).boot(minutes(60))
    }

    fn prepare(&self, lambda: &Lambda, aws: &FakeAws, now: Timestamp) {
        match self.kind {
            Kind::Spike(above) | Kind::Pair(above) => {
                breach(aws, "web", f64::from(50 + above));
            }
            Kind::Tag(more) => {
                aws.set_tag(&web(), "tidegate:floor", &(self.size + more).to_string());
            }
            Kind::Undo => {
                lambda.wake(aws, Event::Night);
                aws.set_now(now + minutes(5));
                aws.set_alarm(&alarm("web", "5xx"), AlarmState::Alarm);
            }
            Kind::Race => {
                let raised = self.size + 4;
                aws.after(At::call(Call::Describe).nth(2), move |aws| {
                    aws.outside_set_desired(&web(), raised).expect("a size within bounds");
                });
                lambda.wake(aws, Event::Night);
                aws.heal();
                aws.set_now(now + minutes(5));
            }
            Kind::Night | Kind::Settle | Kind::Day | Kind::Quiet => {}
        }
    }
}
