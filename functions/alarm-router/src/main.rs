//! The Lambda `alarm-router`: joins [`alarm_router::RouterLambda`] to the runtime.

use alarm_router::RouterLambda;
use lambda_runtime::{Diagnostic, Error, LambdaEvent, run, service_fn};
use serde_json::Value;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    let lambda = &RouterLambda::from_env()?;
    let serve = async |event: LambdaEvent<Value>| {
        lambda.handle(&event.payload, event.context.deadline).await.map_err(|error| Diagnostic {
            error_type: error.kind().to_owned(),
            error_message: error.to_string(),
        })
    };
    run(service_fn(serve)).await
}
