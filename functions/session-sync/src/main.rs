//! The Lambda `session-sync`: joins [`session_sync::SyncLambda`] to the runtime.

use lambda_runtime::{Diagnostic, Error, LambdaEvent, run, service_fn};
use serde_json::value::RawValue;
use session_sync::SyncLambda;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    let lambda = &SyncLambda::from_env()?;
    // Unread: one record that cannot be read is not to fail the batch.
    let serve = async |event: LambdaEvent<Box<RawValue>>| {
        let answer = lambda.handle(event.payload.get(), event.context.deadline).await;
        answer.map_err(|error| Diagnostic {
            error_type: error.kind().to_owned(),
            error_message: error.to_string(),
        })
    };
    run(service_fn(serve)).await
}
