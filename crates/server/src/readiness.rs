//! Whether the ledger can be read, found out once for everybody who asks at about the same time.

use std::future::Future;
use std::sync::{Arc, PoisonError};
use std::time::{Duration, Instant};

use tokio::sync::Mutex;

use crate::problem::Problem;

/// So long an answer stands. Anybody may ask, so asking must not cost a read each time.
const STANDS: Duration = Duration::from_secs(1);

/// So long it stands that the ledger can be written, or why it cannot: to try it asks for the lock of who writes.
const TRIED: Duration = Duration::from_secs(5);

/// Whether the ledger can be written, as it was tried last, and when.
#[derive(Debug, Default)]
pub(crate) struct Attempts(std::sync::Mutex<Option<(Instant, Result<(), String>)>>);

impl Attempts {
    /// What was found less than five seconds ago, else what `attempt` finds.
    pub(crate) fn ask(&self, attempt: impl FnOnce() -> Result<(), String>) -> Result<(), String> {
        let mut last = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((at, found)) = &*last
            && at.elapsed() < TRIED
        {
            return found.clone();
        }
        let found = attempt();
        *last = Some((Instant::now(), found.clone()));
        found
    }
}

/// What was found out last, and when.
#[derive(Debug, Default)]
pub(crate) struct Readiness(Arc<Mutex<Option<(Instant, bool)>>>);

impl Readiness {
    /// What was found out less than a second ago, else what `look` finds. One looks at a time, and goes on though
    /// whoever asked has left.
    ///
    /// # Errors
    /// `INTERNAL` where `look` panics.
    pub(crate) async fn ask(&self, look: impl Future<Output = bool> + Send + 'static) -> Result<bool, Problem> {
        let mut last = Arc::clone(&self.0).lock_owned().await;
        if let Some((at, found)) = *last
            && at.elapsed() < STANDS
        {
            return Ok(found);
        }
        let looking = tokio::spawn(async move {
            let found = look.await;
            *last = Some((Instant::now(), found));
            found
        });
        looking.await.map_err(Problem::internal)
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use tokio::runtime::Builder;
    use tokio::sync::oneshot;
    use tokio::time::timeout;

    use super::*;

    #[test]
    fn many_who_ask_are_answered_by_one_look() {
        let runtime = Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let (readiness, looks) = (Readiness::default(), Arc::new(AtomicUsize::new(0)));
            for _ in 0..1000 {
                let looks = Arc::clone(&looks);
                let look = async move { looks.fetch_add(1, Ordering::Relaxed) < usize::MAX };
                assert!(readiness.ask(look).await.unwrap());
            }
            // More than one only where the machine took seconds for this.
            assert!(looks.load(Ordering::Relaxed) < 100);
        });
    }

    #[test]
    fn whether_it_can_be_written_is_not_tried_for_everybody() {
        let (attempts, tries) = (Attempts::default(), AtomicUsize::new(0));
        for _ in 0..1000 {
            let refused = attempts.ask(|| {
                tries.fetch_add(1, Ordering::Relaxed);
                Err("read-only".to_owned())
            });
            assert_eq!(refused, Err("read-only".to_owned()));
        }
        // More than one only where the machine took seconds for this.
        assert!(tries.load(Ordering::Relaxed) < 100);
    }

    #[test]
    fn who_leaves_leaves_the_look_to_the_next() {
        let runtime = Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let readiness = Readiness::default();
            let (answer, answered) = oneshot::channel::<()>();
            let look = async move { answered.await.is_ok() };
            assert!(timeout(Duration::from_millis(20), readiness.ask(look)).await.is_err());
            let mut next = std::pin::pin!(readiness.ask(async { panic!("a second look at once") }));
            assert!(timeout(Duration::from_millis(20), &mut next).await.is_err());
            answer.send(()).unwrap();
            assert!(next.await.unwrap());
        });
    }
}
