//! The event queue: what happens next, in virtual time.
//!
//! What must stay true: events come by their time, and of one time in the order in which they
//! were put, so that a run is the same on every machine.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

/// Events by time (seconds of the trace) and order.
#[derive(Debug, Clone)]
pub struct Queue<E> {
    heap: BinaryHeap<Reverse<(u64, u64, E)>>,
    put: u64,
}

impl<E: Ord> Default for Queue<E> {
    fn default() -> Self {
        Self { heap: BinaryHeap::new(), put: 0 }
    }
}

impl<E: Ord> Queue<E> {
    /// Puts an event at a second.
    pub fn put(&mut self, second: u64, event: E) {
        self.heap.push(Reverse((second, self.put, event)));
        self.put += 1;
    }

    /// Takes the next event, if one comes before this second.
    pub fn next_before(&mut self, end: u64) -> Option<(u64, E)> {
        let Reverse((second, _, _)) = self.heap.peek()?;
        if *second >= end {
            return None;
        }
        self.heap.pop().map(|Reverse((second, _, event))| (second, event))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn events_come_by_time_and_then_in_their_order() {
        let mut queue = Queue::default();
        for (second, event) in [(5, 'b'), (1, 'z'), (5, 'a'), (9, 'c')] {
            queue.put(second, event);
        }
        let taken: Vec<_> = std::iter::from_fn(|| queue.next_before(9)).collect();
        assert_eq!(taken, [(1, 'z'), (5, 'b'), (5, 'a')]);
        queue.put(2, 'd');
        assert_eq!(queue.next_before(9), Some((2, 'd')));
        assert_eq!((queue.next_before(9), queue.next_before(10)), (None, Some((9, 'c'))));
    }
}
