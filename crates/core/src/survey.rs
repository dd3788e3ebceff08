//! The first reading: blocks to what they amount to, on one core or on all, folded in their order.

use std::fmt::Debug;

/// What is made of blocks, and what that comes to: reading a block needs nothing of those before it,
/// and folding is done in their order, so that it does not matter who read which.
pub(crate) trait Surveying: Debug + Sized {
    /// What must be known to read a block.
    type Context: Clone + Send + 'static;
    /// What is made of a block.
    type Part: Debug + Default + Send + 'static;
    /// What all blocks amount to.
    type Outcome: Debug + Default + Send + 'static;

    fn new(context: Self::Context) -> Self;
    /// Reads whole lines or documents into an empty part.
    fn survey(&mut self, block: &[u8], part: &mut Self::Part);
    /// Adds the part of the next block, which is left empty, with its memory for another.
    fn fold(total: &mut Self::Outcome, part: &mut Self::Part);
    /// How many entries were folded in.
    fn entries(total: &Self::Outcome) -> u64;
}

/// Takes blocks and folds what they amount to.
#[derive(Debug)]
pub(crate) enum Survey<S: Surveying + 'static> {
    /// On the caller's thread.
    Here(Box<Alone<S>>),
    /// On several, of which the caller's is one.
    #[cfg(not(target_arch = "wasm32"))]
    Pool(Box<pool::Pool<S>>),
}

#[derive(Debug)]
pub(crate) struct Alone<S: Surveying> {
    surveying: S,
    part: S::Part,
    total: S::Outcome,
}

impl<S: Surveying> Survey<S> {
    pub(crate) fn new(context: S::Context, threads: usize) -> Self {
        #[cfg(not(target_arch = "wasm32"))]
        if threads > 1 {
            return Self::Pool(Box::new(pool::Pool::new(context, threads)));
        }
        let _ = threads;
        let (part, total) = Default::default();
        Self::Here(Box::new(Alone { surveying: S::new(context), part, total }))
    }

    /// Takes a block; gives a used buffer back, or an empty one.
    pub(crate) fn block(&mut self, block: Vec<u8>) -> Vec<u8> {
        match self {
            Self::Here(alone) => {
                alone.surveying.survey(&block, &mut alone.part);
                S::fold(&mut alone.total, &mut alone.part);
                block
            }
            #[cfg(not(target_arch = "wasm32"))]
            Self::Pool(pool) => pool.block(block),
        }
    }

    /// What the blocks so far amount to, for more to be added; `None` on several threads, which may still be at it.
    pub(crate) fn total(&mut self) -> Option<&mut S::Outcome> {
        match self {
            Self::Here(alone) => Some(&mut alone.total),
            #[cfg(not(target_arch = "wasm32"))]
            Self::Pool(_) => None,
        }
    }

    pub(crate) fn entries(&self) -> u64 {
        match self {
            Self::Here(alone) => S::entries(&alone.total),
            #[cfg(not(target_arch = "wasm32"))]
            Self::Pool(pool) => pool.entries(),
        }
    }

    pub(crate) fn finish(self) -> S::Outcome {
        match self {
            Self::Here(alone) => alone.total,
            #[cfg(not(target_arch = "wasm32"))]
            Self::Pool(pool) => pool.finish(),
        }
    }
}

#[cfg(not(target_arch = "wasm32"))]
mod pool {
    use std::collections::BTreeMap;
    use std::sync::atomic::{AtomicU64, Ordering};
    use std::sync::mpsc::{Receiver, SyncSender, TrySendError, sync_channel};
    use std::sync::{Arc, Mutex, MutexGuard, PoisonError, TryLockError};
    use std::thread::JoinHandle;

    use super::Surveying;

    /// Blocks that wait, for each thread: enough that none starves while the caller works on a block of
    /// its own, few enough to bound what is in memory.
    const AHEAD: usize = 2;
    /// Parts that wait to be folded, for each thread, before whoever has one more waits for his turn to fold.
    const UNFOLDED: usize = 4;

    type Numbered = (u64, Vec<u8>);

