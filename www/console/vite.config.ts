import { defineConfig } from "vite";

export default defineConfig({
  build: {
    // A file in the page's own folder satisfies the content security policy; a data: URL of the
    // evaluator would not.
    assetsInlineLimit: 0,
    // The dependencies are two; one file is one request.
    modulePreload: false,
  },
});
