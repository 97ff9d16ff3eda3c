// Verifies tokens, by our crate and by jose: with `times`, so many of them in turn and gives how many
// it accepted; without, each once and gives its subject.

import { importJWK, jwtVerify } from "jose";
import * as lockstep from "lockstep-jwt";

let jose;
let ours;

const contenders = {
  lockstep: async (env, tokens, times) => {
    ours ??= new lockstep.Issuer(JSON.stringify(env.ISSUERS));
    if (times > 0) return ours.accepted(tokens, times);
    return Promise.all(tokens.map((token) => ours.subject(token).then((subject) => subject ?? null)));
  },
  jose: async (env, tokens, times) => {
    jose ??= await openJose(env.ISSUERS);
    const verify = jose[algorithmOf(tokens[0])];
    if (times === 0) return Promise.all(tokens.map((token) => verify(token).catch(() => null)));
    let accepted = 0;
    for (let at = 0; at < times; at += 1) {
      if (await verify(tokens[at % tokens.length])) accepted += 1;
    }
    return accepted;
  },
};

/** jose at its best: each key imported once, and given, so that nothing has to be looked for. */
async function openJose(issuers) {
  const opened = issuers.map(async ({ issuer, audiences, algorithms, keys }) => {
    const key = await imported(keys.keys[0], algorithms[0]);
    const options = { issuer, audience: audiences, algorithms, requiredClaims: ["sub", "exp"] };
    return [algorithms[0], async (token) => (await jwtVerify(token, key, options)).payload.sub];
  });
  return Object.fromEntries(await Promise.all(opened));
}

/** A secret given as bytes would be imported again for each token. */
function imported(jwk, algorithm) {
  if (jwk.kty !== "oct") return importJWK(jwk, algorithm);
  return crypto.subtle.importKey("jwk", { kty: jwk.kty, k: jwk.k }, { name: "HMAC", hash: "SHA-256" }, false, ["verify"]);
}

function algorithmOf(token) {
  return JSON.parse(atob(token.split(".")[0])).alg;
}

export default {
  async fetch(request, env) {
    const { tokens, times } = await request.json();
    return Response.json(await contenders[new URL(request.url).pathname.slice(1)](env, tokens, times));
  },
};
