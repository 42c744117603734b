//! What a function tells its operators: JSON lines on stdout, and one record for each decision
//! ([`tidegate_wire::record`] has its keys and metrics) or invocation of the router
//! ([`tidegate_wire::run`]), a few for each batch or tick of session-sync
//! ([`tidegate_wire::sessions::record`]).

use crate::log;
use tidegate_domain::alarms::router::RunRecord;
use tidegate_domain::ledger::LedgerEntry;
use tidegate_domain::sessions::stamp::RegionName;
use tidegate_domain::sessions::sync::{SyncReport, TickReport};
use tidegate_wire::record::record;
use tidegate_wire::run::run;
use tidegate_wire::sessions::record as sessions;

pub use crate::log::{Level, init, line};

/// Writes the record of one decision to stdout.
pub fn report(entry: &LedgerEntry) {
    log::write(&record(entry));
}

/// Writes the record of one invocation of the router to stdout.
pub fn report_run(record: &RunRecord) {
    log::write(&run(record));
}

/// Writes what session-sync tells of a batch to stdout.
pub fn report_batch(report: &SyncReport, region: &RegionName) {
    sessions::batch(report, region).iter().for_each(log::write);
}

/// Writes what session-sync tells of a tick to stdout.
pub fn report_tick(report: &TickReport, region: &RegionName) {
    sessions::tick(report, region).iter().for_each(log::write);
}
