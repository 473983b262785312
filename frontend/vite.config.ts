import tailwindcss from "@tailwindcss/vite";
import react from "@vitejs/plugin-react";
import { defineConfig } from "vitest/config";
import { firstLoad } from "./scripts/first-load.ts";

const backend = `http://127.0.0.1:${process.env.HEADWATER_PORT ?? "8000"}`;

export default defineConfig({
  plugins: [react(), tailwindcss(), firstLoad(["/conversations/sidebar/sidebar.tsx"], 110_000)],
  resolve: {
    alias: {
      // React has had it for long; wouter brings what stood in for it.
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
    // Parts that are fetched later name what they need themselves: a list of it would come with the first look.
    modulePreload: {
      polyfill: false,
      resolveDependencies: (_file, needed, { hostType }) => (hostType === "html" ? needed : []),
    },
    assetsInlineLimit: 0,
    // One style sheet: a script that is fetched later brings no style, and so no shift.
    cssCodeSplit: false,
    // What comes first comes in one piece, which compresses better than several.
    rolldownOptions: {
      output: { codeSplitting: { groups: [{ name: "page", tags: ["$initial"] }] } },
    },
    target: ["chrome111", "firefox114", "safari16.4"],
  },
  test: {
    environment: "node",
    include: ["{src,clients}/**/*.test.{ts,tsx}"],
    restoreMocks: true,
    testTimeout: 60_000,
    hookTimeout: 60_000,
  },
});
