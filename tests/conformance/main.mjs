// The same questions to both signature primitives, natively and in workerd: the verdict about every one
// must be the same, word for word. `cargo xtask conformance` builds both sides and runs this.

import { spawnSync } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import path from "node:path";
import { fileURLToPath } from "node:url";

import { build } from "esbuild";
import { Log, LogLevel, Miniflare } from "miniflare";

import { Forger, algorithms as forged } from "../support/forger.mjs";

const root = fileURLToPath(new URL("../..", import.meta.url));
const vectors = path.resolve(root, process.env.LOCKSTEP_VECTORS);
const { CONFORMANCE_NATIVE: native, CONFORMANCE_WEB: web } = process.env;
const symmetric = ["HS256", "HS384", "HS512"];
const asymmetric = ["RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "EdDSA"];
const all = [...symmetric, ...asymmetric];
const atOnce = 500;

const read = (file) => JSON.parse(readFileSync(path.join(vectors, file), "utf8"));
const setOf = (key) => JSON.stringify("keys" in key ? key : { keys: [key] });
const base64url = (hex) => Buffer.from(hex, "hex").toString("base64url");

/** Every token under its keys, as a record for symmetric and as one for public keys loads them. */
function ofTokens(cases) {
  return cases.flatMap(([key, token]) =>
    [symmetric, asymmetric].map((algorithms) => ({ set: setOf(key), algorithms: algorithms.join(" "), token })),
  );
}

function wycheproof(file) {
  return ofTokens(
    read(`wycheproof/${file}`).testGroups.flatMap((group) =>
      group.tests.map(({ jws }) => [group.public ?? group.private, jws]),
    ),
  );
}

/** Their keys have no `alg`, so each is asked about under its own. */
function rfc() {
  const cases = read("rfc/jose-rfc-appendices.json").cases.filter(({ jwk, alg }) => jwk && all.includes(alg));
  return cases.map(({ jwk, alg, jws, jws_json: json }) => ({ set: setOf(jwk), algorithms: alg, token: jws ?? json }));
}

/** Good tokens of every kind, and what a forger makes of them. */
function forgeries() {
  return forged.flatMap((algorithm) => {
    const forger = new Forger(algorithm);
    const tokens = [forger.token(), ...forger.forgeries("http://127.0.0.1:1/keys")];
    const set = JSON.stringify(forger.record.keys);
    const good = (at) => (at === 0 ? { result: "valid" } : {});
    return tokens.map((token, at) => ({ set, algorithms: algorithm, token, ...good(at) }));
  });
}

/** Which algorithm a file of Wycheproof is about; the folder need not have it. */
const primitives = [
  ["ecdsa_secp256r1_sha256_p1363", "ES256"],
  ["ecdsa_secp384r1_sha384_p1363", "ES384"],
  ["ed25519", "EdDSA"],
  ...["2048", "3072", "4096"].flatMap((size) =>
    ["256", "384", "512"].flatMap((hash) => [
      [`rsa_signature_${size}_sha${hash}`, `RS${hash}`],
      [`rsa_pss_${size}_sha${hash}_mgf1_${Number(hash) / 8}`, `PS${hash}`],
    ]),
  ),
];

function signatures(name, algorithm) {
  return read(`wycheproof/${name}_test.json`).testGroups.flatMap((group) => {
    const key = group.publicKeyJwk ?? (group.publicKey.modulus && rsa(group.publicKey));
    if (!key) return [];
    const { kty, crv, x, y, n, e } = key;
    const set = JSON.stringify({ keys: [{ kty, crv, x, y, n, e }] });
    return group.tests.map(({ msg, sig, result }) => ({
      set, algorithms: algorithm, message: base64url(msg), signature: base64url(sig), result,
    }));
  });
}

function rsa({ modulus, publicExponent }) {
  const number = (hex) => base64url(hex.padStart(hex.length + (hex.length % 2), "0").replace(/^(00)+/, ""));
  return { kty: "RSA", n: number(modulus), e: number(publicExponent) };
}

function suites() {
  const found = [
    ["Wycheproof JWS", wycheproof("json_web_signature_test.json")],
    ["Wycheproof JWK", wycheproof("json_web_key_test.json")],
    ["RFC appendices", rfc()],
    ["forged here", forgeries()],
  ];
  const isThere = ([name]) => existsSync(path.join(vectors, `wycheproof/${name}_test.json`));
  for (const [name, algorithm] of primitives.filter(isThere)) {
    found.push([`Wycheproof ${name}`, signatures(name, algorithm)]);
  }
  return found;
}

function answersOfNative(questions) {
  const { stdout, status } = spawnSync(native, {
    input: questions.map((question) => `${question}\n`).join(""),
    maxBuffer: 1 << 28,
    encoding: "utf8",
  });
  if (status !== 0) throw new Error(`the native side ended with ${status}`);
  return stdout.split("\n").slice(0, -1);
}

async function startWeb() {
  const { outputFiles } = await build({
    entryPoints: [fileURLToPath(new URL("worker.mjs", import.meta.url))],
    bundle: true,
    write: false,
    format: "esm",
    target: "esnext",
    external: ["*.wasm"],
    alias: { "lockstep-conformance": path.join(web, "edge.js") },
  });
  // wasm-bindgen imports modules as the coming standard has it; workerd does without the word.
  const script = outputFiles[0].text.replaceAll(/import source (\w+) ?from/g, "import $1 from");
  const miniflare = new Miniflare({
    cf: false,
    log: new Log(LogLevel.ERROR),
    compatibilityDate: "2026-04-20",
    modules: [
      { type: "ESModule", path: "worker.mjs", contents: script },
      { type: "CompiledWasm", path: "edge_bg.wasm", contents: readFileSync(path.join(web, "edge_bg.wasm")) },
    ],
  });
  const url = await miniflare.ready;
  const answers = async (questions) => {
    const answers = [];
    for (let at = 0; at < questions.length; at += atOnce) {
      const body = JSON.stringify(questions.slice(at, at + atOnce));
      const response = await fetch(url, { method: "POST", body });
      if (response.status !== 200) throw new Error(`workerd answered ${response.status}: ${await response.text()}`);
      answers.push(...(await response.json()));
    }
    return answers;
  };
  return { answers, stop: () => miniflare.dispose() };
}

/** Whether an answer is what whoever made the vectors says; what is merely acceptable may be either. Keys that we take from nobody are theirs, not those of tokens that are made here. */
function isRight({ result, token }, answer) {
  if (result === undefined || result === "acceptable") return true;
  if (token === undefined && /^key set refused/.test(answer)) return true;
  return (answer === "valid") === (result === "valid");
}

let differences = 0;
const runtime = await startWeb();
try {
  for (const [name, cases] of suites()) {
    const questions = cases.map((one) => JSON.stringify(one));
    const [here, there] = [answersOfNative(questions), await runtime.answers(questions)];
    if (here.length !== cases.length || there.length !== cases.length) throw new Error(`${name}: answers are missing`);
    const different = cases.filter((_, at) => here[at] !== there[at]);
    const wrong = cases.filter((one, at) => !isRight(one, here[at]) || !isRight(one, there[at]));
    const count = (test) => here.filter(test).length;
    if (cases.some(({ result }) => result === "valid") && !here.includes("valid")) throw new Error(`${name}: nothing is valid`);
    const refusedKeys = count((answer) => /^key set refused/.test(answer));
    console.log(
      `${name}: ${cases.length} verdicts, ${different.length} different, ` +
        `${count((answer) => answer === "valid")} valid, ${refusedKeys} by the key set alone` +
        (cases.some(({ result }) => result) ? `, ${wrong.length} wrong` : ""),
    );
    for (const one of [...different, ...wrong].slice(0, 10)) {
      const at = cases.indexOf(one);
      console.log(`  natively "${here[at]}", in workerd "${there[at]}", listed "${one.result}": ${questions[at].slice(0, 400)}`);
    }
    differences += different.length + wrong.length;
  }
} finally {
  await runtime.stop();
}
if (differences > 0) {
  console.log(`${differences} verdicts differ or are wrong`);
  process.exitCode = 1;
}
