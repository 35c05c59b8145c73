import { join } from "node:path";
import { defineConfig } from "vite";

// The pages are embedded in the programs: few files, plain names, nothing inlined as a data: URL
// (the content security policy has none). Mode "console" builds the hub's pages, all else the
// client's.
export default defineConfig(({ mode }) => ({
  root: mode === "console" ? join(import.meta.dirname, "console") : import.meta.dirname,
  publicDir: join(import.meta.dirname, "public"),
  build: {
    target: "es2022",
    assetsInlineLimit: 0,
    emptyOutDir: true,
    modulePreload: { polyfill: false },
    rollupOptions: {
      output: {
        entryFileNames: "assets/[name].js",
        chunkFileNames: "assets/[name].js",
        assetFileNames: "assets/[name][extname]",
      },
    },
  },
}));
