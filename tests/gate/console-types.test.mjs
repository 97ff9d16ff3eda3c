// What the console reads of the edge's answers is typed by hand: it must be what openapi.json says of them.

import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { test } from "node:test";

import { root } from "../support/edge.mjs";

const api = JSON.parse(await readFile(`${root}docs/openapi.json`, "utf8"));

const schema = (name) => api.components.schemas[name];
const answer = (path, status = 200) =>
  api.paths[path].get.responses[status].content["application/json"].schema;
const body = (path) => api.paths[path].post.requestBody.content["application/json"].schema;

/** The interfaces of each file, and what they stand for. */
const files = {
  "invitation.ts": {
    Invitation: schema("Invitation"),
    InvitationPreview: schema("InvitationPreview"),
    WorkspaceRole: schema("WorkspaceRole"),
  },
  "me.ts": {
    DeletedOrganization: answer("/v1/me").properties.deleted_organizations.items,
    Joinable: answer("/v1/me/joinable").properties.organizations.items,
    Me: answer("/v1/me"),
    MyInvitation: schema("MyInvitation"),
    NewSecret: api.paths["/v1/me/tokens"].post.responses[201].content["application/json"].schema,
    Notification: schema("Notification"),
    OrganizationName: schema("OrganizationReference"),
    Session: schema("Session"),
    Token: schema("Token"),
    TokenRequest: body("/v1/me/tokens"),
    Told: answer("/v1/me/notifications"),
  },
  "organization.ts": { Member: schema("Member"), Organization: schema("Organization") },
};

/** Members that the console has otherwise than they are described, each with the reason. */
const others = new Map([
  ["Me.user", "its address is null where there is none, which the edge always says"],
  ["Told.invitations", "they are on the first page, which is the one that is read"],
  ["NewSecret.token", "it is left out where an answer is given again"],
  ["TokenRequest.scopes", "what is null may be left out, and is not"],
  ["TokenRequest.subtree", "the same"],
  ["TokenRequest.expires_in_s", "the same"],
]);

/** The members of a schema and which of them are always there. */
function membersOf(one) {
  const parts = [one, ...(one.allOf ?? [])].map((part) => (part.$ref ? schema(part.$ref.split("/").at(-1)) : part));
  return {
    properties: Object.assign({}, ...parts.map(({ properties }) => properties)),
    required: parts.flatMap(({ required = [] }) => required),
  };
}

function isNullable({ type, anyOf = [] }) {
  return [type].flat().includes("null") || anyOf.some((one) => isNullable(one));
}

/** The exported interfaces of a file: for each its members, whether they may be absent, and their types. */
function interfacesOf(text) {
  const found = new Map();
  for (const [, name, members] of text.matchAll(/^export interface (\w+)[^{]*\{\n(.*?)^\}/gms)) {
    const lines = members.matchAll(/^ {2}(?:readonly )?(\w+)(\??): (.+);$/gm);
    found.set(name, [...lines].map(([, member, absent, type]) => [member, absent === "?", type]));
  }
  return found;
}

for (const [file, described] of Object.entries(files)) {
  test(`the_console_reads_what_the_edge_answers_as_${file.replace(".ts", "")}`, async () => {
    const text = await readFile(`${root}www/console/src/api/${file}`, "utf8");
    const interfaces = interfacesOf(text);
    assert.deepEqual([...interfaces.keys()].sort(), Object.keys(described).sort());
    for (const [name, members] of interfaces) {
      const { properties, required } = membersOf(described[name]);
      assert.ok(members.length > 0, name);
      for (const [member, mayBeAbsent, type] of members) {
        const place = `${name}.${member}`;
        assert.ok(member in properties, `the edge answers no ${place}`);
        if (others.has(place)) continue;
        assert.equal(mayBeAbsent, !required.includes(member), `${place} may be absent`);
        const { $ref } = properties[member];
        const isNull = isNullable($ref ? schema($ref.split("/").at(-1)) : properties[member]);
        if (type !== "Scopes") assert.equal(/\| null\b/.test(type), isNull, `${place} may be null`);
      }
    }
  });
}
