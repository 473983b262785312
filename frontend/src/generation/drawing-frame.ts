const LONGEST_WAIT_MS = 250;

// Measuring takes a timer, so cheap frames are not all measured.
const CHEAP_MS = 4;
const CHEAP_IS_MEASURED_EVERY_MS = 100;

/** Milliseconds; `restsUntil` and `measuredAt` are times of `performance.now()`. */
const drawing = {
  costMs: 0,
  restsUntil: 0,
  measuredAt: Number.NEGATIVE_INFINITY,
  isMeasured: false,
};

/**
 * Calls back once before a coming frame. Drawing takes at most half of the time: after an expensive frame, as on a
 * slow phone, nothing is drawn for as long as that frame took, so that people can still type and scroll. The call
 * comes after a quarter of a second at the latest, because a hidden page gets no frames.
 *
 * @returns cancels the call
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

/** Measures the time from now until this frame has been drawn. */
function measure(): void {
  const beganAt = performance.now();
  const isOld = beganAt - drawing.measuredAt >= CHEAP_IS_MEASURED_EVERY_MS;
  if (drawing.isMeasured || (drawing.costMs < CHEAP_MS && !isOld)) return;
  drawing.isMeasured = true;
  drawing.measuredAt = beganAt;
  setTimeout(() => {
    const now = performance.now();
    const costMs = now - beganAt;
    // The smaller of two measurements, because one may include other work.
    drawing.restsUntil = now + Math.min(costMs, drawing.costMs);
    drawing.costMs = costMs;
    drawing.isMeasured = false;
  });
}
