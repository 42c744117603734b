//! How many events one core takes through decoding, routing, recording and deciding.

#![expect(clippy::panic, reason = "a router that is too slow fails the proof")]

use jiff::SignedDuration;
use serde_json::Value;
use tidegate_domain::alarms::router::Router;
use tidegate_fakes::{FakeAws, block_on};
use tidegate_histories::length::seed;
use tidegate_storm::alarms::{Shape, Storm};
use tidegate_storm::queue::{BATCH, Queue};
use tidegate_storm::{POLICY, home, start};

/// Events a second that the requirement asks for.
const WANTED: f64 = 5_000.0;

/// This thread's time on a processor in seconds: other processes do not count.
fn spent() -> f64 {
    let text = std::fs::read_to_string("/proc/thread-self/schedstat").unwrap_or_default();
    let nanos = text.split(' ').next().and_then(|n| n.parse::<f64>().ok());
    nanos.unwrap_or_else(|| panic!("no /proc/thread-self/schedstat")) / 1e9
}

#[test]
fn one_core_takes_five_thousand_events_a_second() {
    let storm = Storm::new(Shape::FULL, start(), seed());
    let aws = FakeAws::at(start());
    aws.keep_log(false);
    let router = Router::new(home(), POLICY).unwrap_or_else(|e| panic!("{e}"));
    let (mut seconds, mut slowest) = (0.0_f64, 0.0_f64);
    for sendings in storm.sendings.chunks(BATCH) {
        let Some(last) = sendings.last() else { continue };
        let mut queue = Queue::default();
        sendings.iter().for_each(|sending| queue.send(&sending.body, sending.at));
        let batch = queue.take(last.at);
        let text = queue.event(&batch).to_string();
        aws.set_now(last.at + SignedDuration::from_secs(1));
        let world = aws.new_run();
        let before = spent();
        let event: Value = serde_json::from_str(&text).unwrap_or_else(|e| panic!("{e}"));
        let outcome = block_on(router.serve(&world, &event));
        let took = spent() - before;
        assert_eq!(outcome.error, None);
        (seconds, slowest) = (seconds + took, slowest.max(took));
    }
    let rate = f64::from(u32::try_from(storm.sendings.len()).unwrap_or(0)) / seconds;
    println!(
        "{} events in {seconds:.2} s of one core: {rate:.0} a second; the slowest batch {:.0} ms",
        storm.sendings.len(),
        slowest * 1e3
    );
    assert!(rate >= WANTED, "{rate:.0} events a second");
}
