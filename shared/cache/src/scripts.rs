//! The scripts, one for each kind of call. Each is one file of Lua; what several of them need stands
//! before it.

use redis::{Cmd, Script};
use std::sync::LazyLock;

/// A kind of call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// A session's part was written.
    PutPart,
    /// A session's part is gone.
    DropPart,
    /// An entry is read.
    Read,
    /// An entry is filled from the table.
    Fill,
    /// A score's part was written or is gone.
    PutScore,
    /// A shard's first members are read.
    Rank,
    /// A shard is filled from the table.
    FillShard,
}

impl Kind {
    /// All of them.
    pub(crate) const ALL: [Self; 7] = [
        Self::PutPart,
        Self::DropPart,
        Self::Read,
        Self::Fill,
        Self::PutScore,
        Self::Rank,
        Self::FillShard,
    ];

    /// What the server runs. The first line makes Redis 7 refuse keys of several slots and, when it
    /// has no memory left, the script before it has written anything.
    pub(crate) fn text(self) -> String {
        let (order, board) = (include_str!("lua/order.lua"), include_str!("lua/board.lua"));
        let body = match self {
            Self::PutPart => [order, include_str!("lua/put_part.lua")].concat(),
            Self::DropPart => [order, include_str!("lua/drop_part.lua")].concat(),
            Self::Read => include_str!("lua/read.lua").to_owned(),
            Self::Fill => [order, include_str!("lua/fill.lua")].concat(),
            Self::PutScore => [order, board, include_str!("lua/put_score.lua")].concat(),
            Self::Rank => [order, board, include_str!("lua/rank.lua")].concat(),
            Self::FillShard => [order, board, include_str!("lua/fill_shard.lua")].concat(),
        };
        format!("#!lua\n{body}")
    }

    /// `EVALSHA` of this script on these keys; the arguments follow.
    pub(crate) fn call(self, keys: &[String]) -> Cmd {
        static HASHES: LazyLock<[String; 7]> =
            LazyLock::new(|| Kind::ALL.map(|kind| Script::new(&kind.text()).get_hash().to_owned()));
        let hash = HASHES.get(self as usize).map_or("", String::as_str);
        let mut cmd = Cmd::with_capacity(8, 512);
        cmd.arg("EVALSHA").arg(hash).arg(keys.len()).arg(keys);
        cmd
    }
}
