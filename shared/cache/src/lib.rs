//! The region's cache of sessions and boards, in Redis 7 or newer or in Valkey: the only crate that
//! talks to them.
//!
//! What must stay true: every write is a script that puts what is newer and nothing else, so that
//! any call may come twice, late, or beside another; the keys of a script are in one slot; a call
//! ends within its budget of time, whatever the server does; no error says anything of a key, a
//! field, a value or a login.

mod cache;
mod code;
mod commands;
mod link;
mod login;
mod scripts;
mod url;

pub use cache::{CHUNK, RedisCache};
pub use code::{session_key, shard_keys};
pub use link::{LOGIN_REFUSED, Limits};
pub use login::Login;
pub use url::CacheUrl;

#[cfg(test)]
mod tests;
