//! Every command over the fakes: memory and ledger come from real runs of the cycle.
#![expect(clippy::indexing_slicing, clippy::unwrap_used, reason = "helpers of tests may panic")]

mod doctor;
mod doctor_looks;
mod explain;
mod policy;
mod scene;
mod silence;
mod status;
mod uninstall;
