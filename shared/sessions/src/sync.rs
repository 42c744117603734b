//! session-sync without its runtime: built once from the environment, handed one event at a time.
//! `main` only joins it to `lambda_runtime`.

use crate::door::Door;
use crate::world::World;
use crate::{Settings, cache_url};
use serde_json::{Value, json};
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;
use tidegate_adapters::telemetry::{self, Level};
use tidegate_adapters::{BadSettings, Replica};
use tidegate_domain::sessions::stamp::RegionName;
use tidegate_domain::sessions::sync::{SessionSync, TickReport};
use tidegate_wire::sessions::record::FUNCTION;
use tidegate_wire::sessions::stream::{Wake, beats, decode};

/// Between two beats of a tick. The ages that the other regions see rise to this and the lag's two
/// seconds without trouble, and above 22 seconds in a partition of 30: an alarm can tell them apart.
const BEAT_EVERY: Duration = Duration::from_secs(10);

/// session-sync over AWS and the cache.
pub struct SyncLambda {
    world: World,
    sync: SessionSync,
    region: RegionName,
}

/// Why an invocation failed as a whole. It is tried again.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SyncError {
    /// The event is neither a batch nor a tick; nothing of it is repeated.
    #[error("{0}")]
    Malformed(String),
    /// The beats could not all be read or written.
    #[error("the tick: {0}")]
    Tick(String),
}

impl SyncError {
    /// What Lambda shows as the error's type: for filters and alarms on the log.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Malformed(_) => "MalformedEvent",
            Self::Tick(_) => "BeatsLeft",
        }
    }
}

/// The answer to an event, once it is there. Boxed: the type of the future itself is too deep for
/// the compiler's default limits.
pub type Answer<'a> = Pin<Box<dyn Future<Output = Result<Value, SyncError>> + Send + 'a>>;

impl SyncLambda {
    /// Reads the environment and builds the clients; talks to nobody.
    ///
    /// # Errors
    /// [`BadSettings`] with every fault of the environment; they are also written to the log.
    pub fn from_env() -> Result<Self, BadSettings> {
        telemetry::init();
        let settings = Settings::from_env(cache_url).inspect_err(|bad| {
            telemetry::line(Level::Error, &bad.to_string(), json!({ "faults": bad.faults }));
        })?;
        Ok(Self::new(&settings))
    }

    /// The function with these settings; talks to nobody.
    pub fn new(settings: &Settings) -> Self {
        let door = Arc::new(Door::new(settings));
        Self {
            world: World { replica: Replica::new(settings), door },
            sync: SessionSync::new(settings.region.clone()),
            region: settings.region.clone(),
        }
    }

    /// Serves one event (JSON) before `deadline` (milliseconds since the epoch). A batch is answered
    /// with the sequence numbers of the records that failed, for `ReportBatchItemFailures`.
    ///
    /// # Errors
    /// [`SyncError`]: the event was refused, or the tick failed.
    pub fn handle<'a>(&'a self, event: &'a str, deadline: u64) -> Answer<'a> {
        Box::pin(async move {
            let replica = self.world.replica.for_invocation(deadline);
            let world = World { replica, ..self.world.clone() };
            match decode(event).map_err(SyncError::Malformed)? {
                Wake::Records(records) => {
                    let report = self.sync.serve(&world, records).await;
                    telemetry::report_batch(&report, &self.region);
                    Ok(failures(&report.failed))
                }
                Wake::Tick => self.tick(&world, beats(event)).await,
            }
        })
    }

    /// So many beats, and what the last one came to.
    async fn tick(&self, world: &World, beats: u32) -> Result<Value, SyncError> {
        let mut report = self.beat(world).await;
        for _ in 1..beats {
            tokio::time::sleep(BEAT_EVERY).await;
            report = self.beat(world).await;
        }
        if report.errors.is_empty() {
            Ok(json!({ "function": FUNCTION, "age_ms": report.age_ms }))
        } else {
            Err(SyncError::Tick(report.errors.join("; ")))
        }
    }

    async fn beat(&self, world: &World) -> TickReport {
        let report = self.sync.tick(world).await;
        telemetry::report_tick(&report, &self.region);
        report
    }
}

/// <https://docs.aws.amazon.com/lambda/latest/dg/services-ddb-batchfailurereporting.html>
fn failures(sequences: &[String]) -> Value {
    let item = |sequence: &String| json!({ "itemIdentifier": sequence });
    json!({ "batchItemFailures": sequences.iter().map(item).collect::<Vec<_>>() })
}
