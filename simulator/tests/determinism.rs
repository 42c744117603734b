//! The same trace, policy and faults give the same ledger, byte for byte, whoever runs it.

#![allow(clippy::unwrap_used, reason = "it fails by it")]

mod common;

use common::{BUSY, OFF, ON, PLAIN, run, setup};
use simulator::generate::{Shape, generate};
use simulator::trace::Trace;
use simulator::world::faults::{self, Fault};

const TROUBLE: &str = r#"
[[fault]]
kind = "launch-failures"
from = "day 0 22:00"
to = "day 1 02:00"
[[fault]]
kind = "zone-lost"
zone = "a"
from = "day 2 03:00"
to = "day 2 05:00"
[[fault]]
kind = "suspended"
process = "Launch"
from = "day 2 13:00"
to = "day 2 15:00"
[[fault]]
kind = "metrics-missing"
from = "day 3 13:00"
to = "day 3 14:00"
[[fault]]
kind = "cloudwatch-down"
from = "day 3 14:10"
to = "day 3 14:40"
[[fault]]
kind = "auto-scaling-down"
from = "day 3 05:00"
to = "day 3 05:30"
[[fault]]
kind = "control-table-down"
from = "day 3 15:00"
to = "day 3 15:30"
"#;

fn trouble(trace: &Trace) -> Vec<Fault> {
    faults::read(TROUBLE, trace).unwrap()
}

#[test]
fn runs_and_threads_write_the_same_ledger() {
    let trace = generate(Shape::Crowds, 4, 9);
    for (document, sizing) in [(BUSY, ""), (PLAIN, ON), (BUSY, OFF), (BUSY, ON)] {
        let mut setup = setup(&trace, document, sizing);
        setup.faults = trouble(&trace);
        let first = run(&setup);
        assert!(first.ledger.len() > 20, "{}", first.ledger.len());
        let texts = std::thread::scope(|scope| {
            let others: Vec<_> = (0..2).map(|_| scope.spawn(|| run(&setup).text())).collect();
            others.into_iter().map(|other| other.join().unwrap()).collect::<Vec<_>>()
        });
        for text in texts {
            assert_eq!(text, first.text());
        }
    }
}

#[test]
fn every_fault_is_felt() {
    let trace = generate(Shape::Crowds, 4, 9);
    let calm = run(&setup(&trace, BUSY, ""));
    for fault in trouble(&trace) {
        let mut setup = setup(&trace, BUSY, "");
        let kind = fault.kind.to_string();
        setup.faults = vec![fault];
        let struck = run(&setup);
        let felt = struck.text() != calm.text() || struck.driven.woken != calm.driven.woken;
        assert!(felt, "{kind}");
    }
}
