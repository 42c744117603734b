//! AWS as the domain sees it: every port on one cheap handle.

use crate::call::Operation;
use crate::clients::Clients;
use crate::clock;
use crate::config::{Connection, MoreTopics, RouterSettings, Settings, Topics};
use jiff::Timestamp;
use std::sync::Arc;
use std::time::{Duration, Instant};
use tidegate_domain::ports::PortResult;

/// What `cargo lambda watch` sends as every deadline: ten minutes after the epoch, so no
/// time at all. Lambda never sends it.
const NO_DEADLINE_MS: u64 = 600_000;

/// Every port over AWS. Cloning is cheap: the clients are shared.
#[derive(Debug, Clone)]
pub struct Aws {
    pub(crate) clients: Arc<Clients>,
    pub(crate) names: Arc<Names>,
    pub(crate) deadline: Option<Instant>,
    /// The story's time; always none in a build without the feature `story`.
    pub(crate) now: Option<Timestamp>,
}

/// What the clients are pointed at.
#[derive(Debug)]
pub(crate) struct Names {
    pub(crate) control_table: String,
    pub(crate) topics: Option<Topics>,
    pub(crate) more_topics: MoreTopics,
}

impl Aws {
    /// Builds the clients; talks to nobody.
    pub fn new(settings: &Settings) -> Self {
        let topics = Some(settings.topics.clone());
        Self::connect(&settings.connection, &settings.control_table, topics)
    }

    /// Builds the clients for a command that knows less than a function. Without
    /// `topics` notices are refused.
    pub fn connect(connection: &Connection, control_table: &str, topics: Option<Topics>) -> Self {
        let names = Names {
            control_table: control_table.to_owned(),
            topics,
            more_topics: MoreTopics::default(),
        };
        Self::with(connection, names)
    }

    /// Builds the router's clients; talks to nobody.
    pub fn for_router(settings: &RouterSettings) -> Self {
        let names = Names {
            control_table: settings.control_table.clone(),
            topics: Some(settings.topics.clone()),
            more_topics: settings.more_topics.clone(),
        };
        Self::with(&settings.connection, names)
    }

    fn with(connection: &Connection, names: Names) -> Self {
        Self {
            clients: Arc::new(Clients::new(connection)),
            names: Arc::new(names),
            deadline: None,
            now: None,
        }
    }

    /// A handle for one invocation, all of whose calls end 2 s before `deadline`
    /// (Lambda's, in milliseconds since the epoch). In a build with the feature
    /// `story` it reads the story's clock; otherwise it calls nobody.
    ///
    /// # Errors
    /// Only with the feature `story`: when the story's clock cannot be read.
    pub async fn for_invocation(&self, deadline: u64) -> PortResult<Self> {
        let mut handle = self.clone();
        handle.deadline = instant_of(deadline);
        #[cfg(feature = "story")]
        {
            handle.now = handle.story_now().await?;
        }
        Ok(handle)
    }

    pub(crate) fn operation(&self, name: &'static str) -> PortResult<Operation> {
        Operation::begin(name, self.deadline)
    }
}

/// Lambda's deadline (milliseconds since the epoch) by this process's own clock; none for the one
/// that stands for none.
pub(crate) fn instant_of(deadline: u64) -> Option<Instant> {
    let now = u64::try_from(clock::wall().as_millisecond()).unwrap_or(0);
    let left = Duration::from_millis(deadline.saturating_sub(now));
    match deadline {
        NO_DEADLINE_MS => None,
        _ => Instant::now().checked_add(left),
    }
}
