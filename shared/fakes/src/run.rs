//! Running futures without a runtime.

use crate::FakeAws;
use std::future::Future;
use std::pin::{Pin, pin};
use std::task::{Context, Poll, Waker};

/// Runs a future to its end on this thread, polling it until it is ready. Enough for futures
/// over the fakes, which wait for nothing outside.
pub fn block_on<T>(future: impl Future<Output = T>) -> T {
    let mut future = pin!(future);
    let mut context = Context::from_waker(Waker::noop());
    loop {
        if let Poll::Ready(value) = future.as_mut().poll(&mut context) {
            return value;
        }
    }
}

/// Gives other tasks one turn.
pub(crate) struct Turn {
    taken: bool,
}

impl Turn {
    /// A turn for the others, or none.
    pub fn given(given: bool) -> Self {
        Self { taken: !given }
    }
}

impl Future for Turn {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<()> {
        if self.taken {
            return Poll::Ready(());
        }
        self.taken = true;
        context.waker().wake_by_ref();
        Poll::Pending
    }
}

impl FakeAws {
    /// From now on every call gives other tasks a turn before it takes effect, so that an
    /// executor can interleave runs call by call.
    pub fn interleave(&self) {
        self.lock().interleave = true;
    }

    pub(crate) fn turn(&self) -> Turn {
        Turn::given(self.lock().interleave)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_turn_is_pending_once() {
        let mut turn = pin!(Turn { taken: false });
        let mut context = Context::from_waker(Waker::noop());
        assert_eq!(turn.as_mut().poll(&mut context), Poll::Pending);
        assert_eq!(turn.as_mut().poll(&mut context), Poll::Ready(()));
    }
}
