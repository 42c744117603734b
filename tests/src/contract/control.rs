//! What every implementation of `Control` promises.

use super::{Arrange, Body, Case, MINUTE, Missing, Stop, Verdict, holds, refused, same};
use jiff::{SignedDuration, Timestamp};
use tidegate_domain::ids::{FleetName, InstanceId};
use tidegate_domain::ledger::{ActionRecord, LedgerEntry, Observed, OutcomeWord};
use tidegate_domain::memory::{Memory, Seen};
use tidegate_domain::ports::{
    Clock, Control, Lease, LeaseToken, PortError, Released, Stored, StoredPolicy,
};
use tidegate_domain::reason::Reason;

/// The suite.
pub fn cases<S: Arrange>() -> Vec<Case<S>> {
    let cases: [(&'static str, Body<S>); _] = crate::contract_cases![
        a_free_lease_is_taken_and_a_held_one_is_busy,
        a_lease_that_ran_out_is_taken_over,
        our_own_lease_is_ours_again,
        our_own_lease_can_be_extended,
        a_repeated_acquire_keeps_who_wanted_it,
        who_wanted_it_makes_the_holder_run_once_more,
        a_released_lease_is_free,
        nobody_releases_anothers_lease,
        a_lease_that_was_taken_over_is_no_longer_ours,
        releasing_what_was_never_taken_is_harmless,
        fleets_have_leases_of_their_own,
        no_memory_is_version_0,
        memory_reads_back_as_written,
        memory_is_written_against_its_version,
        a_first_memory_needs_version_0,
        a_repeated_store_of_our_own_is_success,
        an_equal_memory_of_another_run_is_a_conflict,
        fleets_have_memories_of_their_own,
        a_memory_that_cannot_be_read_is_an_error,
        policies_are_newest_first_and_at_most_five,
        a_policy_version_is_written_once,
        the_ledger_is_newest_first_and_limited,
        a_ledger_entry_reads_back_as_written,
        appending_is_repeatable,
        what_has_expired_is_not_shown,
        fleets_have_ledgers_of_their_own,
        a_missing_table_refuses,
    ];
    Case::table("control", cases)
}

/// A name and a time that belong to one case.
struct Scene<'a, S: Arrange> {
    stage: &'a S,
    fleet: FleetName,
    wall: Timestamp,
}

impl<'a, S: Arrange> Scene<'a, S> {
    fn new(stage: &'a S) -> Result<Self, Stop> {
        let fleet =
            FleetName::new(stage.unique("fleet")).map_err(|e| Stop::Failed(e.to_string()))?;
        Ok(Self { stage, fleet, wall: stage.world().wall() })
    }

    /// The scene's time plus so many seconds.
    fn at(&self, secs: i64) -> Timestamp {
        self.wall.saturating_add(SignedDuration::from_secs(secs)).unwrap_or(self.wall)
    }

    /// Asks for the lease at one second, until another.
    async fn acquire(&self, who: &str, at: i64, until: i64) -> Result<Lease, Stop> {
        let (world, token) = (self.stage.world(), self.token(who));
        Ok(world.acquire(&self.fleet, &token, self.at(at), self.at(until)).await?)
    }

    async fn release(&self, who: &str) -> Result<Released, Stop> {
        Ok(self.stage.world().release(&self.fleet, &self.token(who)).await?)
    }

    async fn store(&self, expected: u64, min: u32, who: &str) -> Result<Stored, Stop> {
        let (world, token) = (self.stage.world(), self.token(who));
        Ok(world.store(&self.fleet, expected, &memory(min), &token).await?)
    }

    /// A token of this fleet's.
    fn token(&self, who: &str) -> LeaseToken {
        LeaseToken(format!("{}-{who}", self.fleet))
    }

    fn entry(&self, id: &str, at: i64) -> LedgerEntry {
        entry(&self.fleet, id, self.at(at))
    }

    async fn append(&self, entry: &LedgerEntry, expires: i64) -> Verdict {
        Ok(self.stage.world().append(entry, self.at(expires)).await?)
    }

    async fn ids(&self, limit: u32) -> Result<Vec<String>, Stop> {
        let entries = self.stage.world().ledger(&self.fleet, limit).await?;
        Ok(entries.into_iter().map(|entry| entry.id).collect())
    }
}

