//! Rankings: a member's score is the sum of what each region counted.

use super::stamp::{RegionName, Stamp};
use jiff::Timestamp;
use std::collections::BTreeMap;
use std::fmt;
use std::num::NonZeroU16;

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

impl ScorePart {
    /// Whether a reader in `region` takes no notice of it: another region's clock is wrong.
    pub fn is_refused(&self, region: &RegionName, now: Timestamp) -> bool {
        self.region != *region && self.written.is_ahead(now)
    }
}

impl ShardKey {
    /// The shard of a member: the 64-bit FNV-1a hash of the name's bytes (offset basis
    /// `cbf29ce484222325`, prime `100000001b3`), modulo the number of shards. That number is the
    /// same in every region and never changes while a board has scores.
    pub fn of(board: &BoardWord, member: &BoardWord, shards: NonZeroU16) -> Self {
        let hash = member.as_str().bytes().fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
            (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
        });
        let shard = u16::try_from(hash % u64::from(shards.get())).unwrap_or(0);
        Self { board: board.clone(), shard }
    }
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

/// The first `top` members: highest scores first, equal ones by name, falling.
pub fn first(
    totals: impl IntoIterator<Item = (BoardWord, i64)>,
    top: u32,
) -> Vec<(BoardWord, i64)> {
    let mut all: Vec<_> = totals.into_iter().collect();
    all.sort_unstable_by(|(a, n), (b, m)| m.cmp(n).then_with(|| b.cmp(a)));
    all.truncate(usize::try_from(top).unwrap_or(usize::MAX));
    all
}

#[cfg(test)]
mod tests;
