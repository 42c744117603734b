//! One minute: what is delivered in it, and its delivery, side by side or in turn.

use super::super::stage::{Event, Lambda, Served};
use super::plot::Plot;
use super::schedules;
use jiff::Timestamp;
use serde_json::Value;
use std::future::poll_fn;
use std::sync::Arc;
use std::task::Poll;
use tidegate_domain::duty::Duty;
use tidegate_fakes::FakeAws;
use tidegate_histories::dice::Dice;
use tokio::task::JoinSet;

/// One delivery of an event.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Delivery {
    duty: Duty,
    payload: Arc<Value>,
    /// How often Lambda has tried it before.
    tried: u32,
}

impl Delivery {
    /// What Lambda does after it: one retry after a minute, one after two more.
    pub fn again(self, minute: i64, served: Served) -> Option<(i64, Self)> {
        let tried = self.tried + 1;
        let due = match (served.is_tried_again(), self.tried) {
            (true, 0) => minute + 1,
            (true, 1) => minute + 3,
            _ => return None,
        };
        Some((due, Self { tried, ..self }))
    }
}

/// The wake-ups of a minute: in peace each once and in order; in a storm each up to three
/// times and in any order, and one in six is lost.
pub(super) fn wake_ups(
    plot: &Plot,
    minute: i64,
    now: Timestamp,
    storm: Option<&mut Dice>,
) -> Vec<Delivery> {
    let first = (minute == 0).then(|| plot.event()).into_iter();
    let deliveries = first.chain(schedules(plot, minute)).map(|event: Event| {
        let payload = Arc::new(event.payload(now));
        Delivery { duty: event.duty(), payload, tried: 0 }
    });
    let Some(dice) = storm else { return deliveries.collect() };
    let copies = |delivery| {
        let count = [0, 1, 1, 1, 2, 3].get(usize::try_from(dice.below(6)).unwrap_or(0)).copied();
        std::iter::repeat_n(delivery, count.unwrap_or(1))
    };
    let mut all: Vec<Delivery> = deliveries.flat_map(copies).collect();
    dice.shuffle(&mut all);
    all
}

/// Delivers them: in peace one after the other, in a storm side by side, each beginning a few
/// calls later than another.
pub(super) fn deliver(
    lambda: &Lambda,
    aws: &FakeAws,
    due: &[Delivery],
    storm: Option<&mut Dice>,
) -> Vec<Served> {
    let serve = |delivery: &Delivery, delay: u32| {
        let (cast, aws, delivery) = (lambda.cast.clone(), aws.clone(), delivery.clone());
        async move {
            for _ in 0..delay {
                turn().await;
            }
            cast.serve(&aws, delivery.duty, &delivery.payload).await
        }
    };
    let Some(dice) = storm else {
        return due.iter().map(|d| lambda.runtime.block_on(serve(d, 0))).collect();
    };
    lambda.runtime.block_on(async {
        let mut tasks = JoinSet::new();
        for (n, delivery) in due.iter().enumerate() {
            let serving = serve(delivery, dice.below(24));
            tasks.spawn(async move { (n, serving.await) });
        }
        let mut served = tasks.join_all().await;
        served.sort_by_key(|(n, _)| *n);
        served.into_iter().map(|(_, served)| served).collect()
    })
}

/// Gives the other tasks one turn.
fn turn() -> impl Future<Output = ()> {
    let mut taken = false;
    poll_fn(move |context| {
        if std::mem::replace(&mut taken, true) {
            return Poll::Ready(());
        }
        context.waker().wake_by_ref();
        Poll::Pending
    })
}