/// A decision about a fleet, with something in every field.
pub(super) fn entry(fleet: &FleetName, id: &str, at: Timestamp) -> LedgerEntry {
    LedgerEntry {
        id: id.to_owned(),
        at,
        fleet: fleet.clone(),
        function: "spike-step-scaler".to_owned(),
        signal: "tick".to_owned(),
        mode: None,
        dry_run: false,
        action: ActionRecord::Lower { min: 3, desired: Some(4) },
        reason: Reason::AtFloor { floor: 3 },
        text: "바닥에 있다 (it is at its floor).".to_owned(),
        notes: vec!["a note".to_owned()],
        bids: Vec::new(),
        observed: Some(Observed {
            min: 3,
            max: 9,
            desired: 4,
            in_service: 4,
            load: Some(1_234.5),
            need: None,
        }),
        sizing: None,
        memory_version: Some(7),
        outcome: OutcomeWord::Applied,
    }
}

fn memory(min: u32) -> Memory {
    Memory { applied_min: Some(min), ..Memory::default() }
}

async fn a_free_lease_is_taken_and_a_held_one_is_busy<S: Arrange>(stage: &S) -> Verdict {
    let scene = Scene::new(stage)?;
    same("a", scene.acquire("a", 0, 60).await?, Lease::Taken)?;
    same("b", scene.acquire("b", 1, 61).await?, Lease::Busy)?;
    same("c", scene.acquire("c", 59, 120).await?, Lease::Busy)
}

async fn a_lease_that_ran_out_is_taken_over<S: Arrange>(stage: &S) -> Verdict {
    let scene = Scene::new(stage)?;
    scene.acquire("a", 0, 60).await?;
    same("b", scene.acquire("b", 61, 120).await?, Lease::Taken)?;
    same("a", scene.acquire("a", 62, 120).await?, Lease::Busy)
}

async fn our_own_lease_is_ours_again<S: Arrange>(stage: &S) -> Verdict {
    let scene = Scene::new(stage)?;
    scene.acquire("a", 0, 60).await?;
    same("again", scene.acquire("a", 1, 60).await?, Lease::Taken)
}

async fn our_own_lease_can_be_extended<S: Arrange>(stage: &S) -> Verdict {
    let scene = Scene::new(stage)?;
    scene.acquire("a", 0, 60).await?;
    same("extended", scene.acquire("a", 30, 90).await?, Lease::Taken)?;
    same("b", scene.acquire("b", 75, 120).await?, Lease::Busy)
}

async fn a_repeated_acquire_keeps_who_wanted_it<S: Arrange>(stage: &S) -> Verdict {
    let scene = Scene::new(stage)?;
    scene.acquire("a", 0, 60).await?;
    scene.acquire("b", 1, 61).await?;
    scene.acquire("a", 2, 60).await?;
    same("release", scene.release("a").await?, Released::Wanted)
}

async fn who_wanted_it_makes_the_holder_run_once_more<S: Arrange>(stage: &S) -> Verdict {
    let scene = Scene::new(stage)?;
    scene.acquire("a", 0, 60).await?;
    scene.acquire("b", 1, 61).await?;
    scene.acquire("c", 2, 62).await?;
    same("first release", scene.release("a").await?, Released::Wanted)?;
    same("still a's", scene.acquire("b", 3, 63).await?, Lease::Busy)?;
    same("second release", scene.release("a").await?, Released::Wanted)?;
    same("third release", scene.release("a").await?, Released::Free)?;
    same("free", scene.acquire("b", 4, 64).await?, Lease::Taken)
}

async fn a_released_lease_is_free<S: Arrange>(stage: &S) -> Verdict {
    let scene = Scene::new(stage)?;
    scene.acquire("a", 0, 60).await?;
    same("release", scene.release("a").await?, Released::Free)?;
    same("b", scene.acquire("b", 1, 61).await?, Lease::Taken)?;
    same("b's release", scene.release("b").await?, Released::Free)
}

async fn nobody_releases_anothers_lease<S: Arrange>(stage: &S) -> Verdict {
    let scene = Scene::new(stage)?;
    scene.acquire("a", 0, 60).await?;
    same("b's release", scene.release("b").await?, Released::Free)?;
    same("c", scene.acquire("c", 1, 61).await?, Lease::Busy)
}

