//! The session table as it is stored and as its stream tells it, without the SDK: an item is a
//! tree of attributes ([`tree`]), what stands in it is a part, a score or a beat ([`item`]), and a
//! stream's batch is read record by record ([`stream`]).
//!
//! # Items
//! Keys are `pk` and `sk`, both text; `expires_at` (epoch seconds) is the time to live. Times are
//! whole epoch seconds, stamps are texts ([`tidegate_domain::sessions::stamp`]).
//!
//! | item | `pk` | `sk` | other attributes |
//! |---|---|---|---|
//! | a session's part | `session#` 64 hexadecimal digits | the region; a part that the session was not created with: `region#hours since 1970` | `fields`: map of name to `{v, t}` (no `v`: removed), `ended` stamp or absent, `not_after`, `live_until`, `expires_at`, `written`, `writer`, `v` = 1 |
//! | a score | `score#board#shard` | `member#region` | `n`, `written`, `writer`, `v` = 1 |
//! | a beat | `beat` | the region | `written`, `expires_at` |
//!
//! In the control table, which is not global, stands the epoch of the region's cache: `pk` =
//! `session-epoch`, `sk` = `e`, `number`, `doubt_until_ms` (absent: never in doubt), `writer`.
//!
//! What must stay true: what was encoded is decoded to the same; an item that cannot be read is an
//! error with a sentence, never a default; no sentence holds a value, a key or a token; attributes
//! that are not known are passed over, a schema that is not known is not.

pub mod item;
pub mod record;
pub mod stream;
pub mod tree;
