//! The port to wherever sessions are kept, in our words: [`crate::memory::Memory`] and, with the
//! feature `aws`, [`crate::table::Table`]. One contract holds for both.

use std::collections::BTreeMap;
use std::pin::Pin;
use std::time::Duration;

/// A session's fields.
pub type Fields = BTreeMap<String, String>;

/// The store's answer, once it is there.
pub type Answer<'a, T> = Pin<Box<dyn Future<Output = Result<T, StoreFault>> + Send + 'a>>;

/// Why the store did not do what was asked. No text repeats a token or a value.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum StoreFault {
    /// There is no such session: it never was, ran out, or was ended.
    #[error("there is no such session")]
    Gone,
    /// The store did not answer, or not in time. A write may have happened.
    #[error("the session store: {0}")]
    Unavailable(String),
}

/// Sessions by their token.
pub trait Store: Send + Sync {
    /// Begins a session that lives so long at most. A token is used once.
    fn create<'a>(&'a self, token: &'a str, fields: Fields, life: Duration) -> Answer<'a, ()>;
    /// The fields of a session that lives.
    fn get<'a>(&'a self, token: &'a str) -> Answer<'a, Option<Fields>>;
    /// Sets and removes fields, and lets the session live on; all fields afterwards.
    fn update<'a>(&'a self, token: &'a str, set: Fields, remove: Vec<String>)
    -> Answer<'a, Fields>;
    /// Lets the session live on.
    fn touch<'a>(&'a self, token: &'a str) -> Answer<'a, ()>;
    /// Logout, for good; also of a session that is gone.
    fn end<'a>(&'a self, token: &'a str) -> Answer<'a, ()>;
}
