//! Lambda, SQS and the scheduler around the router, on a story's clock.
//!
//! An invocation goes on call by call; each call takes its time, so that invocations are
//! interleaved as the seed has it. Sources: two batches at most at once (the mapping's
//! `MaximumConcurrency`), the timeout and the queue's times as in the template.

use crate::alarms::{Sending, described};
use crate::queue::Queue;
use crate::{POLICY, home};
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};
use std::collections::VecDeque;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};
use tidegate_domain::alarms::router::{Outcome, Router};
use tidegate_domain::ports::Clock;
use tidegate_fakes::{At, Call, FakeAws, Fault};
use tidegate_histories::dice::Dice;

/// The function's timeout.
pub const TIMEOUT: SignedDuration = SignedDuration::from_secs(30);
/// Batches at once.
const BATCHES: usize = 2;
/// Between ticks.
const MINUTE: SignedDuration = SignedDuration::from_secs(60);

/// What goes wrong by chance, in thousandths of all calls.
#[derive(Debug, Clone, Copy, Default)]
pub struct Trouble {
    /// Throttled.
    pub throttled: u32,
    /// Done, but the answer was lost.
    pub lost: u32,
    /// The process dies before or after the call.
    pub died: u32,
}

/// One invocation that is over.
#[derive(Debug, Clone)]
pub struct Ended {
    /// Its run, as the fake's log and messages have it.
    pub run: u64,
    /// When it began.
    pub began: Timestamp,
    /// When it ended.
    pub ended: Timestamp,
    /// Records of the queue that it got; none for a tick.
    pub records: usize,
    /// What it answered; none when it died or ran out of time.
    pub outcome: Option<Outcome>,
}

type Running = Pin<Box<dyn Future<Output = Outcome>>>;

struct Flight {
    running: Running,
    world: FakeAws,
    router: Arc<Router>,
    batch: Vec<u64>,
    began: Timestamp,
    deadline: Timestamp,
    /// When its next call takes effect.
    next: Timestamp,
}

/// The stage.
pub struct Stage {
    /// The world.
    pub aws: FakeAws,
    /// The queue.
    pub queue: Queue,
    /// What goes wrong by chance.
    pub trouble: Trouble,
    /// Invocations that are over, in the order of their ends.
    pub ended: Vec<Ended>,
    /// Calls that were made, in their order.
    pub calls: Vec<Call>,
    policy: &'static str,
    sendings: VecDeque<Sending>,
    flights: Vec<Flight>,
    /// Processes that wait for work, the one that worked last at the end.
    idle: Vec<Arc<Router>>,
    next_tick: Option<Timestamp>,
    dice: Dice,
}

enum Next {
    Sending,
    Tick,
    Batch,
    Flight(usize),
}

impl Stage {
    /// A stage at the start of the play, with a tick every minute from then on.
    pub fn new(aws: FakeAws, seed: u64) -> Self {
        aws.interleave();
        let next_tick = Some(aws.now() + MINUTE);
        Self {
            aws,
            queue: Queue::default(),
            trouble: Trouble::default(),
            ended: Vec::new(),
            calls: Vec::new(),
            policy: POLICY,
            sendings: VecDeque::new(),
            flights: Vec::new(),
            idle: Vec::new(),
            next_tick,
            dice: Dice::new(seed),
        }
    }

    /// The same stage under another policy.
    #[must_use]
    pub fn under(mut self, policy: &'static str) -> Self {
        self.policy = policy;
        self
    }

    /// Events that will come, in the order of their times.
    pub fn will_come(&mut self, sendings: &[Sending]) {
        self.sendings.extend(sendings.iter().cloned());
    }

    /// Plays until this time.
    pub fn run_until(&mut self, until: Timestamp) {
        while let Some((at, next)) = self.next().filter(|(at, _)| *at <= until) {
            self.aws.set_now(at);
            match next {
                Next::Sending => self.send(),
                Next::Tick => self.tick(at),
                Next::Batch => self.batch(at),
                Next::Flight(index) => self.go_on(index),
            }
        }
        self.aws.set_now(until);
    }

    /// Whether nothing runs and nothing is in the queue.
    pub fn is_quiet(&self) -> bool {
        self.flights.is_empty() && self.queue.is_empty() && self.sendings.is_empty()
    }

    fn next(&self) -> Option<(Timestamp, Next)> {
        let now = self.aws.now();
        let sending = self.sendings.front().map(|sending| (sending.at, Next::Sending));
        let running = self.flights.iter().filter(|f| !f.batch.is_empty()).count();
        let batch = self.queue.next_batch().filter(|_| running < BATCHES);
        let flights = self.flights.iter().enumerate();
        let flight = flights.min_by_key(|(_, f)| f.next).map(|(i, f)| (f.next, Next::Flight(i)));
        let tick = self.next_tick.map(|at| (at, Next::Tick));
        let batch = batch.map(|at| (at.max(now), Next::Batch));
        [sending, flight, tick, batch].into_iter().flatten().min_by_key(|(at, _)| *at)
    }

