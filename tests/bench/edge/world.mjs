// Who asks what: organizations whose members edit one workspace each and look at another.

import { createHmac, generateKeyPairSync, randomBytes, sign } from "node:crypto";

const organizations = 10;
const members = 200;
const workspaces = 10;
/** Role, node: what every member holds, beside two workspaces. */
const base = { role: "member", node: "organization" };
/** Editors may, viewers may not; it depends on no facts, and is not sensitive. */
const permission = "data.update";
const audience = "lockstep";
const lifeS = 3_600;
const kid = "2026-11";

/** An algorithm's fresh key as a public JWK (symmetric: the secret), and how it signs. */
const fresh = {
  RS256: () => pair("rsa", { modulusLength: 2048 }, "sha256", {}),
  ES256: () => pair("ec", { namedCurve: "P-256" }, "sha256", { dsaEncoding: "ieee-p1363" }),
  EdDSA: () => pair("ed25519", {}, null, {}),
  HS256: () => {
    const secret = randomBytes(32);
    return {
      jwk: { kty: "oct", k: secret.toString("base64url") },
      signed: (message) => createHmac("sha256", secret).update(message).digest(),
    };
  },
};

function pair(type, parameters, hash, options) {
  const { publicKey, privateKey } = generateKeyPairSync(type, parameters);
  return {
    jwk: publicKey.export({ format: "jwk" }),
    signed: (message) => sign(hash, Buffer.from(message), { key: privateKey, ...options }),
  };
}

/** An issuer of one algorithm with a fresh key. */
export class Issuer {
  #signed;
  #serial = 0;

  constructor(algorithm) {
    const { jwk, signed } = fresh[algorithm]();
    this.#signed = signed;
    this.algorithm = algorithm;
    /** What the Workers are told of it. */
    this.record = {
      issuer: `https://${algorithm.toLowerCase()}.login.example`,
      audiences: [audience],
      algorithms: [algorithm],
      keys: { keys: [{ ...jwk, kid, alg: algorithm }] },
    };
  }

  /** A token that nobody has seen before. */
  token(subject, claims = {}) {
    this.#serial += 1;
    const now = Math.floor(Date.now() / 1_000);
    const body = {
      iss: this.record.issuer,
      aud: audience,
      sub: subject,
      iat: now,
      exp: now + lifeS,
      jti: `${this.#serial}`.padStart(16, "0"),
      email: `${subject}@customer.example`,
      email_verified: true,
      name: `Person ${subject}`,
      ...claims,
    };
    const message = `${encode({ alg: this.algorithm, kid, typ: "JWT" })}.${encode(body)}`;
    return `${message}.${this.#signed(message).toString("base64url")}`;
  }
}

const encode = (value) => Buffer.from(JSON.stringify(value)).toString("base64url");

/** Every organization: the body that seeds it in our Worker. */
export function worlds({ record }) {
  const nodes = Array.from({ length: workspaces }, (_, at) => ({ id: `workspace${at}`, level: "workspace" }));
  return Array.from({ length: organizations }, (_, organization) => ({
    name: `Organization ${organization}`,
    nodes,
    principals: Array.from({ length: members }, (_, member) => ({
      name: `user${organization * members + member}`,
      issuer: record.issuer,
      grants: [base, { role: "editor", node: own(member) }, { role: "viewer", node: other(member) }],
    })),
  }));
}

const own = (member) => `workspace${member % workspaces}`;
const other = (member) => `workspace${(member + 1) % workspaces}`;

/** Every member of every organization: how they are called, and the questions they ask. */
export function people(seeded) {
  return seeded.flatMap(({ organization, principals }) =>
    principals.map(({ name, token }, member) => ({
      name,
      token,
      path: `/v1/organizations/${organization}/evaluate`,
      allowed: { permission, resource: { workspace: own(member) } },
      denied: { permission, resource: { workspace: other(member) } },
    })),
  );
}

/** What the Worker that a user would write keeps of the same: roles as lists of permissions. */
export function tables(policy) {
  const roles = policy.roles.map(({ id }) => [
    id,
    policy.permissions.filter(({ allow = [] }) => allow.includes(id)).map((permission) => permission.id),
  ]);
  return { ROLES: Object.fromEntries(roles), PERMISSIONS: policy.permissions.map(({ id }) => id) };
}
