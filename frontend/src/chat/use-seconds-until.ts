import { useNow } from "./use-now";

const READ_EVERY_MS = 250;

/** Whole seconds until a moment of the page's clock (milliseconds); 0 once it has come, or without one. */
export function useSecondsUntil(moment: number | null): number {
  const left = moment === null ? 0 : Math.max(0, Math.ceil((moment - performance.now()) / 1000));
  useNow(READ_EVERY_MS, left > 0);
  return left;
}
