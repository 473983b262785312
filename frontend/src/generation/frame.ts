const LONGEST_WAIT_MS = 250;

// To measure takes a timer. Where drawing was cheap, not every frame is worth one.
const CHEAP_MS = 4;
const CHEAP_IS_MEASURED_EVERY_MS = 100;

/** In milliseconds; `restsUntil` and `measuredAt` are times of the page's clock. */
const drawing = {
  costMs: 0,
  restsUntil: 0,
  measuredAt: Number.NEGATIVE_INFINITY,
  isMeasured: false,
};

/**
 * Calls back once, before the browser next draws. Where drawing is dear, as on a slow phone, it takes half
 * of the time at most: for as long as it took nothing is drawn, so that somebody can type and scroll.
 * It never waits for more than a quarter of a second, or for timers where those may not run: a hidden page
 * draws nothing and gets no frames.
 *
 * @returns takes the call back
 */
export function onNextFrame(callback: () => void): () => void {
  let frame = 0;
  let rest: ReturnType<typeof setTimeout> | undefined;
  const latest = setTimeout(once, LONGEST_WAIT_MS);
  function look() {
    const restMs = drawing.restsUntil - performance.now();
    if (restMs > 0) {
      rest = setTimeout(request, restMs);
    } else {
      measure();
      once();
    }
  }
  function request() {
    frame = requestAnimationFrame(look);
  }
  function once() {
    cancel();
    callback();
  }
  function cancel() {
    cancelAnimationFrame(frame);
    clearTimeout(rest);
    clearTimeout(latest);
  }
  request();
  return cancel;
}

/** Takes the time from now until everything that is changed in this frame has been drawn. */
function measure(): void {
  const beganAt = performance.now();
  const isOld = beganAt - drawing.measuredAt >= CHEAP_IS_MEASURED_EVERY_MS;
  if (drawing.isMeasured || (drawing.costMs < CHEAP_MS && !isOld)) return;
  drawing.isMeasured = true;
  drawing.measuredAt = beganAt;
  setTimeout(() => {
    const now = performance.now();
    const costMs = now - beganAt;
    // The lesser of two: something else may have come between, once.
    drawing.restsUntil = now + Math.min(costMs, drawing.costMs);
    drawing.costMs = costMs;
    drawing.isMeasured = false;
  });
}
