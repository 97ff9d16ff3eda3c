// Domains on workerd: a record that a resolver shows over HTTP, and who comes in by it.

import assert from "node:assert/strict";
import http from "node:http";
import { after, before, test } from "node:test";

import { startEdge } from "../support/edge.mjs";
import { Person } from "./person.mjs";

let edge;
let resolver;
/** What the resolver was asked, in order. */
const asked = [];
/** The TXT records that it knows, by name. */
const records = new Map();

before(async () => {
  resolver = http.createServer((request, response) => {
    const { pathname, searchParams } = new URL(request.url, "http://resolver");
    asked.push({ pathname, accept: request.headers.accept, type: searchParams.get("type") });
    const name = searchParams.get("name");
    const data = records.get(name);
    const answer = data === undefined ? [] : [{ name, type: 16, TTL: 60, data: `"${data}"` }];
    response.writeHead(200, { "content-type": "application/dns-json" });
    response.end(JSON.stringify({ Status: answer.length > 0 ? 0 : 3, Answer: answer }));
  });
  await new Promise((resolve) => resolver.listen(0, "127.0.0.1", resolve));
  const url = `http://127.0.0.1:${resolver.address().port}/dns-query`;
  edge = await startEdge({ policy: "lockstep", vars: { LOCKSTEP_RESOLVER: url } });
});

after(async () => {
  await edge?.stop();
  resolver?.closeAllConnections();
  resolver?.close();
});

test("a domain is proven by its record, and its people come in by it", async () => {
  const ann = await Person.signIn(edge, "ann@example.com");
  const created = await ann.post("/v1/organizations", { name: "Acme" });
  const path = `/v1/organizations/${created.json.id}`;
  const claim = await ann.post(`${path}/domains`, { domain: "People.example", role: "member" });
  assert.equal(claim.status, 201, claim.text);
  const { id, record } = claim.json;
  assert.deepEqual([record.name, record.type], ["_lockstep.people.example", "TXT"]);
  const proof = () => ann.send("PUT", `${path}/domains/${id}/proof`, {});
  assert.equal((await proof()).json.code, "domain-unproven");
  records.set(record.name, record.value);
  const proven = await proof();
  assert.equal(proven.json.status, "proven", proven.text);
  assert.deepEqual(asked.at(-1), { pathname: "/dns-query", accept: "application/dns-json", type: "TXT" });

  const ben = await Person.signIn(edge, "ben@people.example");
  const cat = await Person.signIn(edge, "cat@sub.people.example");
  const { organizations } = (await ben.get("/v1/me/joinable")).json;
  assert.deepEqual(organizations, [
    { organization: { id: created.json.id, name: "Acme" }, domain: "people.example", role: "member", role_name: "Member" },
  ]);
  assert.deepEqual((await cat.get("/v1/me/joinable")).json.organizations, []);
  assert.equal((await cat.post(`${path}/join`, {})).status, 404);
  const joined = await ben.post(`${path}/join`, {});
  assert.equal(joined.status, 200, joined.text);
  assert.equal((await ben.get(path)).status, 200);

  // Another organization's own record does not take the domain away.
  const eve = await Person.signIn(edge, "eve@example.net");
  const rival = `/v1/organizations/${(await eve.post("/v1/organizations", { name: "Rival" })).json.id}`;
  const theirs = (await eve.post(`${rival}/domains`, { domain: "people.example", role: "member" })).json;
  records.set(theirs.record.name, theirs.record.value);
  assert.equal((await eve.send("PUT", `${rival}/domains/${theirs.id}/proof`, {})).json.code, "domain-taken");

  const changed = await ann.patch(`${path}/domains/${id}`, { automatic: true });
  assert.equal(changed.status, 200, changed.text);
  const dan = await Person.signIn(edge, "dan@people.example");
  assert.equal((await dan.get(path)).status, 200, "signing in was enough");
});
