//! A Lambda function without its runtime: built once from the environment, handed
//! one event at a time. `main` only joins it to `lambda_runtime`.

use crate::aws::Aws;
use crate::config::{BadSettings, Settings};
use crate::serve::{Function, ServeError};
use crate::telemetry::{self, Level};
use serde_json::{Value, json};
use std::pin::Pin;
use tidegate_domain::duty::Duty;
use tidegate_domain::intake::Home;

/// One of Tidegate's functions over AWS.
#[derive(Debug)]
pub struct Lambda {
    aws: Aws,
    function: Function,
}

/// The answer to an event, once it is there. Boxed: the type of the future itself is too deep
/// for the compiler's default limits.
pub type Answer<'a> = Pin<Box<dyn Future<Output = Result<Value, ServeError>> + Send + 'a>>;

impl Lambda {
    /// Reads the environment and builds the clients; talks to nobody.
    ///
    /// # Errors
    /// [`BadSettings`] with every fault of the environment, the seed policy's included; they
    /// are also written to the log.
    pub fn from_env(duty: Duty) -> Result<Self, BadSettings> {
        telemetry::init();
        let settings = Settings::from_env().inspect_err(|bad| {
            telemetry::line(Level::Error, &bad.to_string(), json!({ "faults": bad.faults }));
        })?;
        let home = Home {
            account: settings.account.clone(),
            region: settings.connection.region().to_owned(),
        };
        let aws = Aws::new(&settings);
        let function = Function::new(duty, home, settings.seed_policy, settings.ledger_days);
        Ok(Self { aws, function })
    }

    /// Serves one event before `deadline` (milliseconds since the epoch).
    ///
    /// # Errors
    /// [`ServeError`]: the event was refused, or a fleet's run failed.
    pub fn handle<'a>(&'a self, event: &'a Value, deadline: u64) -> Answer<'a> {
        Box::pin(async move {
            let world = self.aws.for_invocation(deadline).await?;
            self.function.serve(world, event).await
        })
    }
}
