import { fileURLToPath } from "node:url";
import tailwindcss from "@tailwindcss/vite";
import react from "@vitejs/plugin-react";
import { defineConfig } from "vite";

export default defineConfig({
  root: fileURLToPath(new URL(".", import.meta.url)),
  plugins: [react(), tailwindcss()],
  // All renderers use the React of the page.
  resolve: { dedupe: ["react", "react-dom"] },
  build: {
    minify: process.env.NOMIN ? false : "oxc",
    outDir: "../node_modules/.bench",
    emptyOutDir: true,
  },
});
