//! The advice: how many instances, by which rule, and on what ground.

use super::lanes;
use super::rule::Rule;
use super::shadows::{MEMORY_MINS, Shadows};
use super::{LEARNING_MINS, Sizing, Terms};
use std::fmt;

/// How many instances a fleet should have.
#[derive(Debug, Clone, PartialEq)]
pub struct Advice {
    /// Instances to be asked for, the reserve included, within the limits.
    pub size: u32,
    /// Of these, kept for the loss of a zone.
    pub reserve: u32,
    /// The burst guard spoke: its capacity stays for [`BURST_MINS`](super::BURST_MINS).
    pub burst: bool,
    /// The load is not known: as much as is there, or more where the profiles say so.
    pub blind: bool,
    /// The rule that holds.
    pub rule: Rule,
    /// Why it holds.
    pub ground: Ground,
}

/// Why a rule holds.
#[derive(Debug, Clone, PartialEq)]
pub enum Ground {
    /// Too little was charged to choose.
    Learning {
        /// Minutes charged so far.
        charged: u32,
    },
    /// The owner does not stand for the capacity of an instance yet.
    Unconfirmed,
    /// It was the cheapest.
    Record {
        /// Over so many of the last days.
        days: f32,
        /// Its record.
        chosen: Record,
        /// The record of the cheapest of the other rules.
        next: Record,
        /// The record of the fleet as it stood, when it is known of most of these days.
        stood: Option<Record>,
    },
}

/// What a rule would have cost.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Record {
    /// Billed instance-hours.
    pub hours: f32,
    /// Load that was not served, percent.
    pub unserved_percent: f32,
}

impl Sizing {
    /// The advice after the newest charged minute, for a fleet that asked for so many instances
    /// (its desired capacity), in which a burst still goes on or not.
    pub fn advise(&self, asked: u32, in_burst: bool, terms: &Terms) -> Advice {
        let rule = self.rule(terms);
        let ruled = terms.size(self.expected(&rule) * rule.headroom);
        let guard = self.outlook.burst(terms.delay_mins()).map_or(0, |units| terms.size(units));
        let asked = u16::try_from(asked).unwrap_or(u16::MAX);
        let burst = self.speaks(guard, asked, in_burst) && guard > ruled;
        let blind = self.outlook.is_blind();
        let size = if burst || in_burst { ruled.max(guard) } else { ruled };
        let least = if blind { terms.size(f32::from(asked)) } else { 0 };
        let reserve = terms.reserve(size);
        Advice {
            size: (u32::from(size) + u32::from(reserve)).max(u32::from(least)),
            reserve: u32::from(reserve),
            burst,
            blind,
            rule,
            ground: self.ground(terms),
        }
    }

    /// Whether the guard has something to say: demand is above everything asked for; or a burst
    /// goes on, or begins for a guard that speaks early, and will be.
    fn speaks(&self, guard: u16, asked: u16, in_burst: bool) -> bool {
        let steep = self.shadows.early && self.outlook.is_steep();
        self.outlook.newest() > f32::from(asked) || ((in_burst || steep) && guard > asked)
    }

    /// The highest forecast that the rule holds.
    fn expected(&self, rule: &Rule) -> f32 {
        let lately = self.outlook.forecasts.iter().take(usize::from(rule.hold_mins));
        let of_rule = lately.filter_map(|f| f.get(rule.forecast as usize));
        of_rule.copied().fold(0.0, f32::max)
    }

    fn ground(&self, terms: &Terms) -> Ground {
        let shadows = &self.shadows;
        if !terms.is_confirmed() {
            return Ground::Unconfirmed;
        }
        if !self.has_learned() {
            return Ground::Learning { charged: shadows.charged };
        }
        let record = |shadow: lanes::Record| Record {
            hours: shadow.billed / 60.0,
            unserved_percent: 100.0 * shadow.unserved / shadows.load.max(f32::MIN_POSITIVE),
        };
        Ground::Record {
            days: shadows.charged.min(MEMORY_MINS) as f32 / 1440.0,
            chosen: record(shadows.get(shadows.current)),
            next: record(shadows.get(shadows.next)),
            stood: as_it_stood(shadows),
        }
    }
}

