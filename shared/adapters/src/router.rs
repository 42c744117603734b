//! alarm-router without its runtime: built once from the environment, handed one event at a
//! time. `main` only joins it to `lambda_runtime`.

use crate::aws::Aws;
use crate::config::{BadSettings, RouterSettings, SEED_POLICY};
use crate::telemetry::{self, Level};
use serde_json::{Value, json};
use std::pin::Pin;
use tidegate_domain::alarms::router::Router;
use tidegate_domain::intake::Home;
use tidegate_domain::ports::PortError;

/// The router over AWS.
#[derive(Debug)]
pub struct RouterLambda {
    aws: Aws,
    router: Router,
}

/// Why an invocation of the router failed. It is tried again; what is known already changes
/// nothing the second time.
#[derive(Debug, thiserror::Error)]
pub enum RouterError {
    /// The story's clock cannot be read (builds for an accelerated day only).
    #[error(transparent)]
    Clock(#[from] PortError),
    /// Something could not be recorded or told; everything else was.
    #[error("{0}")]
    Left(String),
}

impl RouterError {
    /// What Lambda shows as the error's type: for filters and alarms on the log.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Clock(_) => "StoryClock",
            Self::Left(_) => "AlarmsLeft",
        }
    }
}

/// The answer to an event, once it is there. Boxed: the type of the future itself is too deep
/// for the compiler's default limits.
pub type Answer<'a> = Pin<Box<dyn Future<Output = Result<Value, RouterError>> + Send + 'a>>;

impl RouterLambda {
    /// Reads the environment and builds the clients; talks to nobody.
    ///
    /// # Errors
    /// [`BadSettings`] with every fault of the environment, the seed policy's included; they
    /// are also written to the log.
    pub fn from_env() -> Result<Self, BadSettings> {
        telemetry::init();
        Self::new().inspect_err(|bad| {
            telemetry::line(Level::Error, &bad.to_string(), json!({ "faults": bad.faults }));
        })
    }

    fn new() -> Result<Self, BadSettings> {
        let settings = RouterSettings::from_env()?;
        let home = Home {
            account: settings.account.clone(),
            region: settings.connection.region().to_owned(),
        };
        let router = Router::new(home, &settings.seed_document)
            .map_err(|faults| BadSettings { faults: vec![format!("{SEED_POLICY} {faults}")] })?;
        Ok(Self { aws: Aws::for_router(&settings), router })
    }

    /// Serves one event before `deadline` (milliseconds since the epoch).
    ///
    /// # Errors
    /// [`RouterError`]: something was left undone.
    pub fn handle<'a>(&'a self, event: &'a Value, deadline: u64) -> Answer<'a> {
        Box::pin(async move {
            let world = self.aws.for_invocation(deadline).await?;
            let outcome = self.router.serve(&world, event).await;
            telemetry::report_run(&outcome.record);
            match outcome.error {
                None => Ok(outcome.answer),
                Some(error) => Err(RouterError::Left(error)),
            }
        })
    }
}
