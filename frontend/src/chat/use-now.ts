import { useEffect, useState } from "react";

/** `performance.now()`, updated every `everyMs` while `isRunning`. */
export function useNow(everyMs: number, isRunning: boolean): number {
  const [now, setNow] = useState(() => performance.now());
  useEffect(() => {
    if (!isRunning) return;
    const timer = setInterval(() => setNow(performance.now()), everyMs);
    return () => clearInterval(timer);
  }, [everyMs, isRunning]);
  return now;
}

const READ_EVERY_MS = 250;

/** Whole seconds until a time of `performance.now()`; 0 once it has passed, or for null. */
export function useSecondsUntil(moment: number | null): number {
  const left = moment === null ? 0 : Math.max(0, Math.ceil((moment - performance.now()) / 1000));
  useNow(READ_EVERY_MS, left > 0);
  return left;
}
