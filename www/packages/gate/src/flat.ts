/**
 * Writes in bytes what the page hands to its evaluator (`lockstep_wire::FlatReader` and
 * `lockstep_wire::Snapshot::to_flat`). The browser has a JSON parser, so the evaluator needs none.
 *
 * This moves values and decides nothing: what is not as it should be is written so that the evaluator
 * refuses it.
 */

// What was parsed from JSON may be anything; reading a member of nothing throws, and that is caught.
type Json = any;

/** Most bytes that a number has. */
const NUMBER_MAX = 8;
/** A byte with which nothing begins that could be read. */
const REFUSED = 0xff;
const MAGIC = "json";

/** Made when it is needed: where there is none, as in Jest's jsdom, the package can be loaded all the same. */
let utf8: TextEncoder;
const LEVELS = ["organization", "workspace", "project"];
const KINDS = ["user", "service-account"];
const EFFECTS = ["allow", "deny"];
/** The tests of a condition, by their numbers. */
const TESTS = [
  "at_least",
  "at_most",
  "equals",
  "equals_fact",
  "equals_ignore_case",
  "in",
  "matches",
  "not_equals",
  "not_equals_ignore_case",
  "not_in",
  "not_matches",
  "at_least_fact",
  "at_most_fact",
  "not_equals_fact",
];

let buffer = new Uint8Array(8192);
let length = 0;

/** A snapshot that was parsed from JSON; of one that is none, no more than its format. */
export function flatSnapshot(snapshot: Json): Uint8Array {
  return flat(() => {
    writeUtf8(MAGIC);
    attempt(() => writeNumber(snapshot.format));
    attempt(() => writeSnapshot(snapshot));
  });
}

/** What is asked about permission and node by name, with the page's own sentences. */
export function flatQuestion(permission: string, node: string, facts: Json, sentences: Json): Uint8Array {
  return flat(() => {
    writeText(String(permission));
    writeText(String(node));
    writeFacts(facts);
    const own = Object.entries<Json>(sentences).filter(([, text]) => typeof text === "string");
    writeList(own, (sentence) => sentence.forEach(writeText));
  });
}

/** Nodes by number, with the facts that are known of each. */
export function flatRows(nodes: readonly number[], facts: readonly Json[]): Uint8Array {
  return flat(() =>
    nodes.forEach((node, row) => {
      writeNumber(node);
      writeFacts(facts[row]);
    }),
  );
}

/** A name alone. */
export function flatName(name: string): Uint8Array {
  return flat(() => writeUtf8(name));
}

/** What `write` writes, until the next call. What it reads may ask something itself, which is written behind. */
function flat(write: () => void): Uint8Array {
  utf8 ??= new TextEncoder();
  const start = length;
  try {
    write();
    return buffer.subarray(start, length);
  } finally {
    length = start;
  }
}

/** Writes all of something, or in its place what is refused. */
function attempt(write: () => void): void {
  const start = length;
  try {
    write();
  } catch {
    length = start;
    writeByte(REFUSED);
  }
}

function refuse(): never {
  throw new TypeError();
}

function writeSnapshot(snapshot: Json): void {
  writeText(snapshot.policy.digest);
  writeText(snapshot.organization);
  writeText(snapshot.principal);
  writeOneOf(KINDS, snapshot.kind ?? "user");
  writeNumber(snapshot.epoch);
  writeNumber(snapshot.server_time_ms);
  writeTexts(snapshot.plan);
  writeList(snapshot.roles, (role) => {
    writeText(role.id);
    writeText(role.name);
    writeName(role.base);
    writeTexts(role.with);
    writeTexts(role.without);
  });
  writeList(snapshot.rules, ({ id, effect, because = "", roles, permissions, when, ...others }) => {
    Object.keys(others).forEach(refuse);
    writeText(id);
    writeOneOf(EFFECTS, effect);
    writeText(because);
    // Without roles it is for everybody, which a list with none in it does not mean.
    roles?.length === 0 && refuse();
    writeList(roles, writeName);
    writeTexts(permissions ?? refuse());
    writeList(when, writeCondition);
  });
  writeNodes(snapshot.nodes);
  writeList(snapshot.grants ?? refuse(), (grant) => {
    writeName(grant.role);
    writeName(grant.node);
    writeWindow(grant, grant.group);
  });
  writeOptional(snapshot.token, (token) => {
    writeOptional(token.permissions, writeTexts);
    writeOptional(token.node, writeName);
    writeWindow(token);
  });
}

function writeNodes(nodes: Json): void {
  const ids: string[] = [];
  for (const entry of nodes) {
    for (const id of idsOf(entry)) {
      ids.push(typeof id === "string" ? id : refuse());
    }
  }
  const text = ids.join("");
  writeNumber(ids.length);
  const isAscii = writeText(text) === text.length;
  // A project has no nodes in it, so nobody has to find it.
  const numbers = new Map<Json, number>();
  let at = 0;
  for (const { ids: beside, level: name, parent, owned } of nodes) {
    const level = oneOf(LEVELS, name);
    const isTop = parent == null;
    // What is not there lies behind all that is.
    const above = at > 0 ? (numbers.get(parent) ?? ids.length) : isTop ? 0 : refuse();
    for (let left = beside?.length ?? 1; left > 0; left -= 1) {
      const id = ids[at]!;
      if (level < 2) {
        numbers.set(id, at);
      }
      writeNumber(isAscii ? id.length : utf8.encode(id).length);
      writeNumber(above * 8 + (owned === true ? 4 : 0) + level);
      at += 1;
    }
  }
}

