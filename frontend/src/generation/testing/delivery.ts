/** A part of a response: bytes, or a wait. */
export type Piece = Uint8Array | Wait;
export type Wait = (signal: AbortSignal) => Promise<void>;

/** How a response is delivered. */
export interface Delivery {
  /** The number of bytes before the cut. */
  readonly cut: number;
  /** The connection ends, breaks, or becomes silent. */
  readonly cutBy: "end" | "error" | "silence";
  /** The number of bytes of a network read. */
  readonly readSize: number;
  /** Aborts when the reader cancels the response. */
  readonly signal: AbortSignal;
}

/** The reads of a response up to the cut. */
export async function* readsUpTo(
  pieces: Iterable<Piece>,
  { cut, cutBy, readSize, signal }: Delivery,
): AsyncGenerator<Uint8Array> {
  let left = cut;
  for (const piece of joined(pieces)) {
    if (typeof piece === "function") await piece(signal);
    else {
      for (let at = 0; at < Math.min(piece.length, left); at += readSize) {
        signal.throwIfAborted();
        yield piece.slice(at, Math.min(at + readSize, left));
      }
      if (piece.length > left) return await cutOff(cutBy, signal);
      left -= piece.length;
    }
  }
}

/** The complete pieces before the cut, like frames of a socket. */
export async function* piecesUpTo(
  pieces: Iterable<Piece>,
  { cut, cutBy, signal }: Delivery,
): AsyncGenerator<Uint8Array> {
  let left = cut;
  for (const piece of pieces) {
    signal.throwIfAborted();
    if (typeof piece === "function") await piece(signal);
    else {
      if (piece.length > left) return await cutOff(cutBy, signal);
      yield piece;
      left -= piece.length;
    }
  }
}

async function cutOff(cutBy: Delivery["cutBy"], signal: AbortSignal): Promise<void> {
  if (cutBy === "error") throw new TypeError("cut");
  if (cutBy === "silence") await forever(signal);
}

/** A response body with these reads. */
export function bodyOf(reads: AsyncGenerator<Uint8Array>): ReadableStream<Uint8Array> {
  return new ReadableStream<Uint8Array>({
    async pull(controller) {
      const { done, value } = await reads.next();
      if (done) controller.close();
      else controller.enqueue(value);
    },
    async cancel() {
      await reads.return(undefined);
    },
  });
}

/** Rejects when the signal aborts. */
export function forever(signal: AbortSignal): Promise<never> {
  return new Promise((_, reject) => {
    signal.addEventListener("abort", () => reject(signal.reason));
  });
}

/** Waits `ms` milliseconds; rejects when the signal aborts. */
export function silence(ms: number): Wait {
  return (signal) =>
    Promise.race([new Promise<void>((resolve) => setTimeout(resolve, ms)), forever(signal)]);
}

/** Joins consecutive bytes, because reads do not respect boundaries. */
function* joined(pieces: Iterable<Piece>): Generator<Piece> {
  let bytes: Uint8Array[] = [];
  for (const piece of pieces) {
    if (typeof piece !== "function") bytes.push(piece);
    else {
      yield new Uint8Array(Buffer.concat(bytes));
      bytes = [];
      yield piece;
    }
  }
  yield new Uint8Array(Buffer.concat(bytes));
}
