//! How long sizing takes: one decision with the full grid, a year of minutes, a stored state.

use jiff::SignedDuration;
use std::error::Error;
use std::time::Instant;
use tidegate_domain::arbiter::Limits;
use tidegate_domain::sizing::{Rails, Sizing, Terms};

const YEAR: i64 = 365 * 1440;

fn main() -> Result<(), Box<dyn Error>> {
    let rails = Rails { step_percent: 20, bake_mins: 11 };
    let limits = Limits { min: 2, ceiling: 200 };
    for boot in [180, 3600] {
        let terms = Terms::new(600.0, SignedDuration::from_secs(boot), limits, rails)?;
        let mut sizing = Sizing::default();
        let (mut sum, start) = (0, Instant::now());
        for minute in 0..YEAR {
            // A day's triangle with a saw's teeth on it: no two minutes alike.
            let day = (minute % 1440 - 720).abs() as f64;
            let load = 2_000.0 + 10.0 * day + (minute * 7919 % 1009) as f64;
            sizing.charge(minute, Some(load), Some(10.0), &terms);
            sum += sizing.advise(10, false, &terms).size;
        }
        let year = start.elapsed();
        let start = Instant::now();
        for _ in 0..1_000 {
            let read = Sizing::from_bytes(&sizing.to_bytes())?;
            sum += read.charged() % 2;
        }
        let state = start.elapsed() / 1_000;
        println!(
            "boot {boot} s: a year {:.2} s, a decision {:.1} us; state {} bytes, written and read {:.0} us ({sum})",
            year.as_secs_f64(),
            year.as_secs_f64() * 1e6 / YEAR as f64,
            sizing.to_bytes().len(),
            state.as_secs_f64() * 1e6,
        );
    }
    Ok(())
}