    fn send(&mut self) {
        let Some(sending) = self.sendings.pop_front() else { return };
        self.queue.send(&sending.body, sending.at);
        let event: Value = serde_json::from_str(&sending.body).expect("an event is JSON");
        let mut alarm = described(&event, sending.at);
        alarm.tags = None;
        self.aws.set_described(alarm);
    }

    fn tick(&mut self, at: Timestamp) {
        self.next_tick = Some(at + MINUTE);
        let event = json!({
            "schedule": "tick",
            "scheduled_time": at.to_string(),
            "execution_id": format!("tick-{at}"),
        });
        self.invoke(Vec::new(), event);
    }

    fn batch(&mut self, at: Timestamp) {
        let batch = self.queue.take(at);
        if !batch.is_empty() {
            let event = self.queue.event(&batch);
            self.invoke(batch, event);
        }
    }

    fn invoke(&mut self, batch: Vec<u64>, event: Value) {
        let now = self.aws.now();
        let world = self.aws.new_run();
        let is_cold = self.idle.is_empty();
        let router = self.idle.pop().unwrap_or_else(|| {
            Arc::new(Router::new(home(), self.policy).expect("the policy of the play"))
        });
        let (mine, its) = (Arc::clone(&router), world.clone());
        let running: Running = Box::pin(async move { mine.serve(&its, &event).await });
        let start = if is_cold { self.dice.number(200, 400) } else { self.dice.number(2, 8) };
        self.flights.push(Flight {
            running,
            world,
            router,
            batch,
            began: now,
            deadline: now + TIMEOUT,
            next: now + millis(start),
        });
    }

    /// One call of an invocation.
    fn go_on(&mut self, index: usize) {
        let trouble = self.trouble();
        let Some(flight) = self.flights.get_mut(index) else { return };
        let now = self.aws.now();
        if flight.deadline <= now {
            return self.end(index, None);
        }
        flight.world.set_time_left(flight.deadline.duration_since(now));
        if let Some(fault) = trouble.clone() {
            self.aws.inject(At::any().nth(1), fault);
        }
        let mut context = Context::from_waker(Waker::noop());
        let polled = flight.running.as_mut().poll(&mut context);
        if trouble.is_some() {
            self.aws.heal();
        }
        let call = self.aws.log().pop().map(|logged| logged.call);
        self.aws.clear_log();
        self.calls.extend(call);
        if flight.world.has_crashed() {
            return self.end(index, None);
        }
        match polled {
            Poll::Ready(outcome) => self.end(index, Some(outcome)),
            Poll::Pending => {
                let (least, most) = takes(call);
                flight.next = now + millis(self.dice.number(least, most));
            }
        }
    }

    fn trouble(&mut self) -> Option<Fault> {
        let Trouble { throttled, lost, died } = self.trouble;
        if throttled + lost + died == 0 {
            return None;
        }
        let thrown = self.dice.below(1_000);
        let [lost, died] = [throttled + lost, throttled + lost + died];
        match thrown {
            t if t < throttled => Some(Fault::Throttled),
            t if t < lost => Some(Fault::LostAnswer),
            t if t < died && t % 2 == 0 => Some(Fault::CrashBefore),
            t if t < died => Some(Fault::CrashAfter),
            _ => None,
        }
    }

    /// An invocation is over: Lambda deletes what was handled. After a failure of the whole
    /// invocation every message comes again.
    fn end(&mut self, index: usize, outcome: Option<Outcome>) {
        let Flight { world, router, batch, began, .. } = self.flights.remove(index);
        if let Some(outcome) = &outcome {
            self.idle.push(router);
            if outcome.error.is_none() {
                self.queue.finish(&batch, &outcome.answer);
            }
        }
        self.ended.push(Ended {
            run: world.run_number(),
            began,
            ended: self.aws.now(),
            records: batch.len(),
            outcome,
        });
    }
}

/// How long a call takes, in milliseconds. Those of one list go out side by side.
fn takes(call: Option<Call>) -> (u32, u32) {
    match call {
        Some(Call::OpenGroup | Call::KeepMember | Call::ForgetMember) => (0, 2),
        Some(Call::ReadGroup | Call::Firing) => (20, 80),
        Some(Call::Send | Call::Chat) => (15, 60),
        _ => (3, 15),
    }
}

fn millis(count: u32) -> SignedDuration {
    SignedDuration::from_millis(count.into())
}
