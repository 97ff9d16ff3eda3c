// Organizations on workerd: their slugs, plans, pages of members, and an end that can be taken back.

import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { after, before, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";

import { startEdge } from "../support/edge.mjs";
import { Person } from "./person.mjs";

const operatorKey = randomBytes(32).toString("base64url");
let edge;

before(async () => {
  edge = await startEdge({ policy: "lockstep", vars: { LOCKSTEP_OPERATOR_KEY: operatorKey } });
});

after(() => edge?.stop());

/** A new organization of a person's: its id, and paths within. */
async function organization(person, name) {
  const { id } = (await person.post("/v1/organizations", { name })).json;
  return { id, at: (path) => `/v1/organizations/${id}${path}` };
}

async function joins(admin, { at }, email) {
  const invited = await admin.post(at("/invitations"), { email, role: "member" });
  assert.equal(invited.status, 201, invited.text);
  const person = await Person.signIn(edge, email);
  return [person, await person.post(at(`/invitations/${invited.json.id}/accept`), {})];
}

test("a slug is taken once with all that look like it, and leads its members to the organization", async () => {
  const ann = await Person.signIn(edge, "ann@example.com");
  const [first, second] = [await organization(ann, "Acme"), await organization(ann, "Acme")];
  const taken = await ann.patch(first.at(""), { slug: "acme" });
  assert.equal(taken.json.slug, "acme", taken.text);
  for (const slug of ["acme", "acrne", "ac-me"]) {
    assert.equal((await ann.patch(second.at(""), { slug })).code, "conflict", slug);
  }
  assert.equal((await ann.patch(second.at(""), { slug: "admin" })).code, "invalid-value");
  const raced = await Promise.all(
    [first, second].map(({ at }) => ann.patch(at(""), { slug: "raced" })),
  );
  assert.deepEqual(raced.map(({ status }) => status).sort(), [200, 409]);
  assert.equal((await ann.get("/v1/organizations?slug=acme")).json.id, first.id);
  const eve = await Person.signIn(edge, "eve@example.com");
  assert.equal((await eve.get("/v1/organizations?slug=acme")).code, "not-found");
});

test("the operator has a list of all organizations, page by page from KV", async () => {
  const eve = await Person.signIn(edge, "eve@lists.example.com");
  const made = [await organization(eve, "One"), await organization(eve, "Two")].map(({ id }) => id);
  const operator = new Person(edge, { authorization: `Bearer ${operatorKey}` });
  const list = "/v1/operator/organizations";
  assert.equal((await eve.get(list)).code, "unauthenticated");

  let listed = [];
  for (let tries = 0; tries < 50 && !made.every((id) => listed.includes(id)); tries += 1) {
    if (tries > 0) await sleep(100);
    listed = await pages(operator, list);
  }
  assert.deepEqual(listed, [...new Set(listed)].sort());
  assert.deepEqual(made.filter((id) => !listed.includes(id)), []);
});

/** All ids of a list, of which a page has one. */
async function pages(operator, list) {
  const ids = [];
  for (let query = "limit=1"; query; ) {
    const { json, text } = await operator.get(`${list}?${query}`);
    assert.equal(json.organizations?.length <= 1, true, text);
    ids.push(...json.organizations.map(({ id }) => id));
    query = json.next && new URLSearchParams({ limit: "1", cursor: json.next });
  }
  return ids;
}

test("the operator gives a plan as the preview said, and its seats are never passed", async () => {
  const bob = await Person.signIn(edge, "bob@example.com");
  const acme = await organization(bob, "Acme");
  const plan = `/v1/operator/organizations/${acme.id}/plan`;
  const operator = new Person(edge, { authorization: `Bearer ${operatorKey}` });
  assert.equal((await bob.get(plan)).code, "unauthenticated");
  assert.equal((await operator.get(acme.at(""))).code, "unauthenticated");

  const { json } = await operator.post(`${plan}/preview`, { plan: "basic" });
  const unseen = await operator.send("PUT", plan, { plan: "basic", preview: "0".repeat(64) });
  assert.equal(unseen.code, "precondition-failed");
  const set = await operator.send("PUT", plan, { plan: "basic", preview: json.preview });
  assert.equal(set.json.seats, 5, set.text);

  const emails = ["c", "d", "e", "f", "g", "h"].map((name) => `${name}@seats.example.com`);
  const joined = await Promise.all(emails.map((email) => joins(bob, acme, email)));
  const statuses = joined.map(([, { status }]) => status).sort();
  assert.deepEqual(statuses, [200, 200, 200, 200, 409, 409]);

  const seen = new Set();
  let next = "";
  do {
    const query = new URLSearchParams({ limit: "2", ...(next && { cursor: next }) });
    const page = (await bob.get(acme.at(`/members?${query}`))).json;
    page.members.forEach(({ user_id: user }) => seen.add(user));
    next = page.next ?? "";
  } while (next !== "");
  assert.equal(seen.size, 5);
  assert.equal((await bob.get(acme.at("/members?cursor=forged"))).status, 400);
});

test("a deleted organization is dead for everybody, and comes back for who was its admin", async () => {
  const cat = await Person.signIn(edge, "cat@example.com");
  const acme = await organization(cat, "Acme");
  const [dan] = await joins(cat, acme, "dan@example.com");
  assert.equal((await cat.delete(acme.at("?name=Other"))).code, "invalid-value");
  assert.equal((await cat.delete(acme.at("?name=Acme"))).status, 204);
  for (const person of [cat, dan]) {
    assert.equal((await person.get(acme.at("/members"))).code, "not-found");
    const asked = await person.post(acme.at("/evaluate"), { permission: "member.read" });
    assert.notEqual(asked.json?.decision, true, asked.text);
  }
  assert.notEqual((await dan.post(acme.at("/restore"))).status, 200);
  const [{ id }] = (await cat.get("/v1/me")).json.deleted_organizations;
  assert.equal(id, acme.id);
  const restored = await cat.post(acme.at("/restore"));
  assert.equal(restored.status, 200, restored.text);
  assert.equal((await dan.get(acme.at("/members"))).json.members.length, 2);
});
