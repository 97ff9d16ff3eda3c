// The decision corpus through the Worker over HTTP. Each world becomes an organization; what the edge
// answers must be what the case expects, and word for word what the gate says of the same snapshot.

import assert from "node:assert/strict";
import { after, test } from "node:test";

import { createGate } from "@lockstep/gate";

import { wasm } from "../gate/world.mjs";
import { answer, organization, principalOf, title, worlds } from "../support/corpus.mjs";
import { startEdge } from "../support/edge.mjs";
import { Person } from "./person.mjs";

const all = await worlds();
const edges = new Map();

// What is left out is known: a filter that lets less through than this is wrong.
test("most of the corpus is put over HTTP", () => {
  const asked = all.map((world) => world.cases.filter((one) => isForTheDirectory(world, one)).length);
  const total = asked.reduce((sum, count) => sum + count, 0);
  assert.ok(total >= 203, `${total} cases`);
  assert.ok(asked.filter((count) => count > 0).length >= 23, "worlds of which any is asked");
});

after(() => Promise.all([...edges.values()].map(async (edge) => (await edge).stop())));

for (const world of all) {
  test(`${world.file}: ${world.about}`, async (context) => {
    const edge = await edgeOf(world.policy);
    const policy = (await new Person(edge).get("/v1/policy")).text;
    const asked = world.cases.filter((asked) => isForTheDirectory(world, asked));
    const left = world.cases.length - asked.length;
    if (left > 0) {
      context.diagnostic(`${left} questions about what the seed does not make are not put over HTTP`);
    }
    // A world for each moment: it is moved so that the moment is now.
    for (const moment of new Set(asked.map(({ now_ms }) => now_ms))) {
      const seeded = await seed(edge, world, Date.now() - moment);
      for (const one of asked.filter(({ now_ms }) => now_ms === moment)) {
        await check(world, seeded, policy, one);
      }
    }
  });
}

/** Whether the seed makes all that a case is about, and the directory states the facts itself. */
function isForTheDirectory(world, { principal, facts }) {
  const { kind, token, properties } = principalOf(world, principal);
  const { plan, roles, rules, groups } = world;
  return ![plan, roles, rules, groups, facts, kind, token, properties].some(Boolean);
}

async function check(world, seeded, policy, asked) {
  const what = title(asked, world);
  const { person } = seeded.people.get(asked.principal);
  const body = { permission: asked.permission, resource: resourceOf(world, seeded, asked) };
  const answered = await person.post(`/v1/organizations/${seeded.organization}/evaluate`, body);
  assert.equal(answered.status, 200, `${what}: ${answered.text}`);
  assert.equal(answer(answered.json), asked.expect, what);

  await checkInStandardWords(world, seeded, asked, answered.json);

  const snapshot = await person.get(`/v1/organizations/${seeded.organization}/snapshot`);
  // Who was never granted anything gets no snapshot, and so no page that could gate anything.
  if (asked.expect === "no-membership" && snapshot.code === "not-found") return;
  const gate = await createGate({ policy, snapshot: snapshot.text, wasm, nowMs: Date.now() });
  const node = asked.node === organization ? seeded.organization : asked.node;
  const facts = await factsOf(seeded, person, asked);
  assert.deepEqual(gate.explain(asked.permission, node, facts), answered.json, what);
}

/** The same question in AuthZEN's words; who is no member is not told that there is an organization. */
async function checkInStandardWords(world, seeded, asked, { decision, reasons }) {
  const { person, user } = seeded.people.get(asked.principal);
  const body = {
    subject: { type: "user", id: user },
    action: { name: asked.permission },
    resource: standardResourceOf(world, seeded, asked),
  };
  const answered = await person.post(`/v1/organizations/${seeded.organization}/access/v1/evaluation`, body);
  if (asked.expect === "no-membership" && answered.code === "not-found") return;
  assert.deepEqual(answered.json, { decision, context: { reasons } }, title(asked, world));
}

/** The world as an organization, its times moved by `offsetMs`, with a credential for everybody. */
async function seed(edge, world, offsetMs) {
  const moved = ({ not_before_ms, expires_at_ms, ...grant }) => ({
    ...grant,
    ...(not_before_ms === undefined ? {} : { not_before_ms: not_before_ms + offsetMs }),
    ...(expires_at_ms === undefined ? {} : { expires_at_ms: expires_at_ms + offsetMs }),
  });
  const principals = world.principals.map(({ name, grants }) => ({ name, grants: grants.map(moved) }));
  const page = new Person(edge, { origin: edge.origin });
  const body = { name: world.file, nodes: world.nodes, principals };
  const seeded = await page.post("/v1/dev/seed", body);
  assert.equal(seeded.status, 201, seeded.text);
  const people = seeded.json.principals.map(({ name, user, token }) => [
    name,
    { user, person: new Person(edge, { authorization: `Bearer ${token}` }) },
  ]);
  return { organization: seeded.json.organization, people: new Map(people) };
}

function resourceOf(world, seeded, { node, target }) {
  const level = world.nodes.find(({ id }) => id === node)?.level ?? "workspace";
  return {
    ...(node === organization ? {} : { [level]: node }),
    ...(target === undefined ? {} : { type: "member", id: seeded.people.get(target).user }),
  };
}

function standardResourceOf(world, seeded, { node, target }) {
  const level = world.nodes.find(({ id }) => id === node)?.level ?? "workspace";
  const properties = node === organization ? {} : { [level]: node };
  if (target !== undefined) return { type: "member", id: seeded.people.get(target).user, properties };
  return node === organization
    ? { type: "organization", id: seeded.organization }
    : { type: level, id: node };
}

/** The facts about the target, as the page gets them: with the list of members. */
async function factsOf(seeded, person, { target }) {
  if (target === undefined) return undefined;
  const { json } = await person.get(`/v1/organizations/${seeded.organization}/members`);
  const { user } = seeded.people.get(target);
  return json.members.find(({ user_id }) => user_id === user).facts;
}

function edgeOf(policy) {
  if (!edges.has(policy)) edges.set(policy, startEdge({ policy }));
  return edges.get(policy);
}
