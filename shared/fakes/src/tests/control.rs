//! The control table.

use super::*;
use crate::block_on;
use tidegate_domain::ledger::{ActionRecord, LedgerEntry, OutcomeWord};
use tidegate_domain::memory::Memory;
use tidegate_domain::ports::{Control, Lease, LeaseToken, Released, Stored, StoredPolicy};
use tidegate_domain::reason::Reason;

fn token(name: &str) -> LeaseToken {
    LeaseToken(name.to_owned())
}

fn memory(min: u32) -> Memory {
    Memory { applied_min: Some(min), ..Memory::default() }
}

fn world() -> FakeAws {
    FakeAws::at(at(EVENING))
}

fn acquire(aws: &FakeAws, who: &str, wall: &str, until: &str) -> Lease {
    block_on(aws.acquire(&fleet(), &token(who), at(wall), at(until))).unwrap()
}

fn release(aws: &FakeAws, who: &str) -> Released {
    block_on(aws.release(&fleet(), &token(who))).unwrap()
}

const SOON: &str = "2026-03-06T11:01:00Z";
const LATER: &str = "2026-03-06T11:02:00Z";

#[test]
fn a_lease_has_one_owner_until_it_runs_out_by_the_real_clock() {
    let aws = world();
    assert_eq!(acquire(&aws, "a", EVENING, SOON), Lease::Taken);
    assert_eq!(acquire(&aws, "b", EVENING, SOON), Lease::Busy);
    assert_eq!(acquire(&aws, "b", SOON, LATER), Lease::Busy, "to its last instant");
    assert_eq!(acquire(&aws, "b", "2026-03-06T11:01:00.001Z", LATER), Lease::Taken);
    assert_eq!(acquire(&aws, "a", SOON, LATER), Lease::Busy, "it is another's now");
}

#[test]
fn a_lost_and_repeated_acquire_is_ours_and_keeps_who_wanted_it() {
    let aws = world();
    acquire(&aws, "a", EVENING, SOON);
    acquire(&aws, "b", EVENING, SOON);
    assert_eq!(acquire(&aws, "a", EVENING, SOON), Lease::Taken);
    assert!(aws.lease(&fleet()).unwrap().wanted);
}

#[test]
fn who_wanted_it_makes_the_holder_run_once_more() {
    let aws = world();
    acquire(&aws, "a", EVENING, SOON);
    acquire(&aws, "b", EVENING, SOON);
    assert_eq!(release(&aws, "a"), Released::Wanted);
    assert_eq!(acquire(&aws, "c", EVENING, SOON), Lease::Busy, "it is still a's");
    assert_eq!(release(&aws, "a"), Released::Wanted, "and wanted again");
    assert_eq!(release(&aws, "a"), Released::Free);
    assert_eq!(aws.lease(&fleet()), None);
}

#[test]
fn nobody_releases_anothers_lease() {
    let aws = world();
    acquire(&aws, "a", EVENING, SOON);
    assert_eq!(release(&aws, "b"), Released::Free);
    assert_eq!(aws.lease(&fleet()).unwrap().owner, token("a"));
    assert_eq!(release(&aws, "a"), Released::Free, "nobody wanted it");
}

#[test]
fn a_taken_over_lease_forgets_who_wanted_the_old_one() {
    let aws = world();
    acquire(&aws, "a", EVENING, SOON);
    acquire(&aws, "b", EVENING, SOON);
    assert_eq!(acquire(&aws, "c", LATER, "2026-03-06T11:03:00Z"), Lease::Taken);
    assert_eq!(release(&aws, "c"), Released::Free);
}

#[test]
fn memory_is_written_by_compare_and_set() {
    let aws = world();
    let store = |expected, min, who: &str| {
        block_on(aws.store(&fleet(), expected, &memory(min), &token(who))).unwrap()
    };
    let empty = block_on(aws.load(&fleet())).unwrap();
    assert_eq!((empty.version, empty.memory), (0, Memory::default()));
    assert_eq!(store(1, 9, "a"), Stored::Conflict, "there is no version 1");
    assert_eq!(store(0, 4, "a"), Stored::Version(1));
    assert_eq!(store(0, 5, "b"), Stored::Conflict);
    assert_eq!(store(1, 6, "b"), Stored::Version(2));
    let loaded = block_on(aws.load(&fleet())).unwrap();
    assert_eq!((loaded.version, loaded.memory), (2, memory(6)));
}

