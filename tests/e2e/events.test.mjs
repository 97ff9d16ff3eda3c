// The event stream of an organization: page, Worker, object, and back.

import assert from "node:assert/strict";
import http from "node:http";
import { after, before, test } from "node:test";
import { setTimeout as delay } from "node:timers/promises";

import { startEdge, within } from "../support/edge.mjs";
import { Person } from "./person.mjs";

const eventLimitMs = 2_000;
const streamsPerSubscriber = 20;

let edge;
let ann;
let token;

before(async () => {
  edge = await startEdge();
  ann = await Person.signIn(edge, "ann@example.com");
  ({ token } = (await ann.post("/v1/me/tokens", { name: "stream" })).json);
});

after(() => edge?.stop());

async function organization() {
  const created = await ann.post("/v1/organizations", { name: "Acme" });
  assert.equal(created.status, 201, created.text);
  return `/v1/organizations/${created.json.id}`;
}

/** Opens a stream; its text so far, and how to wait for more and to hang up. */
function open(path, headers = { authorization: `Bearer ${token}` }) {
  return new Promise((resolve, reject) => {
    const request = http.get(`${edge.origin}${path}/events`, { headers, agent: false }, (response) => {
      const stream = { response, text: "", isOver: false, close: () => request.destroy() };
      let wake = () => {};
      response.setEncoding("utf8");
      response.on("data", (text) => ((stream.text += text), wake()));
      response.on("error", () => {});
      response.on("close", () => ((stream.isOver = true), wake()));
      stream.until = async (condition, what) => {
        const wait = async () => {
          while (!condition(stream)) await new Promise((next) => (wake = next));
        };
        await within(wait(), eventLimitMs, what);
      };
      resolve(stream);
    });
    request.on("error", reject);
  });
}

const hasEpoch = (epoch) => (stream) => stream.text.includes(`event: epoch\ndata: {"epoch":${epoch}}\n\n`);

test("a stream begins with the epoch and tells each new one at once", async () => {
  const path = await organization();
  const stream = await open(path);
  assert.equal(stream.response.statusCode, 200);
  assert.equal(stream.response.headers["content-type"], "text/event-stream");
  assert.equal(stream.response.headers["cache-control"], "no-store");
  await stream.until(hasEpoch(1), "no first event");
  for (let epoch = 2; epoch <= 6; epoch += 1) {
    const renamed = await ann.patch(path, { name: `Acme ${epoch}` });
    assert.equal(renamed.headers.get("lockstep-epoch"), String(epoch));
    await stream.until(hasEpoch(epoch), `no event of epoch ${epoch}`);
  }
  stream.close();
});

test("a stream on which nothing happens beats by an event, which a page is told of", async () => {
  const stream = await open(await organization());
  const beat = "event: beat\ndata: {}\n\n";
  const hasBeats = (count) => ({ text }) => text.split(beat).length === count + 1 && text.endsWith(beat);
  await stream.until(hasEpoch(1), "no first event");
  await stream.until(hasBeats(1), "no heartbeat at once, by which a page knows what to wait for");
  await delay(15_500);
  await stream.until(hasBeats(2), "no heartbeat");
  stream.close();
});

// The runtime notices it when it next writes: at the next event, or after 15 s at a heartbeat. What it writes first
// may still be taken by a connection that is being closed, so there are some events, with a little time between them.
test("a page that hung up is noticed, so that it takes no place", async () => {
  const path = await organization();
  const oldest = await open(path);
  let epoch = 1;
  for (let round = 0; round < 3; round += 1) {
    const others = [];
    for (let count = 1; count < streamsPerSubscriber; count += 1) others.push(await open(path));
    for (const stream of others) stream.close();
    for (let count = 0; count < 5; count += 1) {
      await delay(100);
      epoch += 1;
      await ann.patch(path, { name: `Acme ${epoch}` });
      await oldest.until(hasEpoch(epoch), `no event of epoch ${epoch}: the oldest stream was ended`);
    }
  }
  oldest.close();
});

test("the oldest stream of a subscriber ends when there are too many", async () => {
  const path = await organization();
  const streams = [];
  for (let count = 0; count <= streamsPerSubscriber; count += 1) streams.push(await open(path));
  await streams[0].until((stream) => stream.isOver, "the oldest stream goes on");
  assert.equal(streams.filter((stream) => stream.isOver).length, 1);
  for (const stream of streams) stream.close();
});

test("the stream of a deleted organization ends", async () => {
  const path = await organization();
  const stream = await open(path);
  await stream.until(hasEpoch(1), "no first event");
  assert.equal((await ann.delete(`${path}?name=Acme`)).status, 204);
  await stream.until(() => stream.isOver, "the stream goes on");
});

test("a stream ends with the token that it was opened by, and with the session", async () => {
  const path = await organization();
  const own = (await ann.post("/v1/me/tokens", { name: "its own" })).json;
  const stream = await open(path, { authorization: `Bearer ${own.token}` });
  await stream.until(hasEpoch(1), "no first event");
  assert.equal((await ann.delete(`/v1/me/tokens/${own.id}`)).status, 204);
  await stream.until(() => stream.isOver, "the stream goes on");

  const eve = await Person.signIn(edge, "ann@example.com");
  const page = await open(path, eve.headers);
  await page.until(hasEpoch(1), "no first event");
  assert.equal((await eve.delete("/v1/session")).status, 204);
  await page.until(() => page.isOver, "the stream goes on");
});

test("a stream ends with the service key that it was opened by", async () => {
  const path = await organization();
  const role = { role: "member" };
  const account = await ann.post(`${path}/service-accounts`, { name: "Reader", grants: [role] });
  const keys = `${path}/service-accounts/${account.json.id}/keys`;
  const key = (await ann.post(keys, { name: "its own" })).json;
  const stream = await open(path, { "x-api-key": key.token });
  await stream.until((open) => open.text.includes("event: epoch"), "no first event");
  assert.equal((await ann.patch(`${keys}/${key.id}`, { active: false })).status, 200);
  await stream.until(() => stream.isOver, "the stream goes on");
});

test("nobody else gets a stream", async () => {
  const path = await organization();
  const bob = await Person.signIn(edge, "bob@example.com");
  assert.equal((await bob.get(`${path}/events`)).code, "not-found");
  assert.equal((await new Person(edge).get(`${path}/events`)).code, "unauthenticated");
});
