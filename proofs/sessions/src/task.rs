//! Something that is going on: a request of an application, or an invocation of the function. It
//! is polled by hand, so that anything can happen between two of its calls.

use crate::site::Site;
use jiff::{SignedDuration, Timestamp};
use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll, Waker};
use tidegate_domain::sessions::part::SessionKey;
use tidegate_domain::sessions::score::BoardWord;
use tidegate_domain::sessions::session::Session;
use tidegate_domain::sessions::stamp::Stamp;
use tidegate_domain::sessions::store::{
    Changes, Ending, Fields, Life, Ranking, SessionStore, StoreError,
};
use tidegate_domain::sessions::sync::{SessionSync, SyncReport, TickReport};
use tidegate_fakes::sessions::Batch;

/// What was asked for.
#[derive(Clone)]
pub enum Ask {
    /// `create`
    Create(SessionKey, Fields, Life),
    /// `update`
    Update(SessionKey, Changes, SignedDuration),
    /// `touch`
    Touch(SessionKey, SignedDuration),
    /// `end`
    End(SessionKey),
    /// `get`
    Get(SessionKey),
    /// `add_score`
    Add(BoardWord, BoardWord, i64),
    /// `rank`
    Rank(BoardWord),
    /// The function got a batch.
    Serve(Batch),
    /// The function's minute.
    Tick,
}

/// What came of it.
pub enum Outcome {
    /// A session was written.
    Wrote(Result<Session, StoreError>),
    /// A session was ended.
    Ended(Result<Ending, StoreError>),
    /// A session was read.
    Got(Result<Option<Session>, StoreError>),
    /// A score was counted.
    Counted(Result<i64, StoreError>),
    /// A board was read.
    Ranked(Result<Ranking, StoreError>),
    /// A batch was served.
    Served(SyncReport),
    /// A minute was served.
    Ticked(TickReport),
}

/// See the module.
pub struct Task {
    /// The number of its region.
    pub region: usize,
    /// What was asked for.
    pub ask: Ask,
    /// When it began.
    pub began: Timestamp,
    /// The newest stamp that its region had been told of then.
    pub before: Option<Stamp>,
    /// Lambda has given it up.
    pub is_zombie: bool,
    asked_table: Arc<AtomicBool>,
    future: Pin<Box<dyn Future<Output = Outcome>>>,
}

/// Who does it.
#[derive(Clone)]
pub struct Hands {
    /// The application's store.
    pub store: Arc<SessionStore>,
    /// The function.
    pub sync: Arc<SessionSync>,
}

impl Task {
    /// Begins.
    pub fn new(region: usize, ask: Ask, hands: Hands, site: Site) -> Self {
        let asked_table = Arc::new(AtomicBool::new(false));
        let site = Site { asked: Arc::clone(&asked_table), ..site };
        let began = site.stage.now();
        let future = Box::pin(run(ask.clone(), hands, site));
        Self { region, ask, began, before: None, is_zombie: false, asked_table, future }
    }

    /// Goes on to its next call, or to its end.
    pub fn poll(&mut self) -> Option<Outcome> {
        let mut context = Context::from_waker(Waker::noop());
        match self.future.as_mut().poll(&mut context) {
            Poll::Ready(outcome) => Some(outcome),
            Poll::Pending => None,
        }
    }

    /// Whether it has asked the table for a session.
    pub fn asked_table(&self) -> bool {
        self.asked_table.load(Ordering::Relaxed)
    }

    /// Whether it is an invocation that Lambda still waits for.
    pub fn is_awaited_batch(&self) -> bool {
        matches!(self.ask, Ask::Serve(_)) && !self.is_zombie
    }
}

async fn run(ask: Ask, Hands { store, sync }: Hands, site: Site) -> Outcome {
    match ask {
        Ask::Create(key, fields, life) => {
            Outcome::Wrote(store.create(&site, &key, &fields, life).await)
        }
        Ask::Update(key, changes, idle) => {
            Outcome::Wrote(store.update(&site, &key, &changes, idle).await)
        }
        Ask::Touch(key, idle) => Outcome::Wrote(store.touch(&site, &key, idle).await),
        Ask::End(key) => Outcome::Ended(store.end(&site, &key).await),
        Ask::Get(key) => Outcome::Got(store.get(&site, &key).await),
        Ask::Add(board, member, delta) => {
            Outcome::Counted(store.add_score(&site, &board, &member, delta).await)
        }
        Ask::Rank(board) => Outcome::Ranked(store.rank(&site, &board, 10).await),
        Ask::Serve(batch) => {
            let records = batch.records.iter().map(|record| record.read()).collect();
            Outcome::Served(sync.serve(&site, records).await)
        }
        Ask::Tick => Outcome::Ticked(sync.tick(&site).await),
    }
}

impl Ask {
    /// Its name, and which session.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Create(..) => "create",
            Self::Update(..) => "update",
            Self::Touch(..) => "touch",
            Self::End(_) => "end",
            Self::Get(_) => "get",
            Self::Add(..) => "add",
            Self::Rank(_) => "rank",
            Self::Serve(_) => "serve",
            Self::Tick => "tick",
        }
    }
}

impl fmt::Display for Ask {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())?;
        match self {
            Self::Create(key, _, life) => {
                write!(f, " {} idle {} until {}", short(key), life.idle, life.not_after)
            }
            Self::Update(key, changes, idle) => {
                write!(f, " {} idle {idle}:", short(key))?;
                for (name, value) in changes {
                    let value = value.as_ref().map_or("removed", |value| value.expose());
                    write!(f, " {}={value}", name.as_str())?;
                }
                Ok(())
            }
            Self::Touch(key, idle) => write!(f, " {} idle {idle}", short(key)),
            Self::End(key) | Self::Get(key) => write!(f, " {}", short(key)),
            Self::Add(_, member, delta) => write!(f, " {} {delta}", member.as_str()),
            Self::Serve(batch) => write!(f, " {} records", batch.records.len()),
            Self::Rank(_) | Self::Tick => Ok(()),
        }
    }
}

fn short(key: &SessionKey) -> &str {
    key.as_str().get(62..).unwrap_or_default()
}