#[test]
fn a_lost_and_repeated_store_is_success_when_it_is_our_own() {
    let aws = world();
    let store =
        |min, who: &str| block_on(aws.store(&fleet(), 0, &memory(min), &token(who))).unwrap();
    store(4, "a");
    assert_eq!(store(4, "a"), Stored::Version(1), "our own");
    assert_eq!(store(5, "a"), Stored::Conflict, "our token, another memory");
    assert_eq!(store(4, "b"), Stored::Conflict, "another's, though equal");
}

#[test]
fn a_memory_that_cannot_be_read_is_an_error_and_no_default() {
    let aws = world();
    for text in ["{", "{\"from_the_future\": 1}", "null"] {
        aws.garble_memory(&fleet(), text);
        let answer = block_on(aws.load(&fleet()));
        assert!(matches!(answer, Err(PortError::Unreadable { .. })), "{text}: {answer:?}");
    }
    assert!(aws.memory(&fleet()).is_none());
    aws.garble_memory(&fleet(), "{}");
    assert_eq!(aws.memory(&fleet()).map(|m| m.version), Some(4));
}

#[test]
fn dynamodb_takes_items_of_400_kb() {
    let aws = world();
    let notices = (0..8000).map(|n| (format!("{n:060}"), at(EVENING)));
    let large = Memory { notices: notices.collect(), ..Memory::default() };
    refused(block_on(aws.store(&fleet(), 0, &large, &token("a"))), "Item size");
    let policy = StoredPolicy { version: 1, document: "#".repeat(500_000) };
    refused(block_on(aws.put_policy(&policy)), "Item size");
}

#[test]
fn policies_are_the_newest_five_and_a_version_is_written_once() {
    let aws = world();
    let policy = |version: u32| StoredPolicy { version, document: format!("# {version}") };
    assert_eq!(block_on(aws.policies()), Ok(Vec::new()));
    for version in 1..=7 {
        let stored = block_on(aws.put_policy(&policy(version)));
        assert_eq!(stored, Ok(Stored::Version(version.into())));
    }
    assert_eq!(block_on(aws.put_policy(&policy(7))), Ok(Stored::Conflict));
    let newest = block_on(aws.policies()).unwrap();
    assert_eq!(newest, [7, 6, 5, 4, 3].map(policy));
}

pub(super) fn entry(id: &str, when: &str) -> LedgerEntry {
    LedgerEntry {
        id: id.to_owned(),
        at: at(when),
        fleet: fleet(),
        function: "spike-step-scaler".to_owned(),
        signal: "tick".to_owned(),
        mode: None,
        dry_run: false,
        action: ActionRecord::Hold,
        reason: Reason::AtFloor { floor: 4 },
        text: "The fleet is at its floor.".to_owned(),
        notes: Vec::new(),
        bids: Vec::new(),
        observed: None,
        sizing: None,
        memory_version: None,
        outcome: OutcomeWord::Held,
    }
}

#[test]
fn the_ledger_is_newest_first_repeatable_and_hides_what_has_run_out() {
    let aws = world();
    let append = |entry: &LedgerEntry, expires: &str| block_on(aws.append(entry, at(expires)));
    append(&entry("b", SOON), "2026-03-07T00:00:00Z").unwrap();
    append(&entry("a", EVENING), LATER).unwrap();
    append(&entry("a", EVENING), LATER).unwrap();
    let ids = |limit| {
        let entries = block_on(aws.ledger(&fleet(), limit)).unwrap();
        entries.into_iter().map(|e| e.id).collect::<Vec<_>>()
    };
    assert_eq!(ids(10), ["b", "a"]);
    assert_eq!((ids(1), ids(0)), (vec!["b".to_owned()], Vec::new()));
    aws.advance(mins(2));
    assert_eq!(ids(10), ["b"]);
    assert_eq!(aws.ledger_of(&fleet()).len(), 2, "DynamoDB deletes it later");
}

#[test]
fn a_missing_table_refuses_everything() {
    let aws = world();
    aws.set_table_missing(true);
    let f = fleet();
    refused(block_on(aws.load(&f)), "ResourceNotFoundException");
    refused(block_on(aws.policies()), "ResourceNotFoundException");
    refused(block_on(aws.acquire(&f, &token("a"), at(SOON), at(LATER))), "ResourceNotFound");
    refused(block_on(aws.release(&f, &token("a"))), "ResourceNotFoundException");
    refused(block_on(aws.store(&f, 0, &memory(1), &token("a"))), "ResourceNotFoundException");
    refused(block_on(aws.append(&entry("a", SOON), at(LATER))), "ResourceNotFoundException");
    refused(block_on(aws.ledger(&f, 1)), "ResourceNotFoundException");
}
