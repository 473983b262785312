import { backoffMs } from "../generation/following/backoff";

/** Loads a module; if that fails, tries again, later and later. */
export async function untilLoaded<T>(load: () => Promise<T>): Promise<T> {
  for (let failures = 0; ; failures += 1) {
    try {
      return await load();
    } catch {
      await new Promise((resolve) => setTimeout(resolve, backoffMs(failures, Math.random())));
    }
  }
}
