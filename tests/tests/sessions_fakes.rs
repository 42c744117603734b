//! The strict fakes of the session table keep its contract, and can show all of it.

#![expect(clippy::unwrap_used, reason = "what cannot be read fails the test")]

use std::cell::Cell;
use std::collections::BTreeSet;
use tidegate_domain::sessions::part::SessionPart;
use tidegate_domain::sessions::stamp::RegionName;
use tidegate_fakes::sessions::{
    Address, EpochTwin, GlobalTable, Item, Partition, Replica, SessionAt, SessionCall, Sort, Stage,
};
use tidegate_fakes::{Fault, block_on};
use tidegate_tests::contract::sessions::{ArrangeSessions, cases};
use tidegate_tests::contract::{Report, Scene, run};

const DELAY: jiff::SignedDuration = jiff::SignedDuration::from_secs(5);

struct FakeSessions {
    stage: Stage,
    table: GlobalTable,
    regions: [RegionName; 2],
    replicas: [Replica; 2],
    epochs: EpochTwin,
    numbers: Cell<u32>,
}

fn stage() -> FakeSessions {
    let stage = Stage::at("2026-03-06T11:00:30Z".parse().unwrap());
    let regions = ["ap-northeast-2", "us-east-1"].map(|name| RegionName::new(name).unwrap());
    let table = GlobalTable::new(&stage, &regions);
    let [here, there] = &regions;
    table.set_delay(here, there, DELAY);
    table.set_delay(there, here, DELAY);
    let replicas = [table.replica(here), table.replica(there)];
    let epochs = EpochTwin::new(&stage, here);
    FakeSessions { stage, table, regions, replicas, epochs, numbers: Cell::new(0) }
}

impl ArrangeSessions for FakeSessions {
    type Table = Replica;
    type Epochs = EpochTwin;

    fn here(&self) -> (&RegionName, &Replica) {
        (&self.regions[0], &self.replicas[0])
    }

    fn there(&self) -> (&RegionName, &Replica) {
        (&self.regions[1], &self.replicas[1])
    }

    fn epochs(&self) -> &EpochTwin {
        &self.epochs
    }

    fn now(&self) -> jiff::Timestamp {
        self.stage.now()
    }

    fn unique(&self) -> u32 {
        self.numbers.replace(self.numbers.get() + 1)
    }

    async fn settle(&self) -> Scene<()> {
        self.stage.advance(DELAY);
        Ok(())
    }

    async fn plant_newer(&self, part: &SessionPart) -> Scene<()> {
        let address = Address {
            partition: Partition::Session(part.key.clone()),
            sort: Sort::Part(part.id.clone()),
        };
        let odd = Item::Odd { why: "`v` is 2".to_owned(), expires: None };
        Ok(self.table.plant(&self.regions[0], &address, odd)?)
    }
}

fn report_with(fault: Option<(SessionCall, Fault)>) -> Report {
    let stage = stage();
    if let Some((call, fault)) = fault {
        stage.stage.inject(SessionAt::call(call), fault);
    }
    block_on(run(&stage, &cases()))
}

#[test]
fn the_fakes_keep_the_contract_of_sessions() {
    let report = report_with(None);
    println!("{report}");
    assert!(report.failed.is_empty() && report.unsupported.is_empty(), "{report}");
    let names: BTreeSet<_> = cases::<FakeSessions>().iter().map(|case| case.name).collect();
    assert_eq!((report.passed.len(), names.len()), (cases::<FakeSessions>().len(), names.len()));
}

/// A suite that passes on anything proves nothing: each call that does not work, or only pretends
/// to, is caught by some case.
#[test]
fn every_broken_call_breaks_a_case() {
    for call in [
        SessionCall::Parts,
        SessionCall::PutPart,
        SessionCall::Scores,
        SessionCall::Score,
        SessionCall::PutScore,
        SessionCall::Beat,
        SessionCall::Beats,
        SessionCall::Epoch,
        SessionCall::Doubt,
    ] {
        for fault in [Fault::Unavailable, Fault::LostAnswer] {
            let report = report_with(Some((call, fault.clone())));
            assert!(!report.failed.is_empty(), "{call:?} with {fault:?}");
        }
    }
}
