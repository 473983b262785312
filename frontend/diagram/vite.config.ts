import { fileURLToPath } from "node:url";
import { defineConfig } from "vite";

/** A separate page, because it is served with another Content-Security-Policy. */
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
