// Forged tokens as credentials of the running Worker: nobody gets in, nothing breaks, and no address that a
// token names is ever asked (threats J1 to J19, J24).

import assert from "node:assert/strict";
import { createServer } from "node:http";
import { after, before, test } from "node:test";

import { startEdge } from "../support/edge.mjs";
import { Forger, algorithms } from "../support/forger.mjs";
import { presentTo } from "../support/present.mjs";
import { Person } from "./person.mjs";

const forgers = algorithms.map((algorithm) => new Forger(algorithm));
let asked = 0;
let forged = 0;
let trap;
let edge;

before(async () => {
  trap = createServer((_, response) => {
    asked += 1;
    response.end('{"keys":[]}');
  });
  await new Promise((resolve) => trap.listen(0, "127.0.0.1", resolve));
  const issuers = forgers.map(({ record }) => record);
  edge = await startEdge({ vars: { LOCKSTEP_ISSUERS: JSON.stringify(issuers) } });
});

after(async () => {
  await edge?.stop();
  trap?.close();
});

const me = (text) => new Person(edge, { authorization: `Bearer ${text}` }).get("/v1/me");

for (const forger of forgers) {
  test(`j1 to j19 no forged ${forger.algorithm} token is accepted`, async () => {
    assert.equal((await me(forger.token())).status, 200, "the pattern has to be good");
    const tokens = forger.forgeries(`http://127.0.0.1:${trap.address().port}/keys`);
    assert.ok(tokens.length > 500, `${tokens.length}`);
    await presentTo(edge, forger.algorithm, tokens);
    assert.equal((await me(forger.token())).status, 200, "and still is");
    forged += tokens.length;
  });
}

test("j2 nobody signs for another issuer, whatever the kind of their keys", async () => {
  const crossed = forgers.flatMap((signer) =>
    forgers.filter((other) => other !== signer).map((other) => {
      const claims = Buffer.from(JSON.stringify(signer.claims({ iss: other.issuer }))).toString("base64url");
      return signer.token(undefined, claims);
    }),
  );
  await presentTo(edge, "other issuers", crossed);
  forged += crossed.length;
});

test("j4 no address in any of them was asked", () => {
  assert.ok(forged > 3_000, `${forged}`);
  assert.equal(asked, 0);
});
