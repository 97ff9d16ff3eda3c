// What a page has to load for each peer, minified, after brotli: `sizes.mjs REGORUS_FOLDER` prints JSON.

import { readFile } from "node:fs/promises";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { brotliCompressSync, constants } from "node:zlib";

import { build, transform } from "esbuild";

const [regorus] = process.argv.slice(2);
const here = fileURLToPath(new URL(".", import.meta.url));
const cedar = path.join(here, "node_modules/@cedar-policy/cedar-wasm/web");

console.log(
  JSON.stringify({
    casl: brotli(await bundle('export { createMongoAbility, subject } from "@casl/ability";')),
    "better-auth": brotli(await bundle('export { createAccessControl } from "better-auth/plugins/access";')),
    regorus: await files(regorus, "lockstep_bench_regorus"),
    cedar: await files(cedar, "cedar_wasm"),
  }),
);

/** The smallest useful import. */
async function bundle(contents) {
  const { outputFiles } = await build({
    stdin: { contents, resolveDir: here },
    bundle: true,
    minify: true,
    format: "esm",
    target: "es2022",
    write: false,
    logLevel: "error",
  });
  return outputFiles[0].contents;
}

async function files(folder, name) {
  const glue = await readFile(path.join(folder, `${name}.js`), "utf8");
  const { code } = await transform(glue, { minify: true });
  return brotli(await readFile(path.join(folder, `${name}_bg.wasm`))) + brotli(Buffer.from(code));
}

function brotli(bytes) {
  return brotliCompressSync(bytes, {
    params: { [constants.BROTLI_PARAM_QUALITY]: constants.BROTLI_MAX_QUALITY },
  }).length;
}
