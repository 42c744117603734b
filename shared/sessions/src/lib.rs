//! Sessions and rankings that outlive instances and regions: the store for applications, and
//! session-sync without its runtime. What they do is decided in
//! [`tidegate_domain::sessions`]; here it is joined to DynamoDB and to the region's cache.
//!
//! # For applications
//! [`SessionStore`] keeps sessions in the session table and reads them from the cache. It runs in
//! any Tokio runtime, is shared by reference, and talks to nobody before its first call.
//!
//! ```no_run
//! use std::time::{Duration, SystemTime};
//! use tidegate_sessions::{Options, SessionStore, TokenKey};
//!
//! # async fn example(secret: Vec<u8>, token: &str) -> Result<(), Box<dyn std::error::Error>> {
//! // Tables, cache and region from the environment: TIDEGATE_SESSION_TABLE, ...
//! let store = SessionStore::from_env(TokenKey::new(secret)?, Options::default())?;
//!
//! let tomorrow = SystemTime::now() + Duration::from_secs(24 * 3600);
//! store.create(token, [("user", "kim")], tomorrow).await?;
//! store.update(token, [("cart", "3 items")], ["draft"]).await?;
//! match store.get(token).await? {
//!     Some(session) => println!("{} fields", session.values.len()),
//!     None => println!("sign in, please"),
//! }
//! store.end(token).await?;
//!
//! store.add_score("week-31", "kim", 7).await?;
//! for (member, score) in store.rank("week-31", 10).await? {
//!     println!("{member}: {score}");
//! }
//! # Ok(())
//! # }
//! ```
//!
//! Outside of Lambda credentials are renewed while the program runs; any provider of the AWS SDK
//! will do, such as `aws_config::load_defaults(..).await.credentials_provider()`:
//!
//! ```no_run
//! use tidegate_sessions::{Connection, Options, RegionName, SessionSettings, SessionStore, TokenKey};
//! # use tidegate_sessions::ProvideCredentials;
//!
//! # fn example(secret: Vec<u8>, credentials: impl ProvideCredentials + 'static) -> Result<(), Box<dyn std::error::Error>> {
//! let settings = SessionSettings {
//!     connection: Connection::with_credentials("ap-northeast-2", None, credentials)?,
//!     region: RegionName::new("ap-northeast-2")?,
//!     session_table: "tidegate-sessions".to_owned(),
//!     control_table: "tidegate-control".to_owned(),
//!     cache: "rediss://cache.example.com:6379".parse()?,
//!     cache_secret: None,
//! };
//! let store = SessionStore::new(&settings, TokenKey::new(secret)?, Options::default());
//! # drop(store);
//! # Ok(())
//! # }
//! ```
//!
//! What must stay true: the token is never stored and never printed, nor is what a session holds;
//! a cache that fails makes nothing fail.

mod door;
mod store;
mod sync;
mod token;
mod world;

pub use store::{Error, Options, Session, SessionStore};
pub use sync::{Answer, SyncError, SyncLambda};
pub use tidegate_adapters::{BadSettings, Connection, ProvideCredentials, Secret, SessionSettings};
pub use tidegate_cache::CacheUrl;
pub use tidegate_domain::sessions::stamp::RegionName;
pub use tidegate_domain::sessions::store::{Ending, Limit, StoreCounts, StoreError};
pub use token::TokenKey;

/// Everything that the store and session-sync are told by their environment.
pub type Settings = SessionSettings<CacheUrl>;

/// The cache's address, for [`SessionSettings::from_env`].
///
/// # Errors
/// A sentence that does not repeat the text.
pub fn cache_url(text: &str) -> Result<CacheUrl, String> {
    text.parse()
}
