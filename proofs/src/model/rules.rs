//! The protocol's rules, and each of them broken: the negative controls.

/// A rule that is broken, or was found broken in the code by this model and is not any more.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Flaw {
    /// A lowering takes one away from whatever is there.
    RelativeStep,
    /// The lease runs out while its holder may still live.
    ShortLease,
    /// A raise is written with `SetDesiredCapacity`.
    DesiredUpward,
    /// Memory is written whatever its version.
    NoCompareAndSet,
    /// A lowering is written without another look.
    NoSecondLook,
    /// The intent is not recorded before the write.
    NoIntent,
    /// Nobody looks whose raise a lowering may have cut.
    NoAudit,
    /// Who is turned away leaves no mark.
    NoMark,
    /// Nothing is raised while the control table is out of reach.
    WaitsForTheTable,
    /// The `MinSize` that a raise applied is not kept in memory.
    ForgetsItsRaise,
    /// A run without the lease settles the intent of the run that has it.
    SettlesForOthers,
    /// The audit looks at nothing that is older than the answer to the write.
    NarrowAudit,
    /// A lowering whose `MinSize` somebody changed is held not to have happened.
    SettlesByMin,
    /// A lowering that the group does not show when its run is dead is never audited.
    NoDoubt,
    /// The SDK makes a write again whose answer is late.
    AsksAgain,
}

/// The rules of one model.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rules {
    /// `MaxSize`.
    pub max: u8,
    /// The rule that is broken, if one is.
    pub flaw: Option<Flaw>,
}

impl Rules {
    fn holds(self, flaw: Flaw) -> bool {
        self.flaw != Some(flaw)
    }

    pub(super) fn writes_absolutely(self) -> bool {
        self.holds(Flaw::RelativeStep)
    }

    pub(super) fn lease_outlives_its_holder(self) -> bool {
        self.holds(Flaw::ShortLease)
    }

    pub(super) fn raises_by_min(self) -> bool {
        self.holds(Flaw::DesiredUpward)
    }

    pub(super) fn compare_and_set(self) -> bool {
        self.holds(Flaw::NoCompareAndSet)
    }

    pub(super) fn looks_again(self) -> bool {
        self.holds(Flaw::NoSecondLook)
    }

    pub(super) fn records(self) -> bool {
        self.holds(Flaw::NoIntent)
    }

    pub(super) fn audits(self) -> bool {
        self.holds(Flaw::NoAudit)
    }

    pub(super) fn marks(self) -> bool {
        self.holds(Flaw::NoMark)
    }

    pub(super) fn raises_blindly(self) -> bool {
        self.holds(Flaw::WaitsForTheTable)
    }

    pub(super) fn keeps_what_it_applied(self) -> bool {
        self.holds(Flaw::ForgetsItsRaise)
    }

    pub(super) fn leaves_others_intents(self) -> bool {
        self.holds(Flaw::SettlesForOthers)
    }

    /// Units by which a change may be older than the lowering that made it.
    pub(super) fn audit_skew(self) -> u8 {
        u8::from(self.holds(Flaw::NarrowAudit))
    }

    pub(super) fn settles_by_desired(self) -> bool {
        self.holds(Flaw::SettlesByMin)
    }

    pub(super) fn doubts(self) -> bool {
        self.holds(Flaw::NoDoubt)
    }

    pub(super) fn asks_once(self) -> bool {
        self.holds(Flaw::AsksAgain) && self.holds(Flaw::RelativeStep)
    }
}
