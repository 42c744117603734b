//! The rules that compete: a forecast, a hold, a headroom.
//!
//! What must stay true: a rule's place in the grid is its place in the stored state, so that a
//! change of the grid is a new version of the state.

use std::fmt;

/// How the load is carried over the time that new capacity takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Forecast {
    /// The mean of the last two visible minutes.
    Level,
    /// The level at its recent growth, at most twice and at least half of it.
    Trend,
    /// The level times the growth of the mean profile of the last days.
    Day,
    /// The level times the growth of the mean profile of the last weeks.
    Week,
    /// The mean of the last hour: the right ground for a load that jumps about.
    Hour,
}

/// How many forecasts there are.
pub(super) const FORECASTS: usize = 5;
/// How many holds there are.
pub(super) const HOLDS: usize = 6;
/// How many headrooms there are.
pub(super) const HEADROOMS: usize = 16;
/// How many rules there are.
pub const RULES: usize = FORECASTS * HOLDS * HEADROOMS;

/// Every forecast, in the order of the grid.
const FORECAST: [Forecast; FORECASTS] =
    [Forecast::Level, Forecast::Trend, Forecast::Day, Forecast::Week, Forecast::Hour];
/// Minutes for which the highest forecast is kept, ascending.
pub(super) const HOLD_MINS: [u8; HOLDS] = [1, 5, 15, 30, 60, 120];
/// Times the forecast: close together where most services lie.
pub(super) const HEADROOM: [f32; HEADROOMS] =
    [1.02, 1.05, 1.08, 1.12, 1.16, 1.2, 1.25, 1.3, 1.4, 1.5, 1.6, 1.8, 2.0, 2.5, 3.0, 4.0];

impl fmt::Display for Forecast {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Level => "level",
            Self::Trend => "trend",
            Self::Day => "day profile",
            Self::Week => "week profile",
            Self::Hour => "mean of the hour",
        })
    }
}

/// One rule.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Rule {
    /// How the load is carried forward.
    pub forecast: Forecast,
    /// Minutes for which the highest forecast is kept.
    pub hold_mins: u8,
    /// Times the forecast.
    pub headroom: f32,
}

impl Rule {
    /// The rule that holds while nothing is learned.
    pub const FIRST: Self = Self { forecast: Forecast::Level, hold_mins: 15, headroom: 1.6 };

    /// Every rule, in the order of the grid: headrooms run fastest, forecasts slowest.
    pub fn all() -> impl Iterator<Item = Self> {
        (0..RULES).filter_map(Self::at)
    }

    /// The rule at a place of the grid.
    pub fn at(place: usize) -> Option<Self> {
        let (series, headroom) = (place / HEADROOMS, place % HEADROOMS);
        Some(Self {
            forecast: *FORECAST.get(series / HOLDS)?,
            hold_mins: *HOLD_MINS.get(series % HOLDS)?,
            headroom: *HEADROOM.get(headroom)?,
        })
    }
}

impl fmt::Display for Rule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} x {:.2}, {} min hold", self.forecast, self.headroom, self.hold_mins)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn a_rule_is_one_phrase_and_no_two_are_alike() {
        let phrases: BTreeSet<String> = Rule::all().map(|rule| rule.to_string()).collect();
        assert_eq!(phrases.len(), RULES);
        assert!(phrases.contains("day profile x 1.20, 15 min hold"), "{phrases:?}");
        assert!(Rule::all().any(|rule| rule == Rule::FIRST));
        assert_eq!(Rule::at(RULES), None);
    }
}
