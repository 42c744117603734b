//! Wake-ups that are left out would have decided nothing: with and without them the ledger, the
//! minutes, the calls and the wake-ups are the same, byte for byte.

#![allow(clippy::unwrap_used, reason = "it fails by it")]

mod common;

use common::{BUSY, OFF, ON, PLAIN, run, setup};
use simulator::generate::{Shape, generate};
use simulator::replay::drive::{Attached, Setup};
use simulator::world::faults;

/// Trouble that comes and goes at odd times.
const TROUBLE: &str = "[[fault]]\nkind = \"launch-failures\"\nfrom = \"day 0 22:03\"\n\
                       to = \"day 1 01:07\"\n\
                       [[fault]]\nkind = \"zone-lost\"\nzone = \"b\"\nfrom = \"day 1 11:00\"\n\
                       to = \"day 1 17:00\"\n\
                       [[fault]]\nkind = \"control-table-down\"\nfrom = \"day 2 02:01\"\n\
                       to = \"day 2 02:34\"\n\
                       [[fault]]\nkind = \"auto-scaling-down\"\nfrom = \"day 2 13:11\"\n\
                       to = \"day 2 13:44\"\n\
                       [[fault]]\nkind = \"metrics-missing\"\nfrom = \"day 2 15:00\"\n\
                       to = \"day 2 15:30\"\n\
                       [[fault]]\nkind = \"suspended\"\nprocess = \"Terminate\"\n\
                       from = \"day 2 20:00\"\nto = \"day 2 23:00\"\n";

fn the_same(name: &str, setup: &Setup<'_>) {
    let skipping = Setup { skips_quiet: true, ..setup.clone() };
    let [every, fewer] = [run(setup), run(&skipping)];
    let [a, b] = [&every, &fewer].map(|whole| whole.ledger.iter());
    let differ = a.zip(b).find(|(a, b)| a != b);
    assert_eq!(differ, None, "{name}");
    assert_eq!(every.text(), fewer.text(), "{name}");
    assert_eq!(every.minutes(), fewer.minutes(), "{name}");
    assert_eq!(every.driven.calls, fewer.driven.calls, "{name}");
    assert_eq!(every.driven.woken, fewer.driven.woken, "{name}");
}

#[test]
fn what_is_left_out_would_have_decided_nothing() {
    let policies = [(BUSY, OFF), (PLAIN, OFF), (BUSY, ON), (PLAIN, ON), (BUSY, ""), (PLAIN, "")];
    for (document, sizing) in policies {
        for (shape, seed) in [(Shape::Week, 1), (Shape::Crowds, 2), (Shape::Holes, 3)] {
            let trace = generate(shape, 8, seed);
            the_same(&format!("{shape} {sizing}"), &setup(&trace, document, sizing));
        }
    }
}

#[test]
fn not_even_in_trouble_or_beside_a_native_policy() {
    for (shape, seed) in [(Shape::Chat, 4), (Shape::Steps, 5), (Shape::Rough, 6)] {
        let trace = generate(shape, 4, seed);
        for (document, sizing) in [(BUSY, OFF), (PLAIN, ON)] {
            let mut setup = setup(&trace, document, sizing);
            setup.faults = faults::read(TROUBLE, &trace).unwrap();
            the_same(&format!("{shape} {sizing}, trouble"), &setup);
            for scale_in in [true, false] {
                setup.attached = Some(Attached { target: 50.0, scale_in });
                the_same(&format!("{shape} {sizing}, native, {scale_in}"), &setup);
            }
        }
    }
}
