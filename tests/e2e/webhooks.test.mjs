// Webhooks on workerd: what an endpoint is sent, checked as a receiver would, and sent again.

import assert from "node:assert/strict";
import { createHmac } from "node:crypto";
import http from "node:http";
import { after, before, test } from "node:test";

import { startEdge, within } from "../support/edge.mjs";
import { Person } from "./person.mjs";

const eventLimitMs = 30_000;

let edge;
let endpoint;
let url;
let ann;
/** What the endpoint was sent, in order. */
const heard = [];
/** What it answers next, one for each request; afterwards 204. */
const answers = [];

before(async () => {
  endpoint = http.createServer((request, response) => {
    let body = "";
    request.setEncoding("utf8");
    request.on("data", (part) => (body += part));
    request.on("end", () => {
      heard.push({ url: request.url, headers: request.headers, body, atMs: Date.now() });
      const answer = answers.shift() ?? { status: 204 };
      if (answer.status === undefined) return;
      response.writeHead(answer.status, answer.headers);
      response.end();
    });
  });
  await new Promise((resolve) => endpoint.listen(0, "127.0.0.1", resolve));
  url = `http://127.0.0.1:${endpoint.address().port}/hook`;
  edge = await startEdge({ policy: "lockstep" });
  ann = await Person.signIn(edge, "ann@example.com");
});

after(async () => {
  await edge?.stop();
  endpoint?.closeAllConnections();
  endpoint?.close();
});

/** An organization with a webhook for some types of events. */
async function registered(events) {
  const created = await ann.post("/v1/organizations", { name: "Acme" });
  const path = `/v1/organizations/${created.json.id}`;
  const webhook = await ann.post(`${path}/webhooks`, { name: "Here", url, events });
  assert.equal(webhook.status, 201, webhook.text);
  assert.match(webhook.json.secret, /^whsec_[A-Za-z0-9+/]{43}=$/);
  return { path, id: created.json.id, webhook: webhook.json };
}

async function heardOf(type, count) {
  const of = () => heard.filter(({ body }) => JSON.parse(body).type === type);
  const wait = async () => {
    while (of().length < count) await new Promise((next) => setTimeout(next, 25));
  };
  await within(wait(), eventLimitMs, `${count} of ${type} did not come`);
  return of();
}

/** As Standard Webhooks 1.0.0 has a receiver do it. */
function verifies({ headers, body }, secret) {
  const age = Math.abs(Date.now() / 1000 - Number(headers["webhook-timestamp"]));
  const key = Buffer.from(secret.slice("whsec_".length), "base64");
  const content = `${headers["webhook-id"]}.${headers["webhook-timestamp"]}.${body}`;
  const expected = `v1,${createHmac("sha256", key).update(content).digest("base64")}`;
  return age < 300 && headers["webhook-signature"].split(" ").includes(expected);
}

test("an event is signed, is sent again after a refusal, and names its organization", async () => {
  const { path, id, webhook } = await registered(["organization.update"]);
  answers.push({ status: 500 }, { status: 302, headers: { location: `${url}/elsewhere` } });
  const renamed = await ann.patch(path, { name: "Acme 2" });
  assert.equal(renamed.status, 200, renamed.text);
  const [first, again] = await heardOf("organization.update", 2);
  for (const one of [first, again]) {
    assert.ok(verifies(one, webhook.secret));
    assert.equal(one.headers["content-type"], "application/json");
    assert.equal(one.body, first.body);
    assert.equal(one.headers["webhook-id"], first.headers["webhook-id"]);
  }
  assert.ok(again.atMs - first.atMs >= 4_900, "it came again too early");
  const { type, timestamp, data } = JSON.parse(first.body);
  assert.equal(type, "organization.update");
  assert.ok(Math.abs(Date.parse(timestamp) - first.atMs) < 10_000, timestamp);
  assert.deepEqual([data.organization, data.target], [id, id]);
  assert.equal(String(data.epoch), renamed.headers.get("lockstep-epoch"));
  assert.equal(data.id, first.headers["webhook-id"]);

  // The redirect was a refusal: nobody was sent to the other address.
  const deliveries = await ann.get(`${path}/webhooks/${webhook.id}/deliveries`);
  const [delivery] = deliveries.json.deliveries;
  assert.deepEqual([delivery.state, delivery.status, delivery.attempts], ["pending", 302, 2]);
  assert.ok(heard.every((one) => one.url === "/hook"));

  const replay = `${path}/webhooks/${webhook.id}/deliveries/${delivery.event}/replay`;
  assert.equal((await ann.post(replay)).status, 200);
  const [, , replayed] = await heardOf("organization.update", 3);
  assert.ok(verifies(replayed, webhook.secret) && replayed.body === first.body);
});

test("during a rotation both secrets verify, afterwards only the new one", async () => {
  const { path, webhook } = await registered(["workspace.create"]);
  const rotate = async (overlap_s) =>
    (await ann.post(`${path}/webhooks/${webhook.id}/rotate`, { overlap_s })).json.secret;
  const second = await rotate(600);
  await ann.post(`${path}/workspaces`, { name: "North" });
  const [during] = await heardOf("workspace.create", 1);
  assert.ok(verifies(during, webhook.secret) && verifies(during, second));
  const third = await rotate(0);
  await ann.post(`${path}/workspaces`, { name: "South" });
  const [, afterwards] = await heardOf("workspace.create", 2);
  assert.ok(verifies(afterwards, third) && !verifies(afterwards, second));
});

test("an endpoint that hangs keeps nobody else waiting, and one that is gone is switched off", async () => {
  const { path, webhook } = await registered(["role.create", "role.delete"]);
  answers.push({});
  const role = await ann.post(`${path}/roles`, { name: "Own", base: "viewer" });
  assert.equal(role.status, 201, role.text);
  await heardOf("role.create", 1);
  const beganMs = Date.now();
  const read = await ann.get(`${path}/roles`);
  assert.equal(read.status, 200);
  assert.ok(Date.now() - beganMs < 3_000, "the organization waited for an endpoint");
  answers.push({ status: 410 });
  await heardOf("role.create", 2);
  const off = async () => {
    for (;;) {
      const { json } = await ann.get(`${path}/webhooks/${webhook.id}`);
      if (!json.active) return json;
      await new Promise((next) => setTimeout(next, 50));
    }
  };
  const view = await within(off(), eventLimitMs, "the webhook was not switched off");
  assert.equal(view.inactive_because, "gone");
  const log = await ann.get(`${path}/audit`);
  assert.equal(log.json.rows[0].action, "deliver");
});