async fn a_lease_that_was_taken_over_is_no_longer_ours<S: Arrange>(stage: &S) -> Verdict {
    let scene = Scene::new(stage)?;
    scene.acquire("a", 0, 60).await?;
    scene.acquire("b", 61, 120).await?;
    same("a's release", scene.release("a").await?, Released::Free)?;
    same("c", scene.acquire("c", 62, 122).await?, Lease::Busy)
}

async fn releasing_what_was_never_taken_is_harmless<S: Arrange>(stage: &S) -> Verdict {
    let scene = Scene::new(stage)?;
    same("release", scene.release("a").await?, Released::Free)?;
    same("a", scene.acquire("a", 0, 60).await?, Lease::Taken)
}

async fn fleets_have_leases_of_their_own<S: Arrange>(stage: &S) -> Verdict {
    let [one, two] = [Scene::new(stage)?, Scene::new(stage)?];
    same("one", one.acquire("a", 0, 60).await?, Lease::Taken)?;
    same("two", two.acquire("a", 0, 60).await?, Lease::Taken)
}

async fn no_memory_is_version_0<S: Arrange>(stage: &S) -> Verdict {
    let scene = Scene::new(stage)?;
    let found = stage.world().load(&scene.fleet).await?;
    same("version", found.version, 0)?;
    same("memory", found.memory, Memory::default())
}

async fn memory_reads_back_as_written<S: Arrange>(stage: &S) -> Verdict {
    let scene = Scene::new(stage)?;
    let mut written = memory(4);
    let instance = InstanceId::new("i-0123").map_err(|e| Stop::Failed(e.to_string()))?;
    let seen = Seen { first: scene.wall, in_service: None, settled: true, leaving: false };
    written.instances.insert(instance, seen);
    written.notices.insert("밤 \"key\"".to_owned(), scene.at(-5));
    written.last_reasons.insert("tick".to_owned(), "at_floor".to_owned());
    let token = scene.token("a");
    let stored = stage.world().store(&scene.fleet, 0, &written, &token).await?;
    same("store", stored, Stored::Version(1))?;
    let found = stage.world().load(&scene.fleet).await?;
    same("version", found.version, 1)?;
    same("memory", found.memory, written)
}

async fn memory_is_written_against_its_version<S: Arrange>(stage: &S) -> Verdict {
    let scene = Scene::new(stage)?;
    same("first", scene.store(0, 1, "a").await?, Stored::Version(1))?;
    same("second", scene.store(1, 2, "b").await?, Stored::Version(2))?;
    same("late", scene.store(1, 9, "c").await?, Stored::Conflict)?;
    same("early", scene.store(3, 9, "c").await?, Stored::Conflict)?;
    let found = stage.world().load(&scene.fleet).await?;
    same("memory", (found.version, found.memory), (2, memory(2)))
}

async fn a_first_memory_needs_version_0<S: Arrange>(stage: &S) -> Verdict {
    let scene = Scene::new(stage)?;
    same("version 1 of nothing", scene.store(1, 1, "a").await?, Stored::Conflict)?;
    scene.store(0, 1, "a").await?;
    same("version 0 of something", scene.store(0, 2, "b").await?, Stored::Conflict)
}

async fn a_repeated_store_of_our_own_is_success<S: Arrange>(stage: &S) -> Verdict {
    let scene = Scene::new(stage)?;
    for expected in [0, 1] {
        let version = Stored::Version(expected + 1);
        same("store", scene.store(expected, 4, "a").await?, version.clone())?;
        same("again", scene.store(expected, 4, "a").await?, version)?;
    }
    same("version", stage.world().load(&scene.fleet).await?.version, 2)
}

async fn an_equal_memory_of_another_run_is_a_conflict<S: Arrange>(stage: &S) -> Verdict {
    let scene = Scene::new(stage)?;
    scene.store(0, 4, "a").await?;
    same("equal, another run's", scene.store(0, 4, "b").await?, Stored::Conflict)
}

async fn fleets_have_memories_of_their_own<S: Arrange>(stage: &S) -> Verdict {
    let [one, two] = [Scene::new(stage)?, Scene::new(stage)?];
    one.store(0, 4, "a").await?;
    same("two", stage.world().load(&two.fleet).await?.version, 0)
}

