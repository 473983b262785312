import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";

const PYTHON = join(import.meta.dirname, "../../.venv/bin/python");

export interface RunningServer {
  readonly url: string;
  stop(): Promise<void>;
}

/** Runs `headwater serve` with the scripted models only; pages of the allowed origin may call it. */
export async function startServer(allowedOrigin = ""): Promise<RunningServer> {
  const folder = await mkdtemp(join(tmpdir(), "headwater-"));
  const port = await freePort();
  const server = spawn(PYTHON, ["-m", "headwater", "serve"], {
    env: {
      HEADWATER_PORT: String(port),
      HEADWATER_TLS_PORT: "0",
      HEADWATER_GRPC_PORT: "0",
      HEADWATER_DATA_DIR: folder,
      HEADWATER_LOCAL_MODEL: "off",
      HEADWATER_DRAIN_TIMEOUT: "0",
      HEADWATER_HEARTBEAT: "0.2",
      HEADWATER_ALLOWED_ORIGINS: allowedOrigin,
    },
    stdio: ["ignore", "pipe", "pipe"],
  });
  const log: string[] = [];
  server.stderr.setEncoding("utf8").on("data", (text: string) => log.push(text));
  const neverStarted = once(server, "exit").then(() => {
    throw new Error(`the server did not start: ${log.join("")}`);
  });
  await Promise.race([once(createInterface(server.stdout), "line"), neverStarted]);
  return {
    url: `http://127.0.0.1:${port}`,
    async stop() {
      const ended = once(server, "exit");
      server.kill();
      await ended;
      await rm(folder, { recursive: true });
    },
  };
}

async function freePort(): Promise<number> {
  const listening = createServer().listen(0, "127.0.0.1");
  await once(listening, "listening");
  const address = listening.address();
  listening.close();
  await once(listening, "close");
  if (address === null || typeof address === "string") throw new Error("no port is free");
  return address.port;
}
