//! The time a call may take. The SDK's own timeouts are set on the clients; this
//! is the invocation's deadline on top of them, so that no call outlives it.

use crate::errors::Failure;
use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use aws_smithy_runtime_api::client::result::SdkError;
use aws_smithy_types::error::metadata::ProvideErrorMetadata;
use std::error::Error;
use std::future::Future;
use std::time::{Duration, Instant};
use tidegate_domain::ports::{PortError, PortResult};

/// No call takes longer, whatever time is left.
pub(crate) const LONGEST: Duration = Duration::from_secs(8);
/// What is kept for answering: nothing new begins when less is left.
pub(crate) const MARGIN: Duration = Duration::from_secs(2);

/// Tries of a call that AWS answered with "busy" and the SDK does not try again.
const BUSY_TRIES: u32 = 3;
/// The first pause between such tries; it triples.
const FIRST_PAUSE: Duration = Duration::from_millis(300);

/// One operation of a port with the instant by which it has ended.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Operation {
    name: &'static str,
    until: Instant,
}

impl Operation {
    /// An operation that ends within `min(8 s, deadline - 2 s)`.
    ///
    /// # Errors
    /// `Unavailable` at once when less than 2 s are left.
    pub(crate) fn begin(name: &'static str, deadline: Option<Instant>) -> PortResult<Self> {
        let now = Instant::now();
        let latest = now + LONGEST;
        let until = match deadline {
            None => latest,
            Some(deadline) => deadline.checked_sub(MARGIN).unwrap_or(now).min(latest),
        };
        if until <= now {
            let why = "not sent: less than 2 s are left before the deadline".to_owned();
            return Err(PortError::Unavailable { call: name, why });
        }
        Ok(Self { name, until })
    }

    /// The AWS call's name.
    pub(crate) fn name(&self) -> &'static str {
        self.name
    }

    /// Sends once (the SDK's tries included), or ends it when its time is over.
    pub(crate) async fn send<T, E>(
        &self,
        request: impl Future<Output = Result<T, SdkError<E, HttpResponse>>>,
    ) -> Result<T, Failure<E>> {
        let left = self.until.saturating_duration_since(Instant::now());
        match tokio::time::timeout(left, request).await {
            Ok(Ok(answer)) => Ok(answer),
            Ok(Err(error)) => Err(Failure::Sdk(Box::new(error))),
            Err(_) => {
                Err(Failure::OutOfTime(format!("no answer in the {} ms it had", left.as_millis())))
            }
        }
    }

    /// Like [`Self::send`], with the failure in the port's words.
    pub(crate) async fn run<T, E>(
        &self,
        request: impl Future<Output = Result<T, SdkError<E, HttpResponse>>>,
    ) -> PortResult<T>
    where
        E: ProvideErrorMetadata + Error + 'static,
    {
        self.send(request).await.map_err(|failure| failure.port(self.name))
    }

    /// Sends, and again after a pause while AWS answers one of `busy`, inside the same time.
    pub(crate) async fn insist<T, E, F>(
        &self,
        busy: &[&str],
        mut request: impl FnMut() -> F,
    ) -> Result<T, Failure<E>>
    where
        E: ProvideErrorMetadata + Error + 'static,
        F: Future<Output = Result<T, SdkError<E, HttpResponse>>>,
    {
        let mut pause = FIRST_PAUSE;
        for _ in 1..BUSY_TRIES {
            match self.send(request()).await {
                Err(failure) if is_one_of(&failure, busy) && self.has_time_for(pause) => {
                    tokio::time::sleep(pause).await;
                    pause *= 3;
                }
                done => return done,
            }
        }
        self.send(request()).await
    }

    /// Pauses, but not beyond the operation's end.
    pub(crate) async fn rest(&self, pause: Duration) {
        let left = self.until.saturating_duration_since(Instant::now());
        tokio::time::sleep(pause.min(left)).await;
    }

    fn has_time_for(&self, pause: Duration) -> bool {
        self.until.saturating_duration_since(Instant::now()) > pause
    }
}

fn is_one_of<E>(failure: &Failure<E>, codes: &[&str]) -> bool
where
    E: ProvideErrorMetadata + Error + 'static,
{
    failure.code().is_some_and(|code| codes.contains(&code))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_operation_has_at_most_eight_seconds_and_leaves_two() {
        for (left, expected) in [(None, 8_000), (Some(60_000), 8_000), (Some(5_000), 3_000)] {
            let deadline = left.map(|ms| Instant::now() + Duration::from_millis(ms));
            let operation = Operation::begin("Call", deadline).unwrap();
            let ms = operation.until.saturating_duration_since(Instant::now()).as_millis();
            assert!((expected - 50..=expected).contains(&ms), "{left:?}: {ms}");
        }
    }

    #[test]
    fn nothing_begins_in_the_last_two_seconds() {
        for left in [0, 500, 1_999] {
            let deadline = Instant::now() + Duration::from_millis(left);
            let error = Operation::begin("Call", Some(deadline)).unwrap_err();
            assert!(matches!(error, PortError::Unavailable { call: "Call", .. }));
        }
    }
}
