//! Scores target tracking and learned headroom on traces: `headroom [--lag MINS] [FILE:DAY...]`,
//! scored from the day on. Without a file: on generated ones, four weeks, scored from the second.
//! `--lag` is how many minutes lie between the start of a minute and the start of the one whose
//! tick sees it (2 unless given).

use simulator::decide::{Fleet, Minute, Start};
use simulator::generate::{Shape, generate};
use simulator::plant::{GATE, Glance, Learned, NO_GATE, Policy, Spec, TargetTracking};
use simulator::plant::{VISIBLE_AFTER_MINS, oracle_hours, run};
use simulator::trace::Trace;
use std::error::Error;
use tidegate_domain::sizing::Dial;

fn main() -> Result<(), Box<dyn Error>> {
    println!("{:<46} hours/oracle  unserved %      J  worst run  launches", "");
    let mut files: Vec<String> = std::env::args().skip(1).collect();
    let mut lag = VISIBLE_AFTER_MINS;
    if files.first().is_some_and(|word| word == "--lag") {
        lag = files.get(1).ok_or("--lag MINS")?.parse()?;
        files.drain(..2);
    }
    for argument in &files {
        let (file, day) = argument.split_once(':').ok_or("FILE:DAY")?;
        let trace = Trace::read(&std::fs::read(file)?)?;
        let name = file.rsplit('/').next().and_then(|n| n.split('.').next());
        score(name.unwrap_or(file), lag, &trace, day.parse::<usize>()? * 1440)?;
    }
    for shape in Shape::ALL.into_iter().filter(|_| files.is_empty()) {
        score(&shape.to_string(), lag, &generate(shape, 28, 1), 7 * 1440)?;
    }
    Ok(())
}

fn score(name: &str, lag: usize, trace: &Trace, from: usize) -> Result<(), Box<dyn Error>> {
    let spec = Spec { visible_after_mins: lag, ..Spec::reference(trace) };
    let oracle = oracle_hours(trace, &spec, from);
    let show = |what: &str, policy: &mut dyn Policy| {
        let o = run(trace, &spec, from, policy);
        let (hours, unserved, j) = (o.hours / oracle, o.unserved_percent(), o.judged(oracle));
        println!(
            "{name:<14} {what:<31} {hours:12.3} {unserved:11.3} {j:6.3} {:10} {:9}",
            o.worst_run, o.launches
        );
    };
    let mut engine = Engine::new(&spec)?;
    show("decide", &mut engine);
    show("target tracking 50 %", &mut TargetTracking::new(50.0));
    for dial in Dial::ALL {
        for (gate, rails) in [("the gate", GATE), ("no gate", NO_GATE)] {
            let mut learned = Learned::new(&spec, trace.first, dial, rails)?;
            show(&format!("learned, {dial}, {gate}"), &mut learned);
            if rails == GATE {
                let terms = learned.terms();
                println!("{:<14} {}", "", learned.sizing.advise(spec.max, false, &terms));
            }
        }
    }
    Ok(())
}

/// The engine of `tidegate decide`, asked without a pipe.
struct Engine(Fleet);

impl Engine {
    fn new(spec: &Spec) -> Result<Self, Box<dyn Error>> {
        let boot_secs = u32::try_from(spec.boot_secs)?;
        let start = Start { capacity: spec.capacity, boot_secs, min: spec.min, max: spec.max };
        Ok(Self(Fleet::new(&start, Dial::Thrifty)?))
    }
}

impl Policy for Engine {
    fn desired(&mut self, glance: &Glance) -> u32 {
        let minute = |minute: usize| i64::try_from(minute).unwrap_or(i64::MAX);
        let seen = Minute {
            minute: minute(glance.minute),
            data_minute: glance.data_minute.map(minute),
            requests: glance.load,
            in_service: Some(glance.in_service),
            desired: Some(glance.desired),
        };
        self.0.minute(&seen).unwrap_or_else(|why| {
            println!("minute {}: {why}", glance.minute);
            glance.desired
        })
    }
}
