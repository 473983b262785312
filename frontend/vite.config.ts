import tailwindcss from "@tailwindcss/vite";
import react from "@vitejs/plugin-react";
import type { Plugin } from "vite";
import { defineConfig } from "vitest/config";
import { firstLoad } from "./scripts/first-load.ts";

const backend = `http://127.0.0.1:${process.env.HEADWATER_PORT ?? "8000"}`;

/** Vite's own code would preload what chunks import; nothing is to be preloaded. */
const withoutPreloading: Plugin = {
  name: "without-preloading",
  enforce: "pre",
  load: {
    filter: { id: /vite\/preload-helper/ },
    handler: () => "export const __vitePreload = (load) => load();",
  },
};

export default defineConfig({
  base: "./",
  plugins: [
    withoutPreloading,
    react(),
    tailwindcss(),
    firstLoad(["/conversations/sidebar/sidebar.tsx"], 110_000),
  ],
  resolve: {
    alias: {
      // wouter imports a shim of what React has itself.
      "use-sync-external-store/shim/index.js": "react",
      "../createLucideIcon.mjs": `${import.meta.dirname}/src/ui/lucide-icon.ts`,
    },
  },
  server: {
    port: 5173,
    proxy: {
      "/api": { target: backend, ws: true },
      "/chat": backend,
      "/headwater.v1.ChatService": backend,
      "/healthz": backend,
    },
  },
  build: {
    outDir: "../backend/src/headwater/page",
    emptyOutDir: true,
    // The server's Content-Security-Policy allows neither inline scripts nor data: fonts.
    // Only the entry preloads its imports: the lists of lazy chunks would be part of the first load.
    modulePreload: {
      polyfill: false,
      resolveDependencies: (_file, needed, { hostType }) => (hostType === "html" ? needed : []),
    },
    assetsInlineLimit: 0,
    // One style sheet, so that lazy chunks cause no layout shift.
    cssCodeSplit: false,
    // The first load is one chunk, which compresses better than several.
    rolldownOptions: {
      output: { codeSplitting: { groups: [{ name: "page", tags: ["$initial"] }] } },
    },
    target: ["chrome111", "firefox114", "safari16.4"],
  },
  test: {
    environment: "node",
    // Where connections are many.
    environmentOptions: { jsdom: { url: "https://localhost/" } },
    maxWorkers: "100%",
    include: ["{src,clients}/**/*.test.{ts,tsx}"],
    restoreMocks: true,
    setupFiles: ["vitest.setup.ts"],
    // No test may hold up the others for ever: many times what the slowest takes.
    testTimeout: 180_000,
    hookTimeout: 180_000,
  },
});
