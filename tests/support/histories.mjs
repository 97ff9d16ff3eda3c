// What 64 clients of one organization were answered by the running Worker, written down for the checker of
// crates/edge/src/organization/tests/histories.rs, which makes and checks the same natively.

import assert from "node:assert/strict";

const clients = 64;
const operationsEach = 2;
const people = 16;
const seats = 5;

const below = (end) => Math.floor(Math.random() * end);
const oneOf = (all) => all[below(all.length)];
const address = (person) => `p${person}@example.com`;
const roleName = (role) => (role === "owner" ? "owner" : "member");

/** People who are signed in, and the operator. */
export async function gather(edge, Person, operatorKey) {
  const persons = [];
  for (let at = 0; at < people; at += 1) persons.push(await Person.signIn(edge, address(at)));
  const operator = new Person(edge, { authorization: `Bearer ${operatorKey}` });
  const users = [];
  for (const person of persons) users.push((await person.get("/v1/me")).json.user.id);
  return { persons, operator, users };
}

/** One history: what it began with, and every call with what came back. */
export async function record({ persons, operator, users }) {
  const scene = await begin(persons, operator);
  const { path, invitations, begin: first } = scene;
  let now = 0;
  const calls = [];
  const client = async () => {
    for (let turn = 0; turn < operationsEach; turn += 1) {
      const operation = draw(first.invitations);
      const begun = now++;
      const answer = await ask(persons, users, path, invitations, operation);
      calls.push({ operation, answer, begun, ended: now++ });
      if (answer === null) return;
    }
  };
  await Promise.all(Array.from({ length: clients }, client));
  return { begin: first, calls };
}

/** Two owners and a member; everybody else is invited by one of the owners. */
async function begin(persons, operator) {
  const made = await persons[0].post("/v1/organizations", { name: "Acme" });
  assert.equal(made.status, 201, made.text);
  const path = `/v1/organizations/${made.json.id}`;
  const plan = `/v1/operator/organizations/${made.json.id}/plan`;
  const { json } = await operator.post(`${plan}/preview`, { plan: "basic" });
  const set = await operator.send("PUT", plan, { plan: "basic", preview: json.preview });
  assert.equal(set.status, 200, set.text);
  const state = { name: "Acme", seats, members: { 0: "owner" }, invitations: {} };
  const invitations = [];
  const invite = async (by, person, role) => {
    const invited = await persons[by].post(`${path}/invitations`, { email: address(person), role });
    assert.equal(invited.status, 201, invited.text);
    invitations.push(invited.json.id);
    return invitations.length - 1;
  };
  for (const [person, role] of [[1, "owner"], [2, "member"]]) {
    const number = await invite(0, person, role);
    const accepted = await persons[person].post(`${path}/invitations/${invitations[number]}/accept`);
    assert.equal(accepted.status, 200, accepted.text);
    state.members[person] = role;
    state.invitations[number] = [person, 0, "over"];
  }
  for (let person = 3; person < people; person += 1) {
    const number = await invite(person % 2, person, "member");
    state.invitations[number] = [person, person % 2, "pending"];
  }
  state.epoch = (await persons[0].get(path)).json.epoch;
  return { path, invitations, begin: state };
}

/** What a client asks for; most of it about few people, so that they meet. */
function draw(invitations) {
  const by = oneOf([0, 0, 1, 1, 2, 3]);
  const member = below(5);
  const invitation = below(Object.keys(invitations).length);
  switch (below(10)) {
    case 0:
    case 1:
      return { accept: { by: invitations[invitation][0], invitation } };
    case 2:
      return { cancel: { by, invitation } };
    case 3:
      return { remove: { by, member } };
    case 7:
    case 8:
      return { role: { by, member, role: oneOf(["member", "owner", "owner"]) } };
    case 9:
      return { read: { by } };
    default:
      return { rename: { by, name: `Acme ${below(1_000)}` } };
  }
}

/** The call itself, and what the client learns from the answer; null when it learns nothing. */
async function ask(persons, users, path, invitations, operation) {
  const [[kind, { by, invitation, member, role, name }]] = Object.entries(operation);
  const person = persons[by];
  const answer = await {
    accept: () => person.post(`${path}/invitations/${invitations[invitation]}/accept`),
    cancel: () => person.delete(`${path}/invitations/${invitations[invitation]}`),
    remove: () => person.delete(`${path}/members/${users[member]}`),
    role: () => person.patch(`${path}/members/${users[member]}`, { role: roleName(role) }),
    read: () => person.get(path),
    rename: () => person.patch(path, { name }),
  }[kind]();
  const { status, headers, json } = answer;
  if (status === 503) return null;
  assert.ok(status < 500, answer.text);
  if (status >= 400) return { refused: { status } };
  if (kind !== "read") return { done: { epoch: Number(headers.get("lockstep-epoch")) } };
  return { read: { epoch: json.epoch, name: json.name, taken: json.plan.seats_taken } };
}