/** The one node of an entry, or those that lie side by side, none of them owned. */
function idsOf({ id, ids, owned }: Json): Json[] {
  return ids === undefined ? [id] : Array.isArray(ids) && !(id ?? owned) ? ids : refuse();
}

function writeWindow({ not_before_ms, expires_at_ms }: Json, group?: Json): void {
  const all = [group, not_before_ms, expires_at_ms];
  writeByte(all.reduce((flags, value, bit) => flags + (value == null ? 0 : 1 << bit), 0));
  all.forEach((value, bit) => value == null || (bit === 0 ? writeText : writeNumber)(value));
}

function writeCondition({ fact, if_exists = false, ...tests }: Json): void {
  const [[name, value] = refuse(), other] = Object.entries<Json>(tests);
  other && refuse();
  writeText(fact);
  writeOneOf([false, true], if_exists);
  writeOneOf(TESTS, name);
  if (name.endsWith("st")) {
    // At least, at most.
    writeInteger(value);
  } else if (name.endsWith("equals")) {
    writeValue(value);
  } else {
    (name.endsWith("in") ? writeTexts : writeText)(value);
  }
}

/**
 * Facts, with the count of their bytes before them. What is no value of a fact is not known, and no group is
 * complete that has such.
 */
function writeFacts(facts: Json): void {
  counted(() => {
    const known: [string, Json][] = [];
    const unknown: string[] = [];
    const groups: string[] = [];
    const state = (prefix: string, stated: Json) => {
      for (const [member, value] of Object.entries<Json>(stated ?? {})) {
        const name = prefix + member;
        if (typeof value === "boolean" || typeof value === "string" || Number.isSafeInteger(value)) {
          known.push([name, value]);
        } else if (!prefix && value && typeof value === "object" && !Array.isArray(value)) {
          groups.push(name);
          state(`${name}.`, value);
        } else if (value !== undefined) {
          unknown.push(name);
        }
      }
    };
    state("", facts);
    writeList(known, ([name, value]) => {
      writeText(name);
      writeValue(value);
    });
    writeTexts(groups.filter((group) => !unknown.some((name) => name.startsWith(`${group}.`))));
  });
}

function writeValue(value: Json): void {
  if (typeof value === "boolean") {
    writeByte(value ? 1 : 0);
  } else if (typeof value === "string") {
    writeByte(3);
    writeText(value);
  } else {
    writeByte(2);
    writeInteger(value);
  }
}

function writeOptional(value: Json, write: (value: Json) => void): void {
  const isThere = value != null;
  writeByte(isThere ? 1 : 0);
  isThere && write(value);
}

function writeName(name: Json): void {
  writeByte(0);
  writeText(name);
}

function writeTexts(texts: Json): void {
  writeList(texts, writeText);
}

/** What is absent is written as an empty list; nothing else is taken for one. */
function writeList(list: Json = [], write: (item: Json) => void): void {
  Array.isArray(list) || refuse();
  writeNumber(list.length);
  for (const item of list) {
    write(item);
  }
}

function writeOneOf(names: readonly Json[], name: Json): void {
  writeByte(oneOf(names, name));
}

function oneOf(names: readonly Json[], name: Json): number {
  const number = names.indexOf(name);
  return number < 0 ? refuse() : number;
}

/** The lowest byte first; negative ones as the evaluator has them, in two's complement. */
function writeInteger(integer: Json): void {
  let rest: number = Number.isSafeInteger(integer) ? integer : refuse();
  for (let byte = 0; byte < 8; byte += 1) {
    writeByte(rest & 0xff);
    rest = Math.floor(rest / 0x100);
  }
}

function writeNumber(number: Json): void {
  let rest: number = Number.isSafeInteger(number) && number >= 0 ? number : refuse();
  while (rest > 0x7f) {
    writeByte((rest % 0x80) | 0x80);
    rest = Math.floor(rest / 0x80);
  }
  writeByte(rest);
}

/** How many bytes it has in UTF-8. */
function writeText(text: Json): number {
  typeof text === "string" || refuse();
  return counted(() => writeUtf8(text));
}

/** Writes what `write` writes, and before it the count of its bytes. */
function counted(write: () => void): number {
  makeRoom(NUMBER_MAX);
  const start = length;
  const begin = start + NUMBER_MAX;
  length = begin;
  write();
  const end = length;
  length = start;
  writeNumber(end - begin);
  buffer.copyWithin(length, begin, end);
  length += end - begin;
  return end - begin;
}

function writeUtf8(text: string): void {
  // UTF-8 has at most three bytes for each UTF-16 unit.
  makeRoom(text.length * 3);
  let at = length;
  for (let index = 0; index < text.length; index += 1) {
    const unit = text.charCodeAt(index);
    if (unit > 0x7f || index > 99) {
      length += utf8.encodeInto(text, buffer.subarray(length)).written;
      return;
    }
    buffer[at++] = unit;
  }
  length = at;
}

function writeByte(byte: number): void {
  makeRoom(1);
  buffer[length++] = byte;
}

function makeRoom(bytes: number): void {
  if (length + bytes > buffer.length) {
    const larger = new Uint8Array((length + bytes) * 2);
    larger.set(buffer);
    buffer = larger;
  }
}
