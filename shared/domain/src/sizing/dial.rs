//! The operator's dial: what unserved load costs, in units of the capacity that would have
//! served it.

use std::fmt;

/// The policy's `sla`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Dial {
    /// K = 100.
    Thrifty,
    /// K = 300.
    #[default]
    Balanced,
    /// K = 1000.
    Strict,
}

impl Dial {
    /// Every position, cheapest first.
    pub const ALL: [Self; 3] = [Self::Thrifty, Self::Balanced, Self::Strict];

    /// Reads the policy's word.
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|dial| dial.to_string() == word)
    }

    /// K: one instance-minute of unserved load costs as much as so many instance-minutes.
    pub fn price(self) -> f32 {
        match self {
            Self::Thrifty => 100.0,
            Self::Balanced => 300.0,
            Self::Strict => 1000.0,
        }
    }
}

impl fmt::Display for Dial {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Thrifty => "thrifty",
            Self::Balanced => "balanced",
            Self::Strict => "strict",
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_dial_is_read_by_its_word() {
        for (word, want) in [
            ("thrifty", Some(100.0)),
            ("balanced", Some(300.0)),
            ("strict", Some(1000.0)),
            ("Strict", None),
            ("", None),
        ] {
            assert_eq!(Dial::parse(word).map(Dial::price), want, "{word}");
        }
    }
}
