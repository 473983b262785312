import { fileURLToPath } from "node:url";
import { defineConfig } from "vite";

/** A page of its own, beside that of the chat: it is served under another policy. */
export default defineConfig({
  root: fileURLToPath(new URL(".", import.meta.url)),
  base: "./",
  build: {
    outDir: "../../backend/src/headwater/page/diagram",
    emptyOutDir: true,
    modulePreload: { polyfill: false },
    target: ["chrome111", "firefox114", "safari16.4"],
    chunkSizeWarningLimit: 3_000,
  },
});
