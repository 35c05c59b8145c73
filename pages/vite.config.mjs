import { defineConfig } from "vite";

// The pages are embedded in the program: few files, plain names, nothing inlined as a data: URL
// (the content security policy has none).
export default defineConfig({
  root: import.meta.dirname,
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
});
