//! How long a year of minutes takes to be read: `cargo run --release -p simulator --example reading`.

use simulator::generate::{Shape, generate, rounded};
use simulator::trace::Trace;
use std::error::Error;
use std::io::Write;
use std::time::Instant;

fn main() -> Result<(), Box<dyn Error>> {
    let year = rounded(generate(Shape::Chat, 365, 1));
    let csv = year.to_csv();
    let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
    gzip.write_all(csv.as_bytes())?;
    let seconds = |at: usize| 60 * (year.first + at as i64);
    let list = |texts: Vec<String>| texts.join(",");
    let times = list((0..year.loads.len()).map(|at| seconds(at).to_string()).collect());
    let values = list(year.loads.iter().map(ToString::to_string).collect());
    let json = format!(
        "{{\"MetricDataResults\":[{{\"Id\":\"m\",\"Label\":\"m\",\"Timestamps\":[{times}],\
         \"Values\":[{values}],\"StatusCode\":\"Complete\"}}]}}"
    );
    for (name, bytes) in [
        ("CSV", csv.clone().into_bytes()),
        ("CSV with offsets", csv.replace('Z', "+00:00").into_bytes()),
        ("CSV, gzip", gzip.finish()?),
        ("CloudWatch's JSON", json.into_bytes()),
    ] {
        let mut took: Vec<f64> = Vec::new();
        for _ in 0..9 {
            let start = Instant::now();
            let trace = Trace::read(&bytes)?;
            took.push(start.elapsed().as_secs_f64() * 1e3);
            assert_eq!(trace, year, "{name}");
        }
        took.sort_by(f64::total_cmp);
        let median = took.get(took.len() / 2).copied().unwrap_or(0.0);
        println!("{name:<18} {:9} bytes {median:7.1} ms", bytes.len());
    }
    Ok(())
}
