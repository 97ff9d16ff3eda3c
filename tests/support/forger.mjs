// Issuers with keys of every kind, good tokens of theirs, and forgeries made from those by every trick in
// the book. crates/token/tests has the long list; this is a sample of it for the running Worker.

import { constants, createHmac, createPublicKey, generateKeyPairSync, randomBytes, sign } from "node:crypto";

const pss = { padding: constants.RSA_PKCS1_PSS_PADDING, saltLength: constants.RSA_PSS_SALTLEN_DIGEST };
const ieee = { dsaEncoding: "ieee-p1363" };
const kinds = {
  RS256: ["rsa", { modulusLength: 2048 }, "sha256", {}],
  PS256: ["rsa", { modulusLength: 2048 }, "sha256", pss],
  ES256: ["ec", { namedCurve: "P-256" }, "sha256", ieee],
  ES384: ["ec", { namedCurve: "P-384" }, "sha384", ieee],
  EdDSA: ["ed25519", {}, null, {}],
  HS256: [],
};
export const algorithms = Object.keys(kinds);
const names = ["RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA", "HS256", "HS384", "HS512"];

const encode = (value) => Buffer.from(value).toString("base64url");
const json = (value) => encode(JSON.stringify(value));
const pick = (values) => values[Math.floor(Math.random() * values.length)];
const hmac = (name, secret, message) => createHmac(`sha${name.slice(2)}`, secret).update(message).digest();

/** An issuer with one key `k1`. */
export class Forger {
  constructor(algorithm) {
    this.algorithm = algorithm;
    this.issuer = `https://${algorithm.toLowerCase()}.example`;
    const [type, options, hash, parameters] = kinds[algorithm];
    if (type === undefined) {
      this.secret = randomBytes(64);
      this.jwk = { kty: "oct", k: this.secret.toString("base64url") };
      this.sign = (message) => hmac(algorithm, this.secret, message);
    } else {
      const { publicKey, privateKey } = generateKeyPairSync(type, options);
      this.jwk = publicKey.export({ format: "jwk" });
      this.sign = (message, others) => sign(hash, Buffer.from(message), { key: privateKey, ...parameters, ...others });
    }
    const keys = [{ kid: "k1", alg: algorithm, ...this.jwk }];
    this.record = { issuer: this.issuer, audiences: ["lockstep"], algorithms: [algorithm], keys: { keys } };
    this.header = { alg: algorithm, kid: "k1", typ: "JWT" };
  }

  claims(changes = {}) {
    const now = Math.floor(Date.now() / 1_000);
    return { iss: this.issuer, sub: "ann", aud: "lockstep", iat: now, exp: now + 600, ...changes };
  }

  /** Signs two segments, whatever they are; `signer` may be another's. */
  token(header = json(this.header), claims = json(this.claims()), signer = this.sign) {
    const message = `${header}.${claims}`;
    return `${message}.${signer(message).toString("base64url")}`;
  }

  /** All forgeries; `url` is where nobody may ever ask for a key. */
  forgeries(url) {
    const thief = new Forger(this.algorithm);
    return [
      ...this.#misspelled(60),
      ...this.#resigned(thief, url),
      ...this.#confused(),
      ...this.#altered(),
      ...this.#salted(),
      ...this.#mistyped(),
      ...this.#shaped(),
    ].filter((text) => /^[\x21-\x7e]+$/.test(text));
  }

