//! What the gate's rails cost: `rails [--svg FILE] [FILE:DAY...]`.
//!
//! Learned headroom (K 100) under every step and every time between two lowerings, over the files,
//! each scored from the day on; without files over generated loads, three weeks each, scored from
//! the second. The figures are means over the loads. `--svg` draws them.

use simulator::generate::{Shape, generate};
use simulator::plant::{Learned, Spec, oracle_hours, run};
use simulator::trace::Trace;
use std::error::Error;
use std::fmt::Write;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use tidegate_domain::sizing::{Dial, Rails};

/// Percent of the capacity that one lowering takes at most.
const STEPS: [u32; 5] = [5, 10, 20, 50, 100];
/// Minutes between two lowerings.
const BAKES: [u8; 6] = [1, 3, 6, 11, 21, 31];
/// Seeds of each generated shape.
const SEEDS: u64 = 2;

struct Load {
    trace: Trace,
    from: usize,
    spec: Spec,
    oracle: f64,
}

impl Load {
    fn new(trace: Trace, day: usize) -> Self {
        let (spec, from) = (Spec::reference(&trace), day * 1440);
        let oracle = oracle_hours(&trace, &spec, from);
        Self { trace, from, spec, oracle }
    }
}

/// Means over the loads.
#[derive(Clone, Copy, Default)]
struct Cell {
    hours: f64,
    unserved: f64,
    judged: f64,
}

fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments: Vec<String> = std::env::args().skip(1).collect();
    let mut svg = None;
    if arguments.first().is_some_and(|word| word == "--svg") {
        svg = Some(arguments.get(1).cloned().ok_or("--svg FILE")?);
        arguments.drain(..2);
    }
    let loads = loads(&arguments)?;
    let cells = cells(&loads);
    println!("{}", table(&cells));
    if let Some(file) = svg {
        std::fs::write(file, drawing(&cells, loads.len()))?;
    }
    Ok(())
}

fn loads(files: &[String]) -> Result<Vec<Load>, Box<dyn Error>> {
    let mut loads = Vec::new();
    for argument in files {
        let (file, day) = argument.split_once(':').ok_or("FILE:DAY")?;
        loads.push(Load::new(Trace::read(&std::fs::read(file)?)?, day.parse()?));
    }
    let shapes = Shape::ALL.into_iter().filter(|shape| files.is_empty() && *shape != Shape::Flat);
    for shape in shapes {
        loads.extend((1..=SEEDS).map(|seed| Load::new(generate(shape, 21, seed), 7)));
    }
    Ok(loads)
}

/// Every step, in them every bake; on as many threads as there are cores.
fn cells(loads: &[Load]) -> Vec<Cell> {
    let rails: Vec<Rails> = STEPS
        .iter()
        .flat_map(|step| BAKES.map(|bake| Rails { step_percent: *step, bake_mins: bake }))
        .collect();
    let cells = Mutex::new(vec![Cell::default(); rails.len()]);
    let next = AtomicUsize::new(0);
    std::thread::scope(|scope| {
        for _ in 0..std::thread::available_parallelism().map_or(1, usize::from) {
            scope.spawn(|| {
                while let Some((place, rails)) = take(&next, &rails) {
                    let cell = cell(loads, rails);
                    let mut cells = cells.lock().unwrap_or_else(|broken| broken.into_inner());
                    cells.iter_mut().skip(place).take(1).for_each(|slot| *slot = cell);
                }
            });
        }
    });
    cells.into_inner().unwrap_or_default()
}

fn take(next: &AtomicUsize, rails: &[Rails]) -> Option<(usize, Rails)> {
    let place = next.fetch_add(1, Ordering::Relaxed);
    Some((place, *rails.get(place)?))
}

fn cell(loads: &[Load], rails: Rails) -> Cell {
    let mut cell = Cell::default();
    for Load { trace, from, spec, oracle } in loads {
        let learned = Learned::new(spec, trace.first, Dial::Thrifty, rails);
        let Ok(mut learned) = learned else { continue };
        let outcome = run(trace, spec, *from, &mut learned);
        cell.hours += outcome.hours / oracle / loads.len() as f64;
        cell.unserved += outcome.unserved_percent() / loads.len() as f64;
        cell.judged += outcome.judged(*oracle) / loads.len() as f64;
    }
    cell
}

/// Rows are steps, columns the minutes between lowerings.
fn table(cells: &[Cell]) -> String {
    let mut text = String::from("| at most, of the capacity |");
    BAKES.iter().for_each(|bake| _ = write!(text, " {bake} min |"));
    text.push_str("\n|---|");
    BAKES.iter().for_each(|_| text.push_str("---|"));
    for (step, row) in STEPS.iter().zip(cells.chunks(BAKES.len())) {
        let _ = write!(text, "\n| {step} % |");
        for Cell { hours, unserved, judged } in row {
            let _ = write!(text, " {hours:.3}; {unserved:.3}; {judged:.3} |");
        }
    }
    text
}

