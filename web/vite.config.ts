import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import react from "@vitejs/plugin-react";
import { defineConfig, type Plugin } from "vite";

/**
 * The chosen theme must stand before the first paint, or a dark room flashes white. A module runs too late and an
 * inline script would need a hole in the content security policy, so this one is a small classic script of its own.
 */
function themeBeforePaint(): Plugin {
  const source = readFileSync(new URL("src/first.js", import.meta.url), "utf8");
  const name = `assets/first-${createHash("sha256").update(source).digest("hex").slice(0, 8)}.js`;
  return {
    name: "anxin:theme-before-paint",
    configureServer(server) {
      server.middlewares.use(`/${name}`, (_request, response) => {
        response.setHeader("Content-Type", "text/javascript");
        response.end(source);
      });
    },
    transformIndexHtml: () => [{ tag: "script", attrs: { src: `/${name}` }, injectTo: "head-prepend" }],
    generateBundle() {
      this.emitFile({ type: "asset", fileName: name, source });
    },
  };
}

export default defineConfig({
  plugins: [react(), themeBeforePaint()],
  base: "/",
  build: {
    outDir: "../src/anxin/serve/page",
    emptyOutDir: true,
    target: "es2022",
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
  },
  server: { proxy: { "/api": process.env["ANXIN_SERVER"] ?? "http://127.0.0.1:8000" } },
});
