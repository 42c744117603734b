//! Many calls of one sort side by side, a few at a time.

use std::collections::BTreeMap;
use std::future::Future;
use tidegate_domain::ports::{PortError, PortResult};
use tokio::task::JoinSet;

/// Calls that run at once: a hundred writes take some tens of milliseconds, and as many
/// connections stay open.
const AT_ONCE: usize = 16;

/// Runs every call; the answers are in order. When the caller is dropped the calls end.
pub(crate) async fn together<T, F>(
    name: &'static str,
    calls: impl Iterator<Item = F> + Send,
) -> Vec<PortResult<T>>
where
    T: Send + 'static,
    F: Future<Output = PortResult<T>> + Send + 'static,
{
    let mut calls = calls.enumerate();
    let mut running = JoinSet::new();
    let mut answers = BTreeMap::new();
    let mut begun = 0;
    loop {
        while running.len() < AT_ONCE
            && let Some((nth, call)) = calls.next()
        {
            running.spawn(async move { (nth, call.await) });
            begun = nth + 1;
        }
        match running.join_next().await {
            None => break,
            Some(Ok((nth, answer))) => drop(answers.insert(nth, answer)),
            // It panicked: its place stays empty.
            Some(Err(_)) => {}
        }
    }
    let died = || PortError::Unavailable { call: name, why: "the call died".to_owned() };
    (0..begun).map(|nth| answers.remove(&nth).unwrap_or_else(|| Err(died()))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::Arc;
    use std::sync::atomic::{AtomicUsize, Ordering};
    use std::time::Duration;

    #[tokio::test]
    async fn answers_are_in_order_and_few_calls_run_at_once() {
        let (now, most) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
        let calls = (0..100_u64).map(|nth| {
            let (now, most) = (Arc::clone(&now), Arc::clone(&most));
            async move {
                most.fetch_max(now.fetch_add(1, Ordering::SeqCst) + 1, Ordering::SeqCst);
                tokio::time::sleep(Duration::from_millis(7 - nth % 7)).await;
                now.fetch_sub(1, Ordering::SeqCst);
                Ok(nth)
            }
        });
        let answers = together("Call", calls).await;
        assert_eq!(answers, (0..100).map(Ok).collect::<Vec<_>>());
        assert_eq!(most.load(Ordering::SeqCst), AT_ONCE);
    }

    #[tokio::test]
    async fn a_call_that_dies_is_an_error_in_its_place() {
        let calls = (0..3).map(|nth| async move {
            assert_ne!(nth, 1, "this one dies");
            Ok(nth)
        });
        let answers = together("Call", calls).await;
        assert_eq!((&answers[0], &answers[2]), (&Ok(0), &Ok(2)));
        assert!(matches!(answers[1], Err(PortError::Unavailable { call: "Call", .. })));
    }
}