/// Where a panel lies, and what it shows.
struct Panel {
    left: f64,
    title: &'static str,
    of: Of,
    lowest: f64,
    highest: f64,
}

/// What a panel shows of a cell.
type Of = fn(&Cell) -> f64;

const PANELS: [(f64, &str, Of); 2] = [
    (60.0, "instance-hours, against a clairvoyant's", |cell| cell.hours),
    (450.0, "unserved requests, percent", |cell| cell.unserved),
];
const COLOURS: [&str; 5] = ["#8c510a", "#d8811e", "#1b7837", "#2166ac", "#762a83"];
const TOP: f64 = 96.0;
const WIDE: f64 = 290.0;
const HIGH: f64 = 210.0;

fn drawing(cells: &[Cell], loads: usize) -> String {
    let mut svg = String::from(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 780 380\" role=\"img\" \
         font-family=\"system-ui, sans-serif\" font-size=\"12\" fill=\"#222\">\n\
         <title>What the gate's rails cost</title>\n\
         <rect width=\"780\" height=\"380\" fill=\"#fff\"/>\n\
         <text x=\"20\" y=\"24\" font-size=\"15\" font-weight=\"600\">What the gate's rails cost\
         </text>\n",
    );
    let about = format!(
        "learned headroom, K 100, mean of {loads} loads; the default is 20 % and 11 minutes"
    );
    let _ = writeln!(svg, "<text x=\"20\" y=\"42\" fill=\"#555\">{about}</text>");
    legend(&mut svg);
    for (left, title, of) in PANELS {
        let values = || cells.iter().map(of);
        let (lowest, highest) = (values().fold(f64::MAX, f64::min), values().fold(0.0, f64::max));
        Panel { left, title, of, lowest, highest }.draw(&mut svg, cells);
    }
    svg.push_str("</svg>\n");
    svg
}

fn legend(svg: &mut String) {
    let _ = writeln!(svg, "<text x=\"20\" y=\"66\">a lowering takes at most</text>");
    for (n, (step, colour)) in STEPS.iter().zip(COLOURS).enumerate() {
        let x = 180.0 + 90.0 * n as f64;
        let _ = writeln!(
            svg,
            "<path d=\"M{x} 62h22\" stroke=\"{colour}\" stroke-width=\"2.5\"/>\
             <text x=\"{}\" y=\"66\">{step} %</text>",
            x + 28.0
        );
    }
}

impl Panel {
    fn draw(&self, svg: &mut String, cells: &[Cell]) {
        let Self { left, title, .. } = self;
        let _ = writeln!(
            svg,
            "<text x=\"{left}\" y=\"{}\" font-weight=\"600\">{title}</text>",
            TOP - 8.0
        );
        self.grid(svg);
        for (colour, row) in COLOURS.iter().zip(cells.chunks(BAKES.len())) {
            let mut path = String::new();
            for (n, cell) in row.iter().enumerate() {
                let letter = if n == 0 { 'M' } else { 'L' };
                let _ = write!(path, "{letter}{:.1} {:.1}", self.x(n), self.y((self.of)(cell)));
            }
            let _ = writeln!(
                svg,
                "<path d=\"{path}\" fill=\"none\" stroke=\"{colour}\" stroke-width=\"2.5\"/>"
            );
        }
    }

    fn grid(&self, svg: &mut String) {
        for part in 0..=4 {
            let value = self.lowest + (self.highest - self.lowest) * f64::from(part) / 4.0;
            let (y, right) = (self.y(value), self.left + WIDE);
            let _ = writeln!(
                svg,
                "<path d=\"M{} {y:.1}H{right}\" stroke=\"#ddd\"/>\
                 <text x=\"{}\" y=\"{:.1}\" text-anchor=\"end\">{value:.3}</text>",
                self.left,
                self.left - 6.0,
                y + 4.0
            );
        }
        for (n, bake) in BAKES.iter().enumerate() {
            let (x, y) = (self.x(n), TOP + HIGH + 18.0);
            let _ =
                writeln!(svg, "<text x=\"{x:.1}\" y=\"{y}\" text-anchor=\"middle\">{bake}</text>");
        }
        let (x, y) = (self.left + WIDE / 2.0, TOP + HIGH + 38.0);
        let words = "minutes between two lowerings";
        let _ = writeln!(svg, "<text x=\"{x}\" y=\"{y}\" text-anchor=\"middle\">{words}</text>");
    }

    /// Bakes stand at even distances.
    fn x(&self, place: usize) -> f64 {
        self.left + 10.0 + (WIDE - 20.0) * place as f64 / (BAKES.len() - 1) as f64
    }

    fn y(&self, value: f64) -> f64 {
        TOP + HIGH - HIGH * (value - self.lowest) / (self.highest - self.lowest).max(1e-9)
    }
}
