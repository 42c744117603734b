//! The strict fakes keep every port's contract, and can show all of it.

#![expect(clippy::unwrap_used, reason = "what cannot be read fails the test")]

use std::collections::BTreeSet;
use tidegate_fakes::{At, Call, FakeAws, Fault, block_on};
use tidegate_tests::contract::fake_stage::FakeStage;
use tidegate_tests::contract::{all, run};

fn stage() -> FakeStage {
    FakeStage::new(FakeAws::at("2026-03-06T11:00:30Z".parse().unwrap()))
}

#[test]
fn the_fakes_keep_every_contract() {
    let report = block_on(run(&stage(), &all()));
    println!("{report}");
    assert!(report.failed.is_empty() && report.unsupported.is_empty(), "{report}");
    assert_eq!(report.passed.len(), all::<FakeStage>().len());
}

#[test]
fn every_case_has_a_name_of_its_own() {
    let cases = all::<FakeStage>();
    let names: BTreeSet<_> = cases.iter().map(|c| (c.port, c.name)).collect();
    assert_eq!(names.len(), cases.len());
}

/// A suite that passes on anything proves nothing: each call that does not work, or only
/// pretends to, is caught by some case.
#[test]
fn every_broken_call_breaks_a_case() {
    for call in Call::ALL {
        for fault in [Fault::Unavailable, Fault::LostAnswer] {
            let stage = stage();
            tidegate_tests::contract::Arrange::world(&stage).inject(At::call(call), fault.clone());
            let report = block_on(run(&stage, &all()));
            assert!(!report.failed.is_empty(), "{call} with {fault:?}");
        }
    }
}
