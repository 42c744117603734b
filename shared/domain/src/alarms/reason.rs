//! Why a message went out, or did not.

use serde::{Deserialize, Serialize};
use std::fmt;

/// What became of an alarm or a group, in a name that logs, ledgers and tests share.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Why {
    /// The first message about a group.
    FirstNotification,
    /// Alarms joined a group that people know of.
    NewAlertsInGroup,
    /// It still fires, and people were last told `repeat_interval` ago.
    RepeatIntervalElapsed,
    /// A critical one is unresolved for `escalate_after`: the next topic is told.
    Escalated,
    /// Everything that people were told of is over.
    AllResolved,
    /// One that people were told of is flapping, or has stopped doing so.
    Flapping,
    /// Another alarm explains it, or AWS suppresses it.
    Inhibited,
    /// Somebody asked for silence.
    Silenced,
    /// The fleet's own plan explains it.
    Planned,
    /// This state of this alarm was taken already.
    Duplicate,
    /// An older state than the one that is known.
    Outdated,
    /// `group_wait` or `group_interval` is not over.
    Waiting,
    /// Its route is told to nobody on purpose.
    NotRouted,
    /// Nothing that people do not know.
    NothingNew,
}

impl Why {
    /// Every reason.
    pub const ALL: [Self; 14] = [
        Self::FirstNotification,
        Self::NewAlertsInGroup,
        Self::RepeatIntervalElapsed,
        Self::Escalated,
        Self::AllResolved,
        Self::Flapping,
        Self::Inhibited,
        Self::Silenced,
        Self::Planned,
        Self::Duplicate,
        Self::Outdated,
        Self::Waiting,
        Self::NotRouted,
        Self::NothingNew,
    ];

    /// The name, as it is written everywhere.
    pub fn word(self) -> &'static str {
        match self {
            Self::FirstNotification => "FirstNotification",
            Self::NewAlertsInGroup => "NewAlertsInGroup",
            Self::RepeatIntervalElapsed => "RepeatIntervalElapsed",
            Self::Escalated => "Escalated",
            Self::AllResolved => "AllResolved",
            Self::Flapping => "Flapping",
            Self::Inhibited => "Inhibited",
            Self::Silenced => "Silenced",
            Self::Planned => "Planned",
            Self::Duplicate => "Duplicate",
            Self::Outdated => "Outdated",
            Self::Waiting => "Waiting",
            Self::NotRouted => "NotRouted",
            Self::NothingNew => "NothingNew",
        }
    }
}

impl fmt::Display for Why {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.word())
    }
}
