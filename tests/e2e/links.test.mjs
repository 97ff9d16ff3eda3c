// Links in mail lead to the configured origin, whatever a request says about hosts (threat I14).

import assert from "node:assert/strict";
import http from "node:http";
import { after, before, test } from "node:test";

import { startEdge } from "../support/edge.mjs";
import { newestMail, Person } from "./person.mjs";

const elsewhere = "elsewhere.example";
const spellings = [
  { host: elsewhere },
  { host: `${elsewhere}:8787` },
  { "x-forwarded-host": elsewhere },
  { "x-forwarded-proto": "https", "x-forwarded-host": `${elsewhere}, localhost` },
  { forwarded: `host=${elsewhere};proto=https` },
  { "x-original-url": `https://${elsewhere}/`, "x-rewrite-url": `https://${elsewhere}/` },
  { "x-host": elsewhere, "x-forwarded-server": elsewhere, "x-http-host-override": elsewhere },
  { referer: `https://${elsewhere}/` },
];

let edge;

before(async () => {
  edge = await startEdge();
});

after(() => edge?.stop());

/** A request whose headers fetch would not let be written. */
function send(path, headers, body) {
  return new Promise((resolve, reject) => {
    const all = { "content-type": "application/json", ...headers };
    const request = http.request(`${edge.origin}${path}`, { method: "POST", headers: all }, (response) => {
      response.resume();
      response.on("end", () => resolve(response.statusCode));
    });
    request.on("error", reject);
    request.end(JSON.stringify(body));
  });
}

test("i14 no header of a request gets into a link", async () => {
  const ann = await Person.signIn(edge, "ann@example.com");
  const { token } = (await ann.post("/v1/me/tokens", { name: "ci" })).json;
  const { id } = (await ann.post("/v1/organizations", { name: "Acme" })).json;
  for (const [at, headers] of spellings.entries()) {
    const email = `p${at}@example.com`;
    const path = `/v1/organizations/${id}/invitations`;
    const status = await send(path, { ...headers, "x-api-key": token }, { email, role: "member" });
    // A host that is not ours may as well be refused; then no mail goes out.
    if (status !== 201) {
      assert.ok(status >= 400 && status < 500, `${status} ${JSON.stringify(headers)}`);
      continue;
    }
    const { text, html } = await newestMail(edge, email);
    assert.ok(text.includes(`${edge.origin}/invitations#`), text);
    assert.ok(!text.includes(elsewhere) && !html.includes(elsewhere), JSON.stringify(headers));
  }
});
