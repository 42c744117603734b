//! Nothing of the future is known: where two traces are alike up to a minute, so is everything
//! that is decided before that minute's metric is published.

mod common;

use common::{BUSY, ON, PLAIN, run, setup};
use simulator::generate::{Shape, generate};
use simulator::world::VISIBLE_AFTER_SECS;

#[test]
fn past_decisions_are_the_same_whatever_comes() {
    let calm = generate(Shape::Crowds, 5, 3);
    for (document, sizing) in [(BUSY, ""), (PLAIN, ON), (BUSY, ON)] {
        for turn in [2 * 1440 + 77, 4 * 1440 + 600] {
            let setup = setup(&calm, document, sizing);
            let mut other = calm.clone();
            other.loads[turn..].iter_mut().for_each(|load| *load = 3.0 * *load + 500.0);
            other.hidden.extend((turn..turn + 400).step_by(7));
            let mut changed = setup.clone();
            changed.trace = &other;
            let [calm, changed] = [run(&setup), run(&changed)].map(|whole| whole.ledger);
            let differ = calm.iter().zip(&changed).position(|(a, b)| a != b);
            let at = differ.map(|index| calm[index].0.min(changed[index].0));
            let seen = turn as u64 * 60 + VISIBLE_AFTER_SECS;
            assert!(at.is_some_and(|at| at >= seen), "{turn}: {at:?}, seen at {seen}");
        }
    }
}
