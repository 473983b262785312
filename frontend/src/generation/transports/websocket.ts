import { readEvent } from "../decode";
import type { Event } from "../events";
import { type Members, parse } from "../members";
import { problemFrom } from "../problem";
import { toJson } from "../to-json";
import { type Arrival, type Origin, type Transport, TransportBlocked } from "../transport";
import { browserEnvironment, type Environment } from "./environment";
import { cancelOverHttp } from "./http";

/** A handshake that takes longer counts as blocked. */
const HANDSHAKE_MS = 5_000;

/**
 * One WebSocket for each reply. On a shared one, a slow reply would delay the others, and the silence of one reply
 * could not be distinguished from the silence of all.
 */
export default function webSocketTransport(environment = browserEnvironment): Transport {
  return {
    read: (origin, signal) => readSocket(actionOf(origin), signal, environment),
    cancel: (generation) => cancelOverHttp(generation, environment),
  };
}

function actionOf(origin: Origin): Members {
  if ("generation" in origin) {
    return { action: "follow", generation: origin.generation, after: origin.cursor };
  }
  return { action: "to" in origin.request ? "reply" : "chat", ...origin.request };
}

async function* readSocket(
  action: Members,
  signal: AbortSignal,
  environment: Environment,
): AsyncGenerator<Arrival> {
  for await (const frames of framesOf(open(environment), toJson(action), signal)) {
    yield frames.flatMap((frame) => readFrame(frame) ?? []);
  }
}

function readFrame(frame: string): Event | undefined {
  const message = parse(frame);
  if (message.event === "problem") throw problemFrom(message);
  return readEvent(message);
}

/** @throws TransportBlocked if the Content-Security-Policy of the page forbids it */
function open(environment: Environment): WebSocket {
  try {
    return environment.openSocket("/api/ws");
  } catch (error) {
    throw new TransportBlocked("no WebSocket may be opened", { cause: error });
  }
}

/**
 * Sends one message and yields the frames that arrive, in batches.
 *
 * @throws TransportBlocked if the socket does not open
 * @throws the signal's reason when it aborts
 */
async function* framesOf(
  socket: WebSocket,
  message: string,
  signal: AbortSignal,
): AsyncGenerator<readonly string[]> {
  let frames: string[] = [];
  let isOpen = false;
  let isClosed = false;
  let wake = () => {};
  const onOpen = () => {
    clearTimeout(handshake);
    isOpen = true;
    socket.send(message);
  };
  const onMessage = ({ data }: MessageEvent<string>) => {
    frames.push(data);
    wake();
  };
  const onClose = () => {
    isClosed = true;
    wake();
  };
  const over = new AbortController();
  const until = { signal: over.signal };
  const handshake = setTimeout(() => socket.close(), HANDSHAKE_MS);
  socket.addEventListener("open", onOpen, until);
  socket.addEventListener("message", onMessage, until);
  socket.addEventListener("close", onClose, until);
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
