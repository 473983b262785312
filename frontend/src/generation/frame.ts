const HIDDEN_MS = 250;

/**
 * Calls back once, before the browser next draws. A hidden page draws nothing and gets no frames, so
 * it is called back within a quarter of a second there, or as soon as timers may run.
 *
 * @returns takes the call back
 */
export function onNextFrame(callback: () => void): () => void {
  const cancel = () => {
    cancelAnimationFrame(frame);
    clearTimeout(timer);
  };
  const once = () => {
    cancel();
    callback();
  };
  const frame = requestAnimationFrame(once);
  const timer = setTimeout(once, HIDDEN_MS);
  return cancel;
}
