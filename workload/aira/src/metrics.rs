//! What `/metrics` says, in Prometheus's text format. The names are those of
//! infra/monitoring/workload-metrics.txt, which rules and dashboards are held against; a test holds
//! them against what is served.
//! <https://prometheus.io/docs/instrumenting/exposition_formats/>

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

/// Seconds until the first token; the rules ask for 1.5 and 4.
const FIRST_TOKEN: &[f64] = &[0.1, 0.2, 0.3, 0.4, 0.5, 0.75, 1.0, 1.5, 2.0, 3.0, 4.0, 8.0, 16.0];
/// Seconds until an answer is complete; the rules ask for 30 and 60.
const ANSWER: &[f64] = &[0.5, 1.0, 2.0, 3.0, 4.0, 6.0, 8.0, 12.0, 20.0, 30.0, 45.0, 60.0, 90.0];
/// Seconds of a call of the store; the rules ask for 0.1 and 0.5.
const STORE: &[f64] = &[0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0, 2.0];

/// Why a request was refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Refused {
    /// As many answers run as may.
    Full,
    /// This instance takes no new ones any more.
    Draining,
    /// The model's own endpoint refuses.
    Upstream,
}

/// What was asked of the store.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Operation {
    /// A session was looked for.
    Read,
    /// One was begun, changed, ended.
    Write,
}

/// The gauges, which are read where they live.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Gauges {
    /// Answers that run.
    pub in_flight: usize,
    /// Answers that may run.
    pub limit: usize,
    /// Whether this instance is on its way out.
    pub is_draining: bool,
}

/// Everything that is counted.
pub struct Metrics {
    requests: Mutex<BTreeMap<(String, u16), u64>>,
    refused: [AtomicU64; 3],
    /// From the request to the first token.
    pub first_token: Histogram,
    /// From the request to the last one, of answers that were completed.
    pub answer: Histogram,
    /// Tokens that were sent.
    pub tokens: AtomicU64,
    store: [Histogram; 2],
    store_errors: [AtomicU64; 2],
    /// Sessions that were begun.
    pub started: AtomicU64,
    /// Sessions that were ended by their user.
    pub ended: AtomicU64,
}

impl Default for Metrics {
    fn default() -> Self {
        Self {
            requests: Mutex::default(),
            refused: Default::default(),
            first_token: Histogram::new(FIRST_TOKEN),
            answer: Histogram::new(ANSWER),
            tokens: AtomicU64::new(0),
            store: [Histogram::new(STORE), Histogram::new(STORE)],
            store_errors: Default::default(),
            started: AtomicU64::new(0),
            ended: AtomicU64::new(0),
        }
    }
}

impl Metrics {
    /// A request was answered with this status; `route` is one of ours, never the path.
    pub fn request(&self, route: &str, code: u16) {
        let mut requests = self.requests.lock().unwrap_or_else(PoisonError::into_inner);
        *requests.entry((route.to_owned(), code)).or_default() += 1;
    }

    /// A request was refused.
    pub fn refused(&self, reason: Refused) {
        let [full, draining, upstream] = &self.refused;
        let counter = match reason {
            Refused::Full => full,
            Refused::Draining => draining,
            Refused::Upstream => upstream,
        };
        counter.fetch_add(1, Relaxed);
    }

    /// A call of the store ended.
    pub fn store(&self, operation: Operation, time: Duration, is_fault: bool) {
        let ([read, write], [bad_read, bad_write]) = (&self.store, &self.store_errors);
        let (histogram, errors) = match operation {
            Operation::Read => (read, bad_read),
            Operation::Write => (write, bad_write),
        };
        histogram.observe(time);
        errors.fetch_add(u64::from(is_fault), Relaxed);
    }

