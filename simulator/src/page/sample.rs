//! Rehearsals for tests: true runs of the plant over generated traces.

use crate::generate::{Shape, generate};
use crate::plant::{
    GATE, Glance, Learned, Policy, Spec, Static, TargetTracking, oracle_hours, run,
};
use crate::replay::{Bill, BillLine, PolicyRun, Rehearsal, RuleTold, Told, Wrought};
use crate::trace::Trace;
use tidegate_domain::group::Mode;
use tidegate_domain::sizing::Dial;

/// Watches a policy: what it saw and what it asked for.
struct Watched<'a> {
    policy: &'a mut dyn Policy,
    seen: Vec<(u32, u32, u32)>,
}

impl Policy for Watched<'_> {
    fn desired(&mut self, glance: &Glance) -> u32 {
        let wanted = self.policy.desired(glance);
        self.seen.push((glance.in_service, glance.desired, wanted));
        wanted
    }
}

/// One policy's run; decisions are its changes of the desired capacity.
pub fn watched(
    name: &str,
    trace: &Trace,
    spec: &Spec,
    from: usize,
    policy: &mut dyn Policy,
) -> PolicyRun {
    let mut watched = Watched { policy, seen: Vec::new() };
    let outcome = run(trace, spec, from, &mut watched);
    let seen = watched.seen;
    let served = seen.iter().skip(1).chain(seen.last());
    let minutes = served.zip(&trace.loads).map(|((in_service, desired, _), load)| Wrought {
        serving: *in_service as f32,
        billed: *in_service.max(desired) as f32,
        unserved: (load - f64::from(*in_service) * spec.capacity).max(0.0) as f32,
    });
    let changes = seen.iter().enumerate().filter(|(_, (_, from, to))| from != to);
    let decisions = changes.map(|(minute, (_, from, to))| {
        let (code, text) = if to > from {
            ("sizing_floor", format!("load {:.0} a minute needs {to} with its headroom; there are {from}", trace.loads[minute]))
        } else {
            ("size_step", format!("{to} serve what is expected; a step down from {from}, and ten minutes to see what it does"))
        };
        Told { second: minute as u64 * 60 + 10, from: *from, to: *to, code: code.into(), text }
    });
    PolicyRun {
        name: name.to_owned(),
        mode: None,
        outcome,
        decisions: decisions.collect(),
        minutes: minutes.collect(),
        rules: Vec::new(),
        bill: None,
    }
}

/// Tidegate's advice, target tracking and a fixed fleet over a generated trace.
pub fn of(shape: Shape, days: u32, learning_days: usize) -> Rehearsal {
    of_trace(&shape.to_string(), &generate(shape, days, 1), learning_days * 1440)
}

/// The same over any trace.
pub fn of_trace(name: &str, trace: &Trace, from: usize) -> Rehearsal {
    let fleet = Spec::reference(trace);
    let mut learned = Noting {
        learned: Learned::new(&fleet, trace.first, Dial::default(), GATE).unwrap(),
        rules: Vec::new(),
    };
    let mut ours = watched("Tidegate, sizing on", trace, &fleet, from, &mut learned);
    ours.mode = Some(Mode::Owner);
    ours.rules = learned.rules;
    ours.bill = Some(bill());
    let tracking =
        watched("target tracking 50 %", trace, &fleet, from, &mut TargetTracking::new(50.0));
    let peak = fleet.need(trace.peak());
    let fixed =
        watched(&format!("static, {peak} instances"), trace, &fleet, from, &mut Static(peak));
    Rehearsal {
        trace: name.to_owned(),
        first: trace.first,
        loads: trace.loads.clone(),
        scored_from: from,
        oracle_hours: oracle_hours(trace, &fleet, from),
        price: 0.0416,
        time_zone: "Asia/Seoul".to_owned(),
        runs: vec![ours, tracking, fixed],
        fleet,
    }
}

/// Two days, two policies.
pub fn of_two_days() -> Rehearsal {
    let mut rehearsal = of(Shape::Crowds, 2, 0);
    rehearsal.runs.truncate(2);
    rehearsal
}

struct Noting {
    learned: Learned,
    rules: Vec<RuleTold>,
}

impl Policy for Noting {
    fn desired(&mut self, glance: &Glance) -> u32 {
        let wanted = self.learned.desired(glance);
        if glance.minute.is_multiple_of(15) {
            let terms = self.learned.terms();
            let text = self.learned.sizing.advise(glance.desired, false, &terms).to_string();
            let phrase = |text: &str| text.split(':').next().map(str::to_owned);
            if self.rules.last().is_none_or(|last| phrase(&last.text) != phrase(&text)) {
                self.rules.push(RuleTold { minute: glance.minute, text });
            }
        }
        wanted
    }
}

fn bill() -> Bill {
    let line = |what: &str, monthly, usd| BillLine { what: what.to_owned(), monthly, usd };
    Bill {
        lines: vec![
            line("CloudWatch GetMetricData, metrics", 87_600.0, 0.876),
            line("Lambda, GB-seconds", 10_512.0, 0.14),
            line("DynamoDB writes", 46_000.0, 0.029),
            line("EventBridge Scheduler, invocations", 43_800.0, 0.0438),
        ],
    }
}
