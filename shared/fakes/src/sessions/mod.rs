//! Strict twins of what sessions are kept in: a Global Table of several regions with its streams,
//! each region's cache and epoch item, and the event source mapping that runs a function from a
//! stream.
//!
//! What must stay true: the same calls in the same order at the same times give the same world;
//! nothing happens that AWS, or Redis and Valkey, do not document or are not known to do.
//!
//! ```
//! use jiff::SignedDuration;
//! use tidegate_domain::sessions::{ports::PartTable, stamp::{RegionName, Stamp}};
//! use tidegate_fakes::{block_on, sessions::{GlobalTable, Stage}};
//!
//! let stage = Stage::at("2026-03-06T11:00:00Z".parse().unwrap());
//! let seoul = RegionName::new("ap-northeast-2").unwrap();
//! let tokyo = RegionName::new("ap-northeast-1").unwrap();
//! let table = GlobalTable::new(&stage, &[seoul.clone(), tokyo.clone()]);
//! table.set_delay(&seoul, &tokyo, SignedDuration::from_secs(5));
//!
//! let stamp = Stamp::next(stage.now(), None, &seoul);
//! let week = stage.now() + SignedDuration::from_hours(7 * 24);
//! block_on(table.replica(&seoul).beat(&stamp, week)).unwrap();
//! let there = table.replica(&tokyo);
//! assert_eq!(block_on(there.beats()).unwrap(), []);
//! stage.advance(SignedDuration::from_secs(5));
//! assert_eq!(block_on(there.beats()).unwrap(), [stamp]);
//! ```

mod boards;
mod cache;
mod entries;
mod epoch;
mod global;
mod item;
mod mapping;
mod replica;
mod replication;
mod stage;
mod stream;
#[cfg(test)]
mod tests;

pub use cache::CacheTwin;
pub use epoch::EpochTwin;
pub use global::GlobalTable;
pub use item::{Address, Item, Partition, Sort};
pub use mapping::{Answer, Batch, Discard, Discarded, FirstFailed, Mapping, MappingSettings};
pub use replica::Replica;
pub use stage::{SessionAt, SessionCall, Stage};
pub use stream::{Delivered, Record};
