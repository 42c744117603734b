//! Rankings: a member's score is the sum of what each region counted.

use super::stamp::{RegionName, Stamp};
use std::collections::BTreeMap;
use std::fmt;

/// The largest score of a part, both ways: the cache adds as doubles, which count to 2^53.
pub const MAX_SCORE: i64 = 1 << 48;

/// The name of a board, or of one of its members: 1 to 128 ASCII letters, digits, `_`, `-`, `.`
/// and `:`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct BoardWord(String);

impl BoardWord {
    /// Checks and takes a name.
    ///
    /// # Errors
    /// A sentence that does not repeat the text.
    pub fn new(text: &str) -> Result<Self, String> {
        let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.' | ':');
        if (1..=128).contains(&text.len()) && text.chars().all(plain) {
            Ok(Self(text.to_owned()))
        } else {
            let rule = "1 to 128 letters, digits, `_`, `-`, `.` and `:`";
            Err(format!("a board or member has {rule}"))
        }
    }

    /// The name.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// One shard of a board: its members are spread over a few keys.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct ShardKey {
    /// Which board.
    pub board: BoardWord,
    /// Which shard, from 0.
    pub shard: u16,
}

/// `score#board#3`
impl fmt::Display for ShardKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "score#{}#{}", self.board.as_str(), self.shard)
    }
}

/// What one region counted of a member. As a sort key: `member#ap-northeast-2`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ScorePart {
    /// Which shard of which board.
    pub shard: ShardKey,
    /// Whose score.
    pub member: BoardWord,
    /// Who counted.
    pub region: RegionName,
    /// The sum of all increments of this region, at most [`MAX_SCORE`] both ways.
    pub n: i64,
    /// The stamp of this write.
    pub written: Stamp,
    /// Random digits of this write.
    pub writer: String,
}

/// The score of each member: the sum over regions.
pub fn totals<'a>(parts: impl IntoIterator<Item = &'a ScorePart>) -> BTreeMap<BoardWord, i64> {
    let mut totals = BTreeMap::new();
    for part in parts {
        let total: &mut i64 = totals.entry(part.member.clone()).or_default();
        *total = total.saturating_add(part.n);
    }
    totals
}
