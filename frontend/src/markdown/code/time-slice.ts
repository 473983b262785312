const TURN_MS = 8;

const waiting = new Set<() => void>();
let isScheduled = false;

/**
 * Does a job soon, but never so many at a time that a frame would have to wait for them.
 *
 * @returns takes the job back
 */
export function sendInOrder(job: () => void): () => void {
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
  const endAt = performance.now() + TURN_MS;
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
