//! The first reading: blocks to segments, on one core or on all, merged in their order.

use crate::segment::{Context, Segment, Surveyor};

/// Takes blocks of whole lines and merges what they amount to.
#[derive(Debug)]
pub(crate) enum Survey {
    /// On the caller's thread.
    Here(Box<Surveyor>),
    /// On several.
    #[cfg(not(target_arch = "wasm32"))]
    Pool(pool::Pool),
}

impl Survey {
    pub(crate) fn new(context: Context, threads: usize) -> Self {
        #[cfg(not(target_arch = "wasm32"))]
        if threads > 1 {
            return Self::Pool(pool::Pool::new(context, threads));
        }
        let _ = threads;
        Self::Here(Box::new(Surveyor::new(context)))
    }

    pub(crate) fn spare(&self) -> Vec<u8> {
        match self {
            Self::Here(_) => Vec::new(),
            #[cfg(not(target_arch = "wasm32"))]
            Self::Pool(pool) => pool.spare(),
        }
    }

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

    pub(crate) fn finish(self) -> Segment {
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

    use crate::segment::{Context, Segment};

    type Numbered = (u64, Vec<u8>);

    /// Threads that turn blocks into segments; whoever finishes one merges what is next in order.
    #[derive(Debug)]
    pub(crate) struct Pool {
        blocks: SyncSender<Numbered>,
        next: u64,
        threads: Vec<JoinHandle<()>>,
        merged: Arc<Mutex<Merged>>,
        spares: Arc<Mutex<Vec<Vec<u8>>>>,
    }

    #[derive(Debug, Default)]
    struct Merged {
        total: Segment,
        next: u64,
        early: BTreeMap<u64, Segment>,
    }

    impl Merged {
        fn take(&mut self, number: u64, segment: Segment) {
            self.early.insert(number, segment);
            while let Some(segment) = self.early.remove(&self.next) {
                self.total = std::mem::take(&mut self.total).merge(segment);
                self.next += 1;
            }
        }
    }

    /// A thread that panicked has poisoned the lock; `finish` passes its panic on.
    fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
        mutex.lock().unwrap_or_else(PoisonError::into_inner)
    }

    impl Pool {
        pub(crate) fn new(context: Context, threads: usize) -> Self {
            // One waiting block a thread bounds what is in memory.
            let (blocks, waiting) = sync_channel(threads);
            let waiting = Arc::new(Mutex::new(waiting));
            let (merged, spares) = (Arc::<Mutex<Merged>>::default(), Arc::<Mutex<Vec<Vec<u8>>>>::default());
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
            lock(&self.merged).total.entries
        }

        pub(crate) fn finish(self) -> Segment {
            drop(self.blocks);
            for thread in self.threads {
                if let Err(panic) = thread.join() {
                    std::panic::resume_unwind(panic);
                }
            }
            std::mem::take(&mut lock(&self.merged).total)
        }
    }

    fn work(
        context: Context,
        waiting: &Mutex<Receiver<Numbered>>,
        merged: &Mutex<Merged>,
        spares: &Mutex<Vec<Vec<u8>>>,
    ) {
        loop {
            let Ok((number, block)) = lock(waiting).recv() else { return };
            let segment = Segment::of_lines(context, &block);
            lock(spares).push(block);
            lock(merged).take(number, segment);
        }
    }
}
