import { readEvent } from "../decode";
import type { Event } from "../events";
import { type Members, parse } from "../members";
import { problemFrom } from "../problem";
import { type Arrival, type StartRequest, type Transport, TransportBlocked } from "../transport";
import { cancelOverHttp } from "./http";
import { browserWays, type Ways } from "./ways";

/** A handshake that takes longer does not get through, in milliseconds. */
const HANDSHAKE_MS = 5_000;

/**
 * A WebSocket for each reply, closed when that has ended. Replies could share one; but then a slow one
 * would hold up the others, and the silence of one could not be told from the silence of all.
 */
export function webSocketTransport(ways = browserWays): Transport {
  return {
    start: (request, signal) => readSocket(actionOf(request), signal, ways),
    resume: (generation, after, signal) =>
      readSocket({ action: "follow", generation, after }, signal, ways),
    cancel: (generation) => cancelOverHttp(generation, ways),
  };
}

function actionOf(request: StartRequest): Members {
  return { action: "to" in request ? "reply" : "chat", ...request };
}

async function* readSocket(
  action: Members,
  signal: AbortSignal,
  ways: Ways,
): AsyncGenerator<Arrival> {
  for await (const frames of framesOf(open(ways), JSON.stringify(action), signal)) {
    yield frames.flatMap((frame) => readFrame(frame) ?? []);
  }
}

function readFrame(frame: string): Event | undefined {
  const said = parse(frame);
  if (said.event === "problem") throw problemFrom(said);
  return readEvent(said);
}

/** @throws TransportBlocked where the page's own policy does not let it */
function open(ways: Ways): WebSocket {
  try {
    return ways.openSocket("/api/ws");
  } catch (error) {
    throw new TransportBlocked("no WebSocket may be opened", { cause: error });
  }
}

/**
 * Says one thing and yields the frames that come, those together that have come together.
 *
 * @throws TransportBlocked when the socket does not open
 * @throws the signal's reason when it aborts
 */
async function* framesOf(
  socket: WebSocket,
  said: string,
  signal: AbortSignal,
): AsyncGenerator<readonly string[]> {
  let frames: string[] = [];
  let isOpen = false;
  let isClosed = false;
  let wake = () => {};
  const over = new AbortController();
  const handshake = setTimeout(() => socket.close(), HANDSHAKE_MS);
  const until = { signal: over.signal };
  socket.addEventListener(
    "open",
    () => {
      clearTimeout(handshake);
      isOpen = true;
      socket.send(said);
    },
    until,
  );
  socket.addEventListener(
    "message",
    ({ data }) => {
      frames.push(data);
      wake();
    },
    until,
  );
  socket.addEventListener(
    "close",
    () => {
      isClosed = true;
      wake();
    },
    until,
  );
  signal.addEventListener("abort", () => wake(), until);
  try {
    for (;;) {
      signal.throwIfAborted();
      if (frames.length > 0) {
        const arrived = frames;
        frames = [];
        yield arrived;
      } else if (!isClosed) await new Promise<void>((resolve) => (wake = resolve));
      else if (isOpen) return;
      else throw new TransportBlocked("the WebSocket did not open");
    }
  } finally {
    clearTimeout(handshake);
    over.abort();
    socket.close();
  }
}
