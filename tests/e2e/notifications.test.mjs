// Notifications on workerd: what an organization's outbox tells a person's own object, and what waits for an address.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";

import { startEdge, within } from "../support/edge.mjs";
import { Person } from "./person.mjs";

const toldLimitMs = 10_000;

let edge;

before(async () => {
  edge = await startEdge({ policy: "lockstep" });
});

after(() => edge?.stop());

test("who invited and who was invited are told, and read it once", async () => {
  const ann = await Person.signIn(edge, "ann@example.com");
  const path = `/v1/organizations/${(await ann.post("/v1/organizations", { name: "Acme" })).json.id}`;
  const invited = await ann.post(`${path}/invitations`, { email: "ben@example.com", role: "member" });
  const ben = await Person.signIn(edge, "ben@example.com");
  const told = async (person, is) => {
    const wait = async () => {
      for (;;) {
        const answer = await person.get("/v1/me/notifications");
        assert.equal(answer.status, 200, answer.text);
        if (is(answer.json)) return answer.json;
        await new Promise((next) => setTimeout(next, 25));
      }
    };
    return within(wait(), toldLimitMs, "no notification");
  };
  const waiting = await told(ben, ({ invitations }) => invitations.length === 1);
  assert.equal(waiting.invitations[0].id, invited.json.id);
  assert.equal((await ben.post(`${path}/invitations/${invited.json.id}/accept`)).status, 200);
  const { notifications } = await told(ann, ({ unread }) => unread === 1);
  assert.deepEqual([notifications[0].kind, notifications[0].email], ["invitation_accepted", "ben@example.com"]);
  const read = await ann.send("PUT", "/v1/me/notifications/read", { until: notifications[0].id });
  assert.equal(read.status, 204, read.text);
  assert.equal((await told(ann, ({ unread }) => unread === 0)).notifications[0].read, true);
});
