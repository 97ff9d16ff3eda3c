// The Worker that a user would write instead: Hono, jose and CASL on KV and an object per organization,
// with our route and our answers. How a caller's token and abilities are found is left to `usual.mjs`
// and `tuned.mjs`.

import { DurableObject } from "cloudflare:workers";
import { AbilityBuilder, createMongoAbility, subject } from "@casl/ability";
import { Hono } from "hono";
import { createLocalJWKSet, jwtVerify } from "jose";

/** The truth about one organization; it also says at which epoch a member last changed. */
export class Organization extends DurableObject {
  constructor(context, env) {
    super(context, env);
    context.storage.sql.exec(
      "CREATE TABLE IF NOT EXISTS member (user TEXT PRIMARY KEY, epoch INTEGER NOT NULL, grants TEXT NOT NULL)",
    );
  }

  async seed(organization, members) {
    for (const { user, grants } of members) {
      this.ctx.storage.sql.exec("INSERT INTO member VALUES (?, 1, ?)", user, JSON.stringify(grants));
      await this.env.GRANTS.put(`grants/${organization}/${user}`, JSON.stringify({ epoch: 1, grants }));
    }
  }

  epoch(user) {
    return this.ctx.storage.sql.exec("SELECT epoch FROM member WHERE user = ?", user).toArray()[0]?.epoch ?? 0;
  }

  grants(user) {
    return this.ctx.storage.sql.exec("SELECT epoch, grants FROM member WHERE user = ?", user).toArray()[0];
  }
}

/** The routes over `authenticate(env, credential)` and `abilityOf(env, organization, user)`. */
export function application({ authenticate, abilityOf }) {
  const app = new Hono();
  app.post("/v1/organizations/:organization/evaluate", async (c) => {
    const user = await signedIn(c, authenticate);
    if (user === undefined) return c.json({ code: "unauthenticated" }, 401);
    const { permission, resource = {} } = await c.req.json();
    if (!isKnown(c.env, permission)) return c.json({ code: "unknown-permission" }, 400);
    const ability = await abilityOf(c.env, c.req.param("organization"), user);
    c.header("cache-control", "no-store");
    c.header("x-content-type-options", "nosniff");
    c.header("referrer-policy", "no-referrer");
    c.header("content-security-policy", "default-src 'none'; frame-ancestors 'none'");
    if (ability === undefined) return c.json(denied("no-membership"));
    const allowed = ability.can(permission, subject("Resource", { ...resource }));
    return c.json(allowed ? { decision: true, reasons: [{ code: "granted" }] } : denied("no-grant"));
  });
  app.post("/seed", async (c) => {
    const { organization, members, tokens } = await c.req.json();
    await objectOf(c.env, organization).seed(organization, members);
    for (const [hash, user] of tokens) await c.env.GRANTS.put(`tokens/${hash}`, JSON.stringify({ user }));
    return c.json({});
  });
  return app;
}

async function signedIn(c, authenticate) {
  const [scheme, credential] = c.req.header("authorization")?.split(" ") ?? [];
  if (scheme?.toLowerCase() !== "bearer" || !credential) return undefined;
  try {
    return await authenticate(c.env, credential);
  } catch {
    return undefined;
  }
}

const denied = (code) => ({ decision: false, reasons: [{ code }] });

let keys;

/** Who a JWT or a personal access token stands for. */
export async function verify(env, credential) {
  if (credential.includes(".")) {
    const { issuer, audiences, algorithms, keys: set } = env.ISSUER;
    keys ??= createLocalJWKSet(set);
    const { payload } = await jwtVerify(credential, keys, { issuer, audience: audiences, algorithms, requiredClaims: ["sub", "exp"] });
    return payload.sub;
  }
  const digest = await crypto.subtle.digest("SHA-256", new TextEncoder().encode(credential));
  const hash = [...new Uint8Array(digest)].map((byte) => byte.toString(16).padStart(2, "0")).join("");
  const token = await env.GRANTS.get(`tokens/${hash}`, "json");
  return token?.user;
}

/** What a user holds: the bytes of KV, when the object says that they are of the present epoch. */
export async function resolve(env, organization, user) {
  const object = objectOf(env, organization);
  const [stored, epoch] = await Promise.all([
    env.GRANTS.get(`grants/${organization}/${user}`, "json"),
    object.epoch(user),
  ]);
  const held = stored?.epoch === epoch ? stored : await fromObject(object, user);
  return held && ability(env, held.grants);
}

async function fromObject(object, user) {
  const held = await object.grants(user);
  return held && { ...held, grants: JSON.parse(held.grants) };
}

function objectOf(env, organization) {
  return env.ORGANIZATIONS.get(env.ORGANIZATIONS.idFromName(organization));
}

function ability(env, grants) {
  const { can, build } = new AbilityBuilder(createMongoAbility);
  for (const { role, node } of grants) {
    if (node === "organization") can(env.ROLES[role], "Resource");
    else can(env.ROLES[role], "Resource", { workspace: node });
  }
  return build();
}

let known;

function isKnown(env, permission) {
  known ??= new Set(env.PERMISSIONS);
  return known.has(permission);
}
