//! What must hold whatever happens: random histories, crash points, models.
//!
//! Everything here is long by nature, so it is a crate of its own that is built optimized also
//! in the dev profile. How long each proof runs is told by [`length`].

pub mod crashes;
pub mod model;

pub use tidegate_histories::length;
