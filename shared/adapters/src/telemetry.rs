//! What a function tells its operators: JSON lines on stdout, and for each decision one
//! record ([`tidegate_wire::record`] has its keys and metrics).

use crate::log;
use tidegate_domain::ledger::LedgerEntry;
use tidegate_wire::record::record;

pub use crate::log::{Level, init, line};

/// Writes the record of one decision to stdout.
pub fn report(entry: &LedgerEntry) {
    log::write(&record(entry));
}
