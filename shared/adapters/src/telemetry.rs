//! What a function tells its operators: JSON lines on stdout, and one record for each decision
//! ([`tidegate_wire::record`] has its keys and metrics) or invocation of the router
//! ([`tidegate_wire::run`]).

use crate::log;
use tidegate_domain::alarms::router::RunRecord;
use tidegate_domain::ledger::LedgerEntry;
use tidegate_wire::record::record;
use tidegate_wire::run::run;

pub use crate::log::{Level, init, line};

/// Writes the record of one decision to stdout.
pub fn report(entry: &LedgerEntry) {
    log::write(&record(entry));
}

/// Writes the record of one invocation of the router to stdout.
pub fn report_run(record: &RunRecord) {
    log::write(&run(record));
}
