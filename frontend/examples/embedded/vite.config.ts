import { fileURLToPath } from "node:url";
import react from "@vitejs/plugin-react";
import { defineConfig } from "vite";

const server = `http://127.0.0.1:${process.env.HEADWATER_PORT ?? "8000"}`;

export default defineConfig({
  root: fileURLToPath(new URL(".", import.meta.url)),
  base: "./",
  plugins: [react()],
  // The linked library would otherwise resolve another copy of React.
  resolve: { dedupe: ["react", "react-dom"] },
  server: { proxy: { "/api": server } },
});
