import { fileURLToPath } from "node:url";
import tailwindcss from "@tailwindcss/vite";
import react from "@vitejs/plugin-react";
import { defineConfig } from "vite";
import { scopedStyles } from "./scoped-styles.ts";

/** The chat as a library. React is a peer dependency. */
export default defineConfig({
  root: fileURLToPath(new URL(".", import.meta.url)),
  plugins: [react(), tailwindcss()],
  resolve: { alias: { "use-sync-external-store/shim/index.js": "react" } },
  define: { "process.env.NODE_ENV": '"production"' },
  css: { postcss: { plugins: [scopedStyles("headwater")] } },
  build: {
    lib: {
      entry: fileURLToPath(new URL("entry.ts", import.meta.url)),
      formats: ["es"],
      fileName: "headwater-chat",
      cssFileName: "headwater-chat",
    },
    // tsc has already written the types there.
    emptyOutDir: false,
    target: ["chrome111", "firefox114", "safari16.4"],
    rolldownOptions: { external: /^react(-dom)?(\/|$)/ },
  },
});
