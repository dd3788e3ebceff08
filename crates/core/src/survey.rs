//! The first reading: blocks to what they amount to, on one core or on all, merged in their order.

use std::fmt::Debug;

/// What is made of blocks, and merged: associative, so that it does not matter who made which part.
pub(crate) trait Surveying: Debug + Sized {
    /// What must be known to read a block.
    type Context: Copy + Send + 'static;
    /// What blocks amount to.
    type Outcome: Debug + Default + Send + 'static;

    fn new(context: Self::Context) -> Self;
    /// Takes whole lines or documents.
    fn block(&mut self, block: &[u8]);
    /// How many entries were taken in.
    fn entries(&self) -> u64;
    fn finish(self) -> Self::Outcome;
    /// Only where there are several threads.
    #[cfg_attr(target_arch = "wasm32", expect(dead_code, reason = "one thread merges nothing"))]
    fn merge(total: Self::Outcome, next: Self::Outcome) -> Self::Outcome;
    /// Only where there are several threads.
    #[cfg_attr(target_arch = "wasm32", expect(dead_code, reason = "one thread merges nothing"))]
    fn entries_of(outcome: &Self::Outcome) -> u64;
}

/// Takes blocks and merges what they amount to.
#[derive(Debug)]
pub(crate) enum Survey<S: Surveying + 'static> {
    /// On the caller's thread.
    Here(Box<S>),
    /// On several.
    #[cfg(not(target_arch = "wasm32"))]
    Pool(pool::Pool<S>),
}

impl<S: Surveying> Survey<S> {
    pub(crate) fn new(context: S::Context, threads: usize) -> Self {
        #[cfg(not(target_arch = "wasm32"))]
        if threads > 1 {
            return Self::Pool(pool::Pool::new(context, threads));
        }
        let _ = threads;
        Self::Here(Box::new(S::new(context)))
    }

    pub(crate) fn spare(&self) -> Vec<u8> {
        match self {
            Self::Here(_) => Vec::new(),
            #[cfg(not(target_arch = "wasm32"))]
            Self::Pool(pool) => pool.spare(),
        }
    }

    #[cfg_attr(target_arch = "wasm32", expect(clippy::needless_pass_by_value, reason = "threads keep it"))]
    pub(crate) fn block(&mut self, block: Vec<u8>) {
        match self {
            Self::Here(surveyor) => surveyor.block(&block),
            #[cfg(not(target_arch = "wasm32"))]
            Self::Pool(pool) => pool.block(block),
        }
    }

    pub(crate) fn entries(&self) -> u64 {
        match self {
            Self::Here(surveyor) => surveyor.entries(),
            #[cfg(not(target_arch = "wasm32"))]
            Self::Pool(pool) => pool.entries(),
        }
    }

    pub(crate) fn finish(self) -> S::Outcome {
        match self {
            Self::Here(surveyor) => surveyor.finish(),
            #[cfg(not(target_arch = "wasm32"))]
            Self::Pool(pool) => pool.finish(),
        }
    }
}

#[cfg(not(target_arch = "wasm32"))]
mod pool {
    use std::collections::BTreeMap;
    use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
    use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
    use std::thread::JoinHandle;

    use super::Surveying;

    type Numbered = (u64, Vec<u8>);

    /// Threads that survey blocks; whoever finishes one merges what is next in order.
    #[derive(Debug)]
    pub(crate) struct Pool<S: Surveying + 'static> {
        blocks: SyncSender<Numbered>,
        next: u64,
        threads: Vec<JoinHandle<()>>,
        merged: Arc<Mutex<Merged<S>>>,
        spares: Arc<Mutex<Vec<Vec<u8>>>>,
    }

    #[derive(Debug)]
    struct Merged<S: Surveying> {
        total: S::Outcome,
        next: u64,
        early: BTreeMap<u64, S::Outcome>,
    }

    impl<S: Surveying> Merged<S> {
        fn new() -> Self {
            Self { total: S::Outcome::default(), next: 0, early: BTreeMap::new() }
        }

        fn take(&mut self, number: u64, outcome: S::Outcome) {
            self.early.insert(number, outcome);
            while let Some(next) = self.early.remove(&self.next) {
                self.total = S::merge(std::mem::take(&mut self.total), next);
                self.next += 1;
            }
        }
    }

    /// A thread that panicked has poisoned the lock; `finish` passes its panic on.
    fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
        mutex.lock().unwrap_or_else(PoisonError::into_inner)
    }

    impl<S: Surveying> Pool<S> {
        pub(crate) fn new(context: S::Context, threads: usize) -> Self {
            // One waiting block a thread bounds what is in memory.
            let (blocks, waiting) = sync_channel(threads);
            let waiting = Arc::new(Mutex::new(waiting));
            let (merged, spares) = (Arc::new(Mutex::new(Merged::<S>::new())), Arc::<Mutex<Vec<Vec<u8>>>>::default());
            let spawn = |_| {
                let (waiting, merged, spares) = (waiting.clone(), merged.clone(), spares.clone());
                std::thread::spawn(move || work(context, &waiting, &merged, &spares))
            };
            Self { blocks, next: 0, threads: (0..threads).map(spawn).collect(), merged, spares }
        }

        pub(crate) fn spare(&self) -> Vec<u8> {
            lock(&self.spares).pop().unwrap_or_default()
        }

        pub(crate) fn block(&mut self, block: Vec<u8>) {
            // Refused only where every thread panicked, which `finish` passes on.
            let _ = self.blocks.send((self.next, block));
            self.next += 1;
        }

        pub(crate) fn entries(&self) -> u64 {
            S::entries_of(&lock(&self.merged).total)
        }

        pub(crate) fn finish(self) -> S::Outcome {
            drop(self.blocks);
            for thread in self.threads {
                if let Err(panic) = thread.join() {
                    std::panic::resume_unwind(panic);
                }
            }
            std::mem::take(&mut lock(&self.merged).total)
        }
    }

    fn work<S: Surveying>(
        context: S::Context,
        waiting: &Mutex<Receiver<Numbered>>,
        merged: &Mutex<Merged<S>>,
        spares: &Mutex<Vec<Vec<u8>>>,
    ) {
        loop {
            let Ok((number, block)) = lock(waiting).recv() else { return };
            let mut surveying = S::new(context);
            surveying.block(&block);
            let outcome = surveying.finish();
            lock(spares).push(block);
            lock(merged).take(number, outcome);
        }
    }
}
