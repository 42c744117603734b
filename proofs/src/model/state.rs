//! What there is: the group, the control table, two runs, and what only the proof knows.
//!
//! What must stay true: times are ages and remaining lives, capped where nothing asks for more,
//! never instants; so the states are finitely many though time goes on for ever.

/// Units of time (each a Lambda's longest life, 50 s) that a run lives after the one it began in.
pub const LIFE: u8 = 1;
/// Units for which a lease stands: one more than its holder lives (`LEASE_MARGIN`).
pub const LEASE: u8 = LIFE + 1;
/// Units of the bake: longer than a lease, as in every policy (10 minutes).
pub const BAKE: u8 = 3;
/// Units of a bid's life: longer than two dead runs' leases (10 minutes and more).
pub const BID: u8 = 6;
/// Units between two looks at most: the tick comes every minute, but to a lease that is taken.
pub const IDLE: u8 = LEASE;
/// Runs of one invocation that is wanted again and again (`MOST_RUNS`, three, shortened).
pub const MOST_RUNS: u8 = 2;
/// The policy's minimum: what everything is lowered to in the end.
pub const FLOOR: u8 = 1;
/// What a breach asks for.
pub const SPIKE: u8 = 3;

/// Sizes that a write can change.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Default)]
pub struct Sizes {
    /// `MinSize`.
    pub min: u8,
    /// Desired capacity.
    pub desired: u8,
}

/// What a lowering of ours did to someone's raise, as the group's activities tell it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Change {
    /// Desired capacity before.
    pub from: u8,
    /// Desired capacity after.
    pub to: u8,
    /// How long ago.
    pub age: u8,
}

/// The Auto Scaling group.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Default)]
pub struct Group {
    /// Its sizes; `MaxSize` is the model's.
    pub sizes: Sizes,
    /// Instances; more than desired until the termination is seen.
    pub in_service: u8,
    /// Changes by which desired fell, newest last; each leaves activities.
    pub changes: Vec<Change>,
}

/// What was about to be written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Intent {
    /// `MinSize` to be.
    pub min: u8,
    /// Desired to be, if it is a lowering.
    pub desired: Option<u8>,
    /// Sizes that were decided on.
    pub before: Sizes,
    /// How long ago.
    pub age: u8,
}

/// A stored bid; gone when `left` is zero.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Default)]
pub struct Bid {
    /// Capacity.
    pub floor: u8,
    /// Units of time left.
    pub left: u8,
}

/// Our last lowering.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Lowering {
    /// Desired before it.
    pub before: u8,
    /// Desired after it.
    pub to: u8,
    /// How long ago.
    pub age: u8,
    /// The activities were looked through.
    pub audited: bool,
}

/// The fleet's memory.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Memory {
    /// The `MinSize` that we last applied; none before the first look.
    pub applied_min: Option<u8>,
    /// A person's `MinSize`; zero for none.
    pub operator_min: u8,
    /// What was about to be written.
    pub intent: Option<Intent>,
    /// The spike's bid.
    pub spike: Bid,
    /// The bid that gives back.
    pub undo: Bid,
    /// Our last lowering.
    pub last_lowering: Option<Lowering>,
    /// A lowering that a run left behind and that the group does not show (any more).
    pub doubt: Option<Lowering>,
    /// How long ago an instance was seen to leave, up to the bake.
    pub last_termination: u8,
    /// An instance that this memory knows of has left.
    pub missing: bool,
}

impl Default for Memory {
    fn default() -> Self {
        Self {
            applied_min: None,
            operator_min: 0,
            intent: None,
            spike: Bid::default(),
            undo: Bid::default(),
            last_lowering: None,
            doubt: None,
            last_termination: BAKE,
            missing: false,
        }
    }
}

/// Whose lease it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Owner {
    /// The run in this slot.
    Slot(usize),
    /// A run that is no more: its token is nobody's.
    Gone,
}

/// The lease item.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Lease {
    /// Whose.
    pub owner: Owner,
    /// Units of time for which it stands.
    pub left: u8,
    /// Somebody found it taken.
    pub wanted: bool,
}

