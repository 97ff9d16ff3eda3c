// One token's whole verification, ours and jose's, in one workerd and without any cache of tokens.

import { readFile } from "node:fs/promises";
import path from "node:path";

import { Client } from "./load.mjs";
import { bundled } from "./runtime.mjs";
import { Issuer } from "./world.mjs";

const algorithms = ["RS256", "ES256", "EdDSA", "HS256"];
const contenders = ["lockstep", "jose"];
const tokens = 64;
/** Verifications of one sample. */
const count = 2_000;
const warmUp = 3;

/** CPU microseconds of one verification by algorithm and contender; `folder` has our module. */
export async function jwt(folder, rounds) {
  const issuers = algorithms.map((algorithm) => new Issuer(algorithm));
  const worker = await bundled("jwt", {
    alias: { "lockstep-jwt": path.join(folder, "edge.js") },
    modules: [
      { type: "CompiledWasm", path: "edge_bg.wasm", contents: await readFile(path.join(folder, "edge_bg.wasm")) },
    ],
    bindings: { ISSUERS: issuers.map(({ record }) => record) },
  });
  const client = new Client(worker);
  try {
    const batches = issuers.map((issuer) => Array.from({ length: tokens }, (_, at) => issuer.token(`user${at}`)));
    for (const [at, issuer] of issuers.entries()) await compare(client, issuer, batches[at]);
    return await measure(worker, client, batches, rounds);
  } finally {
    client.close();
    await worker.stop();
  }
}

/** Both accept every token, with its subject, and neither a forged one. */
async function compare(client, issuer, batch) {
  const forged = new Issuer(issuer.algorithm).token("user0");
  const edited = batch[0].replace(/.(?=.{20}$)/, (c) => (c === "A" ? "B" : "A"));
  const late = issuer.token("user0", { exp: 1 });
  const other = issuer.token("user0", { aud: "another" });
  for (const who of contenders) {
    const subjects = await run(client, who, [...batch, forged, edited, late, other], 0);
    const expected = [...batch.map((_, at) => `user${at}`), null, null, null, null];
    if (JSON.stringify(subjects) !== JSON.stringify(expected)) {
      throw new Error(`${who} reads ${issuer.algorithm} tokens as ${JSON.stringify(subjects)}`);
    }
  }
}

async function run(client, who, batch, times) {
  const { status, text } = await client.send({ path: `/${who}`, body: { tokens: batch, times } });
  if (status !== 200) throw new Error(`${who} answered ${status}: ${text}`);
  return JSON.parse(text);
}

async function measure(worker, client, batches, rounds) {
  const entries = algorithms.flatMap((algorithm, at) =>
    contenders.map((who) => ({ algorithm, who, batch: batches[at], samples: [] })),
  );
  for (let round = -warmUp; round < rounds; round += 1) {
    for (const { who, batch, samples } of entries) {
      const before = worker.cpuMs();
      const accepted = await run(client, who, batch, count);
      if (accepted !== count) throw new Error(`${who} accepted ${accepted} of ${count}`);
      const us = ((worker.cpuMs() - before) * 1_000) / count;
      if (round >= 0) samples.push(us);
    }
  }
  const result = {};
  for (const { algorithm, who, samples } of entries) {
    (result[algorithm] ??= {})[who] = samples.toSorted((a, b) => a - b)[Math.floor(samples.length / 2)];
  }
  return result;
}