  /** One change to the text (J12, J24). */
  #misspelled(times) {
    const good = this.token();
    const digits = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_.=+/";
    const texts = Array.from({ length: times }, () => {
      const at = Math.floor(Math.random() * good.length);
      const [head, tail] = [good.slice(0, at), good.slice(at)];
      return [head + pick(digits) + tail.slice(1), head + pick(digits) + tail, head + tail.slice(1), head, tail];
    });
    return [...texts.flat(), ...["=", ".", "A", "AA"].map((end) => good + end)].filter((text) => text !== good);
  }

  /** A thief's signature, with the thief's key at hand in every way a header may name one (J1 to J6). */
  #resigned(thief, url) {
    const { kid, ...jwk } = { kid: "k1", ...thief.jwk };
    const headers = [
      {}, { jwk }, { jwk: { ...jwk, kid } }, { jku: url }, { x5u: url }, { x5c: ["MIIB"] }, { x5t: "AA" },
      { jku: url, kid: "k2" }, { kid: url }, { kid: "../../dev/null" }, { kid: "' OR 1=1 --" }, { kid: "k".repeat(4_000) },
      { kid: "k1\0" }, { kid: ["k1"] }, { kid: null }, { crit: ["exp"] }, { b64: false, crit: ["b64"] }, { zip: "DEF" },
      ...names.map((alg) => ({ alg })), ...["none", "None", "NONE", "nOnE", "", null, 0, ["RS256"]].map((alg) => ({ alg })),
    ];
    const bare = (header) => thief.token(json({ ...this.header, ...header }), json(this.claims()));
    const unsigned = (header) => `${json({ ...this.header, ...header })}.${json(this.claims())}.`;
    const extended = [{ crit: [] }, { crit: ["x"], x: 1 }, { crit: ["alg"] }, { crit: ["b64"], b64: false }, { b64: true }, { zip: "DEF" }, { enc: "A128GCM" }];
    const signed = extended.map((header) => this.token(json({ ...this.header, ...header })));
    return [...headers.map(bare), ...headers.map(unsigned), ...signed];
  }

  /** The public key, in whatever spelling, as a secret (J2, J14). */
  #confused() {
    const spellings = ["", Buffer.alloc(32), "secret", JSON.stringify(this.jwk)];
    if (this.secret === undefined) {
      const key = createPublicKey({ key: this.jwk, format: "jwk" });
      const pem = key.export({ format: "pem", type: "spki" });
      spellings.push(pem, pem.trim(), pem.replace(/-.*-\n?/g, "").trim(), key.export({ format: "der", type: "spki" }));
      const numbers = ["n", "x", "y"].filter((name) => name in this.jwk);
      spellings.push(...numbers.flatMap((name) => [this.jwk[name], Buffer.from(this.jwk[name], "base64url")]));
      if ("n" in this.jwk) {
        spellings.push(key.export({ format: "pem", type: "pkcs1" }), key.export({ format: "der", type: "pkcs1" }));
      }
      if ("y" in this.jwk) {
        spellings.push(Buffer.from(`04${Buffer.from(this.jwk.x + this.jwk.y, "base64url").toString("hex")}`, "hex"));
      }
    }
    return spellings.flatMap((secret) =>
      ["HS256", "HS384", "HS512"].flatMap((alg) =>
        [{ alg, kid: "k1" }, { alg }].map((header) => this.token(json(header), undefined, (message) => hmac(alg, secret, message))),
      ),
    );
  }

  /** A good signature over something else, or another one over the same (J13). */
  #altered() {
    const [header, claims, signature] = this.token().split(".");
    const bytes = Buffer.from(signature, "base64url");
    const half = bytes.length / 2;
    const zero = (from, to) => Buffer.from(bytes).fill(0, from, to);
    const flipped = Array.from({ length: 16 }, () => {
      const other = Buffer.from(bytes);
      other[Math.floor(Math.random() * other.length)] ^= 1 << Math.floor(Math.random() * 8);
      return other;
    });
    const others = [
      zero(0), zero(0, half), zero(half), Buffer.alloc(bytes.length, 255), Buffer.alloc(bytes.length, 1), ...flipped,
      Buffer.concat([bytes.subarray(half), bytes.subarray(0, half)]), Buffer.concat([bytes, Buffer.alloc(1)]),
      Buffer.concat([Buffer.alloc(1), bytes]), bytes.subarray(1), bytes.subarray(0, -1), der(bytes), randomBytes(bytes.length),
    ];
    const promoted = [{ sub: "root" }, { exp: 9_999_999_999 }, { aud: ["lockstep", "x"] }, { role: "admin" }];
    return [
      ...others.map((other) => `${header}.${claims}.${other.toString("base64url")}`),
      ...promoted.map((changes) => `${header}.${json(this.claims(changes))}.${signature}`),
      ...names.filter((alg) => alg !== this.algorithm).map((alg) => `${json({ ...this.header, alg })}.${claims}.${signature}`),
      `${claims}.${header}.${signature}`, `${header}..${signature}`, `.${claims}.${signature}`,
    ];
  }

  /** RSASSA-PSS with a salt of another length than the hash's (RFC 7518 section 3.5). */
  #salted() {
    if (this.algorithm !== "PS256") return [];
    const salts = [0, 8, 20, 31, 33, 48, 64, 222];
    return salts.map((saltLength) => this.token(undefined, undefined, (message) => this.sign(message, { saltLength })));
  }

  /** Signed by the right key, and still not acceptable (J7 to J11, J17, J18). */
  #mistyped() {
    const now = Math.floor(Date.now() / 1_000);
    const soon = now + 600;
    const times = [`"${soon}"`, "null", "true", "[]", `[${soon}]`, "{}", `${soon}.0`, `${soon}.5`, "1e400", "-1", "9223372036854775808", '"NaN"', '""'];
    const good = this.claims();
    const raw = (name, value) => {
      const members = Object.entries(good).filter(([other]) => other !== name).map(([key, own]) => `"${key}":${JSON.stringify(own)}`);
      return this.token(undefined, encode(`{${[...members, ...(value === undefined ? [] : [`"${name}":${value}`])].join(",")}}`));
    };
    const bad = {
      exp: [undefined, ...times, `${now - 60}`, "0", `${now + 400 * 86_400}`],
      iat: [undefined, ...times, `${now + 120}`],
      nbf: [...times, `${now + 120}`],
      aud: [undefined, '""', "[]", "1", "null", "{}", '"Lockstep"', '"lockstep "', '["lockstep",1]', '[["lockstep"]]', '"*"'],
      iss: [undefined, '""', "null", `["${this.issuer}"]`, `"${this.issuer}/"`, `"${this.issuer.toUpperCase()}"`, `"${this.issuer.slice(0, -1)}"`],
      sub: [undefined, '""', "null", "1", '["ann"]', "{}"],
      jti: ["1", "null"],
      x: ['{"a":1,"a":2}', '"\\u0000"', '"\\ud800"', "[".repeat(40) + "]".repeat(40), "[".repeat(3_000)],
    };
    const text = JSON.stringify(good);
    const doubled = ['"sub":"root"', '"\\u0073ub":"root"', '"sub\\u0000":"root"', '"exp":1', '"iss":"x"'].flatMap((member) => [
      text.replace("{", `{${member},`), text.replace(/}$/, `,${member}}`),
    ]);
    const whole = [...doubled, `\ufeff${text}`, `${text}{}`, `[${text}]`, "null", '""', text.slice(0, -1), "", " "];
    const types = ["logout+jwt", "dpop+jwt", "secevent+jwt", "oauth-authz-req+jwt", ""].map((typ) => ({ typ }));
    return [
      ...Object.entries(bad).flatMap(([name, values]) => values.map((value) => raw(name, value))),
      ...whole.map((claims) => this.token(undefined, encode(claims))),
      ...types.map((header) => this.token(json({ ...this.header, ...header }))),
      this.token(json({ ...this.header, cty: "JWT" }), encode(this.token())),
      this.token(encode(JSON.stringify(this.header).replace("{", '{"alg":"none",'))),
      this.token(encode(JSON.stringify(this.header).replace('"alg"', '"Alg"'))),
    ];
  }

  /** Other shapes (J18, J19). */
  #shaped() {
    const good = this.token();
    const [header, claims, signature] = good.split(".");
    const jwe = json({ alg: "PBES2-HS256+A128KW", enc: "A128CBC-HS256", p2c: 2_147_483_647, p2s: "AAAA" });
    return [
      `${header}.${claims}`, header, ".", "..", "...", "....", ".".repeat(7_000), `${good}.${signature}`, `${good}.${signature}.`,
      `${jwe}.A.A.A.A`, `${json({ alg: "dir", enc: "A128GCM", zip: "DEF" })}..A.A.A`, `"${good}"`, `${good},${good}`,
      json({ payload: claims, protected: header, signature }), JSON.stringify({ payload: claims, protected: header, signature }),
      good.toUpperCase(), good.toLowerCase(), good.replaceAll(".", ".."), good.replaceAll(".", "%2E"), `${good}${"A".repeat(8_000)}`,
    ];
  }
}

/** As X.509 writes an ECDSA signature; for others it is only another length. */
function der(bytes) {
  const half = bytes.length / 2;
  const number = (part) => Buffer.concat([Buffer.from([2, part.length + 1, 0]), part]);
  const both = Buffer.concat([number(bytes.subarray(0, half)), number(bytes.subarray(half))]);
  return Buffer.concat([Buffer.from([48, both.length & 127]), both]);
}
