//! What waits for the sequencer: bounded, many put in, one takes out, as many at once as wait.

use std::collections::VecDeque;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// A bounded queue.
#[derive(Debug)]
pub(crate) struct Queue<T> {
    state: Mutex<State<T>>,
    arrived: Condvar,
    capacity: usize,
}

#[derive(Debug)]
struct State<T> {
    waiting: VecDeque<T>,
    /// Taken before everything else, and whatever the capacity.
    urgent: VecDeque<T>,
    closed: bool,
    /// The taker sleeps until so many wait; `usize::MAX` where it does not sleep.
    wake_at: usize,
}

/// Why something was not put in.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum NotTaken<T> {
    /// Too many wait.
    Full(T),
    /// Nothing is taken any more.
    Closed(T),
}

impl<T> Queue<T> {
    pub(crate) fn new(capacity: usize) -> Self {
        let state = State {
            waiting: VecDeque::with_capacity(capacity),
            urgent: VecDeque::new(),
            closed: false,
            wake_at: usize::MAX,
        };
        Self { state: Mutex::new(state), arrived: Condvar::new(), capacity }
    }

    pub(crate) fn len(&self) -> usize {
        self.lock().len()
    }

    pub(crate) fn is_closed(&self) -> bool {
        self.lock().closed
    }

    pub(crate) fn push(&self, item: T) -> Result<(), NotTaken<T>> {
        let mut state = self.lock();
        if state.closed {
            return Err(NotTaken::Closed(item));
        }
        if state.waiting.len() >= self.capacity {
            return Err(NotTaken::Full(item));
        }
        state.waiting.push_back(item);
        if state.len() >= state.wake_at {
            state.wake_at = usize::MAX;
            self.arrived.notify_one();
        }
        Ok(())
    }

    /// Puts something before everything else.
    pub(crate) fn push_urgent(&self, item: T) -> Result<(), NotTaken<T>> {
        let mut state = self.lock();
        if state.closed {
            return Err(NotTaken::Closed(item));
        }
        state.urgent.push_back(item);
        state.wake_at = usize::MAX;
        self.arrived.notify_one();
        Ok(())
    }

    /// Takes nothing any more; what waits is still taken out.
    pub(crate) fn close(&self) {
        self.lock().closed = true;
        self.arrived.notify_one();
    }

    /// Takes nothing any more, and hands back what waits.
    pub(crate) fn abandon(&self) -> Vec<T> {
        let mut state = self.lock();
        state.closed = true;
        let State { urgent, waiting, .. } = &mut *state;
        urgent.drain(..).chain(waiting.drain(..)).collect()
    }

    /// Waits for something, at most until `deadline`, then `linger` for `expected` of them, and moves at
    /// most `most` into `into`. `false` where the queue is closed and empty.
    pub(crate) fn take(
        &self,
        most: usize,
        expected: usize,
        linger: Duration,
        deadline: Option<Instant>,
        into: &mut Vec<T>,
    ) -> bool {
        let mut state = self.wait(self.lock(), 1, deadline);
        if (1..expected).contains(&state.len()) && state.urgent.is_empty() {
            state = self.wait(state, expected, Some(Instant::now() + linger));
        }
        let State { urgent, waiting, closed, .. } = &mut *state;
        into.extend(urgent.drain(..));
        let some = waiting.len().min(most.saturating_sub(into.len()));
        into.extend(waiting.drain(..some));
        !(*closed && into.is_empty())
    }

    fn wait<'a>(
        &'a self,
        mut state: MutexGuard<'a, State<T>>,
        count: usize,
        deadline: Option<Instant>,
    ) -> MutexGuard<'a, State<T>> {
        while state.len() < count && state.urgent.is_empty() && !state.closed {
            state.wake_at = count;
            let Some(deadline) = deadline else {
                state = self.arrived.wait(state).unwrap_or_else(PoisonError::into_inner);
                continue;
            };
            let Some(left) = deadline.checked_duration_since(Instant::now()).filter(|left| !left.is_zero()) else {
                break;
            };
            state = self.arrived.wait_timeout(state, left).unwrap_or_else(PoisonError::into_inner).0;
        }
        state.wake_at = usize::MAX;
        state
    }

    fn lock(&self) -> MutexGuard<'_, State<T>> {
        // Nobody panics with the lock held, so what is inside is whole.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<T> State<T> {
    fn len(&self) -> usize {
        self.waiting.len() + self.urgent.len()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Duration = Duration::ZERO;

    fn take(queue: &Queue<u32>, most: usize) -> (bool, Vec<u32>) {
        let mut taken = Vec::new();
        let open = queue.take(most, 1, NOW, Some(Instant::now()), &mut taken);
        (open, taken)
    }

    #[test]
    fn it_is_bounded_and_in_order_but_for_what_is_urgent() {
        let queue = Queue::new(2);
        queue.push(1).unwrap();
        queue.push(2).unwrap();
        assert_eq!(queue.push(3), Err(NotTaken::Full(3)));
        queue.push_urgent(9).unwrap();
        assert_eq!(queue.len(), 3);
        assert_eq!(take(&queue, 2), (true, vec![9, 1]));
        assert_eq!(take(&queue, 2), (true, vec![2]));
        assert_eq!(take(&queue, 2), (true, vec![]));
    }

    #[test]
    fn closed_it_gives_out_what_waits_and_takes_nothing() {
        let queue = Queue::new(2);
        queue.push(1).unwrap();
        queue.close();
        assert_eq!(queue.push(2), Err(NotTaken::Closed(2)));
        assert_eq!(queue.push_urgent(2), Err(NotTaken::Closed(2)));
        assert_eq!(take(&queue, 2), (true, vec![1]));
        assert_eq!(take(&queue, 2), (false, vec![]));
    }

    #[test]
    fn who_waits_is_woken() {
        let queue = Queue::new(8);
        std::thread::scope(|scope| {
            let taker = scope.spawn(|| {
                let mut taken = Vec::new();
                while taken.len() < 3 {
                    queue.take(8, 3, Duration::from_secs(600), None, &mut taken);
                }
                taken
            });
            (0..3).for_each(|n| queue.push(n).unwrap());
            assert_eq!(taker.join().unwrap(), [0, 1, 2]);
        });
    }
}
