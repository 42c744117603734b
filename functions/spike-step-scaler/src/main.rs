//! The Lambda `spike-step-scaler`: joins [`tidegate_adapters::Lambda`] to the runtime.

use lambda_runtime::{Diagnostic, Error, LambdaEvent, run, service_fn};
use serde_json::Value;
use tidegate_adapters::Lambda;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    let lambda = &Lambda::from_env(spike_step_scaler::DUTY)?;
    let serve = async |event: LambdaEvent<Value>| {
        lambda.handle(&event.payload, event.context.deadline).await.map_err(|error| Diagnostic {
            error_type: error.kind().to_owned(),
            error_message: error.to_string(),
        })
    };
    run(service_fn(serve)).await
}