/// The control table. The memory's version is told by [`Run::fresh`].
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Default)]
pub struct Table {
    /// The fleet's memory.
    pub memory: Memory,
    /// The fleet's lease.
    pub lease: Option<Lease>,
}

/// What a run does next.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Next {
    /// Describes the group, reads the evidence, decides.
    Look,
    /// Records the intent.
    Record,
    /// Raises `MinSize`.
    Raise,
    /// Describes again, right before a lowering.
    LookAgain,
    /// Notes a raise that was made without memory, if the memory is back.
    Claim,
    /// Lowers `MinSize`.
    LowerMin,
    /// Lowers desired.
    LowerDesired,
    /// Keeps the memory of what was done.
    Keep,
    /// Gives the lease back.
    Release,
}

/// What was decided.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Default)]
pub enum Action {
    /// Nothing.
    #[default]
    Hold,
    /// Raise `MinSize` to this.
    Raise(u8),
    /// Lower to these sizes.
    Lower(Sizes),
}

/// How much of the control table a run has.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Ground {
    /// The lease and the memory.
    Whole,
    /// The lease was lost sight of or never reached; the memory can be read and written.
    NoLease,
    /// No memory, so nothing is written to the table.
    NoMemory,
}

/// One run, between two of its calls.
#[expect(clippy::struct_excessive_bools, reason = "independent facts; each doubles the states")]
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Run {
    /// What it does next.
    pub next: Next,
    /// Units of time that it may outlive.
    pub life: u8,
    /// It took the lease and has not given it back.
    pub leased: bool,
    /// What it stands on.
    pub ground: Ground,
    /// Nobody wrote the memory since it read it: its version would match.
    pub fresh: bool,
    /// The memory that it read, then the one that it decided.
    pub memory: Memory,
    /// What it decided.
    pub action: Action,
    /// The sizes that it decided on.
    pub expected: Sizes,
    /// A call went wrong: the invocation will fail.
    pub failed: bool,
    /// How often it was wanted again.
    pub again: u8,
    /// For the proof: the most that someone raised desired to since the last look before a
    /// lowering; zero for nobody.
    pub unseen: u8,
    /// For the proof: nothing else happened since it looked.
    pub alone: bool,
}

/// What only the proof knows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Default)]
pub struct Witness {
    /// Someone's raise that was cut and is not back yet; zero for none.
    pub cut: u8,
    /// Units since desired was last lowered by us and nobody raised it; [`BAKE`] for long ago.
    pub since_step: u8,
    /// The highest `MinSize` that a person set, or a run that could not remember it.
    pub foreign_min: u8,
    /// Units since a run looked that had the whole table and the time to act.
    pub idle: u8,
    /// Somebody was turned away and nobody has looked since.
    pub turned_away: bool,
    /// What must never be.
    pub broken: Broken,
}

/// What must never be, where it is a step that is wrong and not a state.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Default)]
pub enum Broken {
    /// Nothing.
    #[default]
    Nothing,
    /// Our write raised desired by `SetDesiredCapacity`.
    Upward,
    /// A second step within the bake.
    SecondStep,
    /// A raise that the last look before a lowering showed was cut.
    VisibleRaise,
    /// A raise took capacity away.
    RaiseTook,
    /// A bid that was recorded is gone before its time.
    LostBid,
    /// A lowering was recorded below a recorded bid.
    BelowBid,
    /// The lease was given back though somebody was turned away and nobody looked since.
    Forgotten,
    /// Three tries after a crash do not end as without it.
    Unhealed,
}

/// How often what may still happen.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Budget {
    /// Crashes, calls that fail, answers that are lost.
    pub faults: u8,
    /// Native raises of desired.
    pub raises: u8,
    /// A person's raises of `MinSize`.
    pub people: u8,
    /// Times that a breach begins.
    pub breaches: u8,
}

/// Everything.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct State {
    /// The group.
    pub group: Group,
    /// The control table.
    pub table: Table,
    /// The runs, in an order that says nothing.
    pub runs: [Option<Run>; 2],
    /// The spike alarm is breached.
    pub breach: bool,
    /// What may still happen.
    pub budget: Budget,
    /// What only the proof knows.
    pub witness: Witness,
}