    /// The whole page.
    pub fn page(&self, gauges: Gauges) -> String {
        let mut page = Page::default();
        page.begin("aira_requests_total", "counter");
        for ((route, code), n) in &*self.requests.lock().unwrap_or_else(PoisonError::into_inner) {
            page.line("aira_requests_total", &format!("route=\"{route}\",code=\"{code}\""), *n);
        }
        let reasons = ["full", "draining", "upstream"];
        page.counters("aira_refused_total", "reason", &reasons, &self.refused);
        page.single("aira_answers_in_flight", "gauge", gauges.in_flight as u64);
        page.single("aira_admission_limit", "gauge", gauges.limit as u64);
        page.begin("aira_first_token_seconds", "histogram");
        self.first_token.write(&mut page, "aira_first_token_seconds", "");
        page.begin("aira_answer_seconds", "histogram");
        self.answer.write(&mut page, "aira_answer_seconds", "");
        page.single("aira_tokens_total", "counter", self.tokens.load(Relaxed));
        let operations = ["read", "write"];
        page.begin("aira_store_seconds", "histogram");
        for (operation, histogram) in operations.iter().zip(&self.store) {
            let label = format!("operation=\"{operation}\"");
            histogram.write(&mut page, "aira_store_seconds", &label);
        }
        page.counters("aira_store_errors_total", "operation", &operations, &self.store_errors);
        page.single("aira_draining", "gauge", u64::from(gauges.is_draining));
        page.single("aira_sessions_started_total", "counter", self.started.load(Relaxed));
        page.single("aira_sessions_ended_total", "counter", self.ended.load(Relaxed));
        let used = crate::process::used();
        page.single("process_resident_memory_bytes", "gauge", used.resident_bytes);
        page.single("process_cpu_seconds_total", "counter", used.cpu_seconds);
        page.0
    }
}

/// Durations by their size. Prometheus's buckets are cumulative; here each counts for itself.
pub struct Histogram {
    bounds: &'static [f64],
    counts: Vec<AtomicU64>,
    micros: AtomicU64,
}

impl Histogram {
    fn new(bounds: &'static [f64]) -> Self {
        let counts = (0..=bounds.len()).map(|_| AtomicU64::new(0)).collect();
        Self { bounds, counts, micros: AtomicU64::new(0) }
    }

    /// Counts one.
    pub fn observe(&self, time: Duration) {
        let seconds = time.as_secs_f64();
        let bucket = self.bounds.partition_point(|bound| *bound < seconds);
        if let Some(count) = self.counts.get(bucket) {
            count.fetch_add(1, Relaxed);
        }
        self.micros.fetch_add(u64::try_from(time.as_micros()).unwrap_or(u64::MAX), Relaxed);
    }

    fn write(&self, page: &mut Page, name: &str, label: &str) {
        let comma = if label.is_empty() { "" } else { "," };
        let mut sum = 0;
        let bounds = self.bounds.iter().map(f64::to_string).chain(["+Inf".to_owned()]);
        for (bound, count) in bounds.zip(&self.counts) {
            sum += count.load(Relaxed);
            page.line(&format!("{name}_bucket"), &format!("{label}{comma}le=\"{bound}\""), sum);
        }
        let seconds = Duration::from_micros(self.micros.load(Relaxed)).as_secs_f64();
        page.line(&format!("{name}_sum"), label, seconds);
        page.line(&format!("{name}_count"), label, sum);
    }
}

/// The text, line by line.
#[derive(Default)]
struct Page(String);

impl Page {
    fn begin(&mut self, name: &str, kind: &str) {
        let _ = writeln!(self.0, "# TYPE {name} {kind}");
    }

    fn line(&mut self, name: &str, labels: &str, value: impl std::fmt::Display) {
        let _ = match labels {
            "" => writeln!(self.0, "{name} {value}"),
            labels => writeln!(self.0, "{name}{{{labels}}} {value}"),
        };
    }

    fn single(&mut self, name: &str, kind: &str, value: impl std::fmt::Display) {
        self.begin(name, kind);
        self.line(name, "", value);
    }

    fn counters(&mut self, name: &str, label: &str, values: &[&str], counters: &[AtomicU64]) {
        self.begin(name, "counter");
        for (value, counter) in values.iter().zip(counters) {
            self.line(name, &format!("{label}=\"{value}\""), counter.load(Relaxed));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn buckets_are_cumulative_and_a_bound_belongs_to_its_bucket() {
        let histogram = Histogram::new(&[0.1, 0.5]);
        for ms in [50, 100, 101, 500, 501] {
            histogram.observe(Duration::from_millis(ms));
        }
        let mut page = Page::default();
        histogram.write(&mut page, "h", "a=\"b\"");
        let expected = "h_bucket{a=\"b\",le=\"0.1\"} 2\nh_bucket{a=\"b\",le=\"0.5\"} 4\n\
             h_bucket{a=\"b\",le=\"+Inf\"} 5\nh_sum{a=\"b\"} 1.252\nh_count{a=\"b\"} 5\n";
        assert_eq!(page.0, expected);
    }
}
