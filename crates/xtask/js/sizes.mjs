// Prints, as JSON, the sizes of what is loaded: by a page for the gate, by Cloudflare for the Worker.

import { readFile } from "node:fs/promises";
import { brotliCompressSync, constants, gzipSync } from "node:zlib";

import { build } from "esbuild";

const gateWasm = await readFile("www/packages/gate/wasm/lockstep_gate_bg.wasm");
const gateScript = await bundle("www/packages/gate/dist/index.js");
const workerWasm = await readFile("crates/edge/build/index_bg.wasm");
const workerScript = await readFile("crates/edge/build/index.js");

console.log(
  JSON.stringify({
    gate: sum([gateWasm, gateScript]),
    "gate wasm": sum([gateWasm]),
    "gate javascript": sum([gateScript]),
    worker: sum([workerWasm, workerScript]),
  }),
);

/** What an application that imports all of the package gets, minified. */
async function bundle(entry) {
  const result = await build({
    entryPoints: [entry],
    bundle: true,
    minify: true,
    format: "esm",
    target: "es2022",
    write: false,
    logLevel: "error",
    loader: { ".wasm": "file" },
    outdir: "unused",
  });
  return result.outputFiles.find((file) => file.path.endsWith(".js")).contents;
}

function sum(files) {
  const total = { raw: 0, gzip: 0, brotli: 0 };
  for (const bytes of files) {
    total.raw += bytes.length;
    total.gzip += gzipSync(bytes, { level: 9 }).length;
    total.brotli += brotliCompressSync(bytes, {
      params: { [constants.BROTLI_PARAM_QUALITY]: 11 },
    }).length;
  }
  return total;
}
