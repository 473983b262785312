import { backoffMs } from "./generation/following/backoff";

type Load<T = unknown> = () => Promise<T>;
type Report = (untilThere?: Promise<unknown>) => void;

const reports = new Set<Report>();
const missing = new Map<Load, Promise<unknown>>();

/**
 * Calls back when a module could not be loaded. What it gets settles when none is missing any more; undefined if
 * nothing tries again.
 *
 * @returns stops that
 */
export function onMissing(report: Report): () => void {
  reports.add(report);
  return () => void reports.delete(report);
}

export const reportMissing: Report = (untilThere) => {
  for (const report of reports) report(untilThere);
};

/**
 * Loads a module that the page needs. One that cannot be loaded is reported, and loaded again, later and later: some
 * browsers do that only after a reload.
 */
export async function untilLoaded<T>(load: Load<T>, onFailure?: () => void): Promise<T> {
  try {
    if (!missing.has(load)) return await load();
  } catch {
    // Others may have needed it at the same time.
    if (!missing.has(load) && missing.set(load, tryAgain(load)).size === 1) {
      reportMissing(untilAllThere());
    }
  }
  onFailure?.();
  return missing.get(load) as Promise<T>;
}

async function tryAgain<T>(load: Load<T>): Promise<T> {
  for (let failures = 0; ; failures += 1) {
    await new Promise((resolve) => setTimeout(resolve, backoffMs(failures, Math.random())));
    try {
      return await load();
    } catch {
      // Reported already.
    }
  }
}

async function untilAllThere(): Promise<void> {
  for (const [load, again] of missing) {
    await again;
    missing.delete(load);
  }
}
