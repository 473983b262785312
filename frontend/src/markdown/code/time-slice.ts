const SLICE_MS = 8;

const waiting = new Set<() => void>();
let isScheduled = false;

/**
 * Runs a job soon. Jobs run in slices of a few milliseconds, so that they delay no frame.
 *
 * @returns cancels the job
 */
export function runSoon(job: () => void): () => void {
  waiting.add(job);
  schedule();
  return () => waiting.delete(job);
}

function schedule(): void {
  if (isScheduled || waiting.size === 0) return;
  isScheduled = true;
  setTimeout(work);
}

function work(): void {
  isScheduled = false;
  const endAt = performance.now() + SLICE_MS;
  try {
    for (const job of waiting) {
      waiting.delete(job);
      job();
      if (performance.now() > endAt) break;
    }
  } finally {
    schedule();
  }
}
