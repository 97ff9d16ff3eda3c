import { defineConfig } from "vite";

export default defineConfig({
  build: {
    // A file in the page's own folder satisfies the content security policy; a data: URL of the
    // evaluator would not.
    assetsInlineLimit: 0,
    // The dependencies are two; one file is one request.
    modulePreload: false,
    rolldownOptions: {
      // "use client" is for frameworks that render on a server; nothing of this page does.
      onwarn: (warning, warn) => {
        if (warning.code !== "MODULE_LEVEL_DIRECTIVE") warn(warning);
      },
    },
  },
});