async fn a_memory_that_cannot_be_read_is_an_error<S: Arrange>(stage: &S) -> Verdict {
    for document in ["{", r#"{"from_the_future":1}"#] {
        let scene = Scene::new(stage)?;
        scene.store(0, 4, "a").await?;
        stage.garble_memory(&scene.fleet, document).await?;
        let answer = stage.world().load(&scene.fleet).await;
        let unreadable = matches!(answer, Err(PortError::Unreadable { .. }));
        holds(unreadable, format!("{document}: {answer:?}"))?;
    }
    Ok(())
}

async fn newest<S: Arrange>(stage: &S) -> Result<u32, Stop> {
    Ok(stage.world().policies().await?.first().map_or(0, |policy| policy.version))
}

async fn policies_are_newest_first_and_at_most_five<S: Arrange>(stage: &S) -> Verdict {
    let first = newest(stage).await? + 1;
    let policy = |version| StoredPolicy { version, document: format!("# 정책 {version}\n") };
    for version in first..first + 6 {
        let stored = stage.world().put_policy(&policy(version)).await?;
        same("put", stored, Stored::Version(version.into()))?;
    }
    let expected: Vec<_> = (first + 1..first + 6).rev().map(policy).collect();
    same("policies", stage.world().policies().await?, expected)
}

async fn a_policy_version_is_written_once<S: Arrange>(stage: &S) -> Verdict {
    let version = newest(stage).await? + 1;
    let [one, two] = ["# one", "# two"].map(str::to_owned);
    let first = StoredPolicy { version, document: one };
    stage.world().put_policy(&first).await?;
    let second = StoredPolicy { version, document: two };
    same("second", stage.world().put_policy(&second).await?, Stored::Conflict)?;
    let newest = stage.world().policies().await?.into_iter().next();
    same("the first stands", newest, Some(first))
}

/// Far enough ahead that nothing expires while the suite runs.
const KEPT: i64 = 86_400;

async fn the_ledger_is_newest_first_and_limited<S: Arrange>(stage: &S) -> Verdict {
    let scene = Scene::new(stage)?;
    for (id, at) in [("b", -60), ("c", 0), ("a", -120)] {
        scene.append(&scene.entry(id, at), KEPT).await?;
    }
    same("all", scene.ids(10).await?.join(" "), "c b a".to_owned())?;
    same("two", scene.ids(2).await?.join(" "), "c b".to_owned())
}

async fn a_ledger_entry_reads_back_as_written<S: Arrange>(stage: &S) -> Verdict {
    let scene = Scene::new(stage)?;
    let entry = scene.entry("a", 0);
    scene.append(&entry, KEPT).await?;
    same("ledger", stage.world().ledger(&scene.fleet, 10).await?, vec![entry])
}

async fn appending_is_repeatable<S: Arrange>(stage: &S) -> Verdict {
    let scene = Scene::new(stage)?;
    for _ in 0..2 {
        scene.append(&scene.entry("a", 0), KEPT).await?;
    }
    same("entries", scene.ids(10).await?.len(), 1)
}

async fn what_has_expired_is_not_shown<S: Arrange>(stage: &S) -> Verdict {
    let scene = Scene::new(stage)?;
    scene.append(&scene.entry("old", -60), -MINUTE.as_secs()).await?;
    scene.append(&scene.entry("older", -120), KEPT).await?;
    same("ids", scene.ids(1).await?.join(" "), "older".to_owned())
}

async fn fleets_have_ledgers_of_their_own<S: Arrange>(stage: &S) -> Verdict {
    let [one, two] = [Scene::new(stage)?, Scene::new(stage)?];
    one.append(&one.entry("a", 0), KEPT).await?;
    same("two", two.ids(10).await?.len(), 0)
}

async fn a_missing_table_refuses<S: Arrange>(stage: &S) -> Verdict {
    let (scene, world) = (Scene::new(stage)?, stage.without(Missing::Table).await?);
    let (fleet, token) = (&scene.fleet, scene.token("a"));
    refused("policies", world.policies().await)?;
    refused("acquire", world.acquire(fleet, &token, scene.at(0), scene.at(60)).await)?;
    refused("release", world.release(fleet, &token).await)?;
    refused("load", world.load(fleet).await)?;
    refused("store", world.store(fleet, 0, &memory(1), &token).await)?;
    refused("append", world.append(&scene.entry("a", 0), scene.at(KEPT)).await)?;
    refused("ledger", world.ledger(fleet, 1).await)
}