/// The fleet's record, brought to the minutes that the rules were billed; none unless it is known
/// of half of them.
fn as_it_stood(shadows: &Shadows) -> Option<Record> {
    let (stood, minutes) = (shadows.stood, shadows.minutes);
    (stood.minutes > 0.0 && stood.minutes >= minutes / 2.0).then(|| Record {
        hours: stood.billed / 60.0 * (minutes / stood.minutes),
        unserved_percent: 100.0 * stood.unserved / stood.load.max(f32::MIN_POSITIVE),
    })
}

impl fmt::Display for Advice {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.rule, self.ground)?;
        if self.burst {
            f.write_str("; sized for a burst")?;
        }
        if self.blind {
            f.write_str("; the load is not known, so nothing goes")?;
        }
        if self.reserve > 0 {
            write!(f, "; {} more for the loss of a zone", self.reserve)?;
        }
        Ok(())
    }
}

impl fmt::Display for Ground {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Learning { charged } => {
                write!(f, "still learning, {charged} of {LEARNING_MINS} minutes")
            }
            Self::Unconfirmed => f.write_str("capacity_per_instance is not confirmed"),
            Self::Record { days, chosen, next, stood } => {
                write!(
                    f,
                    "over the last {days:.0} days {:.0} instance-hours and {:.2} % unserved; \
                     the next best {next}",
                    chosen.hours, chosen.unserved_percent,
                )?;
                stood.iter().try_for_each(|stood| write!(f, "; as it stood {stood}"))
            }
        }
    }
}

impl fmt::Display for Record {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:.0} and {:.2} %", self.hours, self.unserved_percent)
    }
}

#[cfg(test)]
mod tests {
    use super::super::Forecast;
    use super::*;

    #[test]
    fn an_advice_is_one_sentence() {
        let rule = Rule { forecast: Forecast::Day, hold_mins: 15, headroom: 1.2 };
        let chosen = Record { hours: 212.3, unserved_percent: 0.012 };
        let next = Record { hours: 219.0, unserved_percent: 0.0 };
        let ground = Ground::Record { days: 4.0, chosen, next, stood: None };
        let stood = Some(Record { hours: 260.4, unserved_percent: 0.0 });
        let against = Ground::Record { days: 4.0, chosen, next, stood };
        let learned = Advice { size: 12, reserve: 0, burst: false, blind: false, rule, ground };
        let compared = Advice { ground: against, ..learned.clone() };
        let first = Advice {
            rule: Rule::FIRST,
            ground: Ground::Learning { charged: 7 },
            ..learned.clone()
        };
        let guessed = Advice { ground: Ground::Unconfirmed, ..first.clone() };
        let burst = Advice { burst: true, reserve: 4, ..first.clone() };
        for (advice, want) in [
            (
                learned,
                "day profile x 1.20, 15 min hold: over the last 4 days 212 instance-hours and \
                 0.01 % unserved; the next best 219 and 0.00 %",
            ),
            (
                compared,
                "day profile x 1.20, 15 min hold: over the last 4 days 212 instance-hours and \
                 0.01 % unserved; the next best 219 and 0.00 %; as it stood 260 and 0.00 %",
            ),
            (guessed, "level x 1.60, 15 min hold: capacity_per_instance is not confirmed"),
            (first, "level x 1.60, 15 min hold: still learning, 7 of 2880 minutes"),
            (
                burst,
                "level x 1.60, 15 min hold: still learning, 7 of 2880 minutes; sized for a burst; 4 \
                 more for the loss of a zone",
            ),
        ] {
            assert_eq!(advice.to_string(), want);
        }
    }
}
