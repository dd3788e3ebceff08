// Waits that an abort ends, whether or not what is waited for hears of it.

/** What is waited for; where an abort comes first, or has come, its reason is thrown. */
export async function unlessAborted(waiting, signal) {
  let hear;
  const abort = new Promise((resolve) => (hear = resolve));
  signal?.addEventListener('abort', hear);
  if (signal?.aborted) hear();
  try {
    return await Promise.race([abort, waiting]);
  } finally {
    signal?.removeEventListener('abort', hear);
    // Also where what was waited for heard of it first, and failed.
    signal?.throwIfAborted();
  }
}