    /// Threads that survey blocks; whoever finishes one folds what is next in order. The caller's thread
    /// takes a block where the others have enough, so that there are no more threads than asked for.
    #[derive(Debug)]
    pub(crate) struct Pool<S: Surveying + 'static> {
        own: S,
        blocks: SyncSender<Numbered>,
        next: u64,
        threads: Vec<JoinHandle<()>>,
        shared: Arc<Shared<S>>,
    }

    #[derive(Debug)]
    struct Shared<S: Surveying> {
        waiting: Mutex<Receiver<Numbered>>,
        parts: Mutex<Parts<S::Part>>,
        /// Held by the one who folds; nobody waits for it but where parts pile up.
        folded: Mutex<Folded<S::Outcome>>,
        /// Entries of what was folded.
        entries: AtomicU64,
        used: Mutex<Vec<Vec<u8>>>,
        most_unfolded: usize,
    }

    /// Parts by the number of their block, and others' memory.
    #[derive(Debug)]
    struct Parts<P> {
        unfolded: BTreeMap<u64, P>,
        empty: Vec<P>,
    }

    /// What all blocks before the next amount to.
    #[derive(Debug)]
    struct Folded<O> {
        total: O,
        next: u64,
    }

    /// A thread that panicked has poisoned the lock; `finish` passes its panic on.
    fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
        mutex.lock().unwrap_or_else(PoisonError::into_inner)
    }

    impl<S: Surveying> Shared<S> {
        fn survey(&self, surveying: &mut S, (number, block): Numbered) {
            let mut part = lock(&self.parts).empty.pop().unwrap_or_default();
            surveying.survey(&block, &mut part);
            lock(&self.used).push(block);
            let unfolded = {
                let mut parts = lock(&self.parts);
                parts.unfolded.insert(number, part);
                parts.unfolded.len()
            };
            if unfolded > self.most_unfolded {
                self.fold(&mut lock(&self.folded));
            } else {
                self.fold_if_nobody_does();
            }
        }

        /// Whoever folds takes along what comes in the meantime, so that the others can go on.
        fn fold_if_nobody_does(&self) {
            match self.folded.try_lock() {
                Ok(mut folded) => self.fold(&mut folded),
                Err(TryLockError::Poisoned(poisoned)) => self.fold(&mut poisoned.into_inner()),
                Err(TryLockError::WouldBlock) => {}
            }
        }

        /// Folds what is next, as far as it is there.
        fn fold(&self, folded: &mut Folded<S::Outcome>) {
            loop {
                let next = lock(&self.parts).unfolded.remove(&folded.next);
                let Some(mut part) = next else { return };
                S::fold(&mut folded.total, &mut part);
                folded.next += 1;
                self.entries.store(S::entries(&folded.total), Ordering::Relaxed);
                lock(&self.parts).empty.push(part);
            }
        }

        /// Surveys what waits until nothing more comes.
        fn work(&self, surveying: &mut S) {
            loop {
                let Ok(numbered) = lock(&self.waiting).recv() else { return };
                self.survey(surveying, numbered);
            }
        }
    }

    impl<S: Surveying> Pool<S> {
        pub(crate) fn new(context: S::Context, threads: usize) -> Self {
            let others = threads - 1;
            let (blocks, waiting) = sync_channel(others * AHEAD);
            let shared = Arc::new(Shared {
                waiting: Mutex::new(waiting),
                parts: Mutex::new(Parts { unfolded: BTreeMap::new(), empty: Vec::new() }),
                folded: Mutex::new(Folded { total: S::Outcome::default(), next: 0 }),
                entries: AtomicU64::new(0),
                used: Mutex::default(),
                most_unfolded: threads * UNFOLDED,
            });
            let spawn = |_| {
                let (shared, context): (Arc<Shared<S>>, _) = (shared.clone(), context.clone());
                std::thread::spawn(move || shared.work(&mut S::new(context)))
            };
            let threads = (0..others).map(spawn).collect();
            Self { own: S::new(context), blocks, next: 0, threads, shared }
        }

        pub(crate) fn block(&mut self, block: Vec<u8>) -> Vec<u8> {
            let sent = self.blocks.try_send((self.next, block));
            self.next += 1;
            if let Err(TrySendError::Full(numbered) | TrySendError::Disconnected(numbered)) = sent {
                self.shared.survey(&mut self.own, numbered);
            }
            lock(&self.shared.used).pop().unwrap_or_default()
        }

        pub(crate) fn entries(&self) -> u64 {
            self.shared.entries.load(Ordering::Relaxed)
        }

        pub(crate) fn finish(self) -> S::Outcome {
            let Self { mut own, blocks, threads, shared, .. } = self;
            drop(blocks);
            shared.work(&mut own);
            for thread in threads {
                if let Err(panic) = thread.join() {
                    std::panic::resume_unwind(panic);
                }
            }
            let mut folded = lock(&shared.folded);
            shared.fold(&mut folded);
            std::mem::take(&mut folded.total)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Keeps its blocks, after more work the longer they are.
    #[derive(Debug)]
    struct Keeper;

    impl Surveying for Keeper {
        type Context = ();
        type Part = Vec<u8>;
        type Outcome = Vec<u8>;

        fn new((): ()) -> Self {
            Self
        }

        fn survey(&mut self, block: &[u8], part: &mut Vec<u8>) {
            assert!(part.is_empty(), "a part is handed on empty");
            part.extend(block.iter().map(|b| (0..100_u8).fold(*b, u8::wrapping_add)));
        }

        fn fold(total: &mut Vec<u8>, part: &mut Vec<u8>) {
            total.append(part);
        }

        fn entries(total: &Vec<u8>) -> u64 {
            total.len() as u64
        }
    }

    #[test]
    fn whoever_reads_a_block_it_is_folded_in_its_order() {
        let outcome = |threads| {
            let mut survey = Survey::<Keeper>::new((), threads);
            for i in 0..500_u32 {
                let mut block = survey.block(i.to_le_bytes().repeat(1 + (i as usize * 7919) % 1000));
                block.clear();
            }
            survey.finish()
        };
        let alone = outcome(1);
        assert!(alone.len() > 500);
        for threads in [2, 3, 8] {
            assert_eq!(outcome(threads), alone);
        }
    }
}
