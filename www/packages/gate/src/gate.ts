import {
  parsed,
  type Decision,
  type Facts,
  type Level,
  type PolicyDocument,
  type Snapshot,
} from "./documents.js";
import { flatName, flatQuestion, flatRows, flatSnapshot } from "./flat.js";
import { Masks, type Mask } from "./masks.js";
import {
  ALLOW,
  ANSWER,
  ANSWERS,
  CHANGES_AT,
  COUNT,
  DECISION,
  DEPENDS_ON_FACTS,
  EPOCH,
  FIND_NODE,
  FIND_PERMISSION,
  FOUND,
  IS_READY,
  LEVEL,
  NODE,
  NODES,
  PERMISSION,
  POLICY,
  SAID,
  SAID_LENGTH,
  SERVER_TIME,
  SNAPSHOT,
  STARTS,
  STATUS,
  STRIDE,
  TABLE,
} from "./numbers.js";
import { refusal, refusingGate } from "./refusal.js";
import { loadWasm, type Evaluator } from "./wasm.js";
import type { WasmSource } from "./wasm-source.js";

/** Sentences by code, in the page's own language; what is missing comes in English. */
export type Sentences = Readonly<Record<string, string>>;

/** A row of a page: a node, and what is known of it. */
export interface Row {
  /** The organization when left out. */
  readonly node?: string | undefined;
  readonly facts?: Facts | undefined;
}

/** What a page may ask. Every answer is a hint for people; the edge enforces. */
export interface Gate {
  /** `ready`, or why this gate allows nothing. */
  readonly status: string;
  /** One sentence about `status`, for people; empty when it is `ready`. */
  readonly statusText: string;
  /** Whose the snapshot is, by their id; empty when there is none. */
  readonly principal: string;
  /** The epoch of the snapshot; 0 when there is none. */
  readonly epoch: number;
  /** The edge's clock when it sent the snapshot, in Unix milliseconds; 0 when there is none. */
  readonly serverTimeMs: number;
  /** When an answer next changes by itself, in Unix milliseconds; `Infinity` when never. */
  readonly changesAtMs: number;
  /** Whether the principal may; `node` is the organization when left out. */
  can(permission: string, node?: string, facts?: Facts): boolean;
  /** The same answer with its reasons: in `sentences`, in the page's own and in English, whatever has them first. */
  explain(permission: string, node?: string, facts?: Facts, sentences?: Sentences): Decision;
  /** The number of a permission, or of a node, for `check`; -1 when there is none. */
  permission(id: string): number;
  node(id: string): number;
  /** `can` by numbers, without facts: what depends on facts is no. */
  check(permission: number, node: number): boolean;
  /** Every action on one node in one call. */
  mask(node?: string, facts?: Facts): Mask;
  /** Every action on each row of a page in one call. */
  masks(rows: readonly Row[]): Masks;
  /** The permissions that the principal has on a node. */
  actions(node?: string, facts?: Facts): string[];
  /** The nodes of `level` on which the principal may, whatever the facts. */
  resources(permission: string, level: Level): string[];
  /** The gate of the same documents at another time, by the edge's clock: grants begin and end. This one stays as it is. */
  at(nowMs: number): Gate;
}

export interface GateOptions {
  /** The policy as served, or its text. */
  readonly policy: PolicyDocument | string;
  /** The snapshot as served: the bytes of its binary form, or JSON, parsed or not. */
  readonly snapshot: Uint8Array | Snapshot | string;
  readonly wasm?: WasmSource | undefined;
  /** The edge's clock in Unix milliseconds; defaults to this machine's. Not a number: when the snapshot was sent. */
  readonly nowMs?: number | undefined;
  /** The page's own sentences, for all that this gate says. */
  readonly sentences?: Sentences | undefined;
}

/**
 * A gate for one principal in one organization. It never throws for what is in the documents: one
 * that it cannot read gives a gate that allows nothing and says why. It rejects only when the
 * evaluator itself cannot be loaded, or has stopped.
 */
export async function createGate(options: GateOptions): Promise<Gate> {
  const { policy, snapshot, nowMs = Date.now(), sentences } = options;
  const evaluator = await loadWasm(options.wasm);
  text ??= new TextDecoder();
  const bytes = snapshot instanceof Uint8Array ? snapshot : flatSnapshot(parsed(snapshot));
  return new TableGate(evaluator, {
    policy: compiled(policy),
    // A copy, because it is read again.
    snapshot: new Uint8Array(bytes),
    nowMs,
    sentences,
  });
}

/** The compiled forms of policies that were handed over already: a page has one, and a gate for each snapshot. */
const known = new WeakMap<object, Uint8Array>();

function compiled(policy: PolicyDocument | string): Uint8Array {
  const document = parsed<PolicyDocument>(policy);
  const bytes = (document && known.get(document)) ?? bytesOf(document?.gate?.compiled);
  if (document) {
    known.set(document, bytes);
  }
  return bytes;
}

/** What is no base64 is no bytes, and no policy. */
function bytesOf(base64: string | undefined): Uint8Array {
  try {
    const characters = atob(base64 ?? "");
    const bytes = new Uint8Array(characters.length);
    for (let at = 0; at < bytes.length; at += 1) {
      bytes[at] = characters.charCodeAt(at);
    }
    return bytes;
  } catch {
    return NONE;
  }
}

/** How many names that nobody knows are remembered, so that asking in a loop costs no memory. */
const UNKNOWN_MAX = 256;
/** Those that were reported: a page has a gate for each snapshot, and a name is reported once. */
const unknown = /* @__PURE__ */ new Set<string>();

const NONE = new Uint8Array();
/** Made with the first gate, as `utf8` in flat.ts. */
let text: TextDecoder;

/** What a gate is read from, the clock that it is read by, and the words that it uses. */
interface Documents {
  readonly policy: Uint8Array;
  readonly snapshot: Uint8Array;
  readonly nowMs: number;
  readonly sentences: Sentences | undefined;
}

/**
 * Answers from a copy of the evaluator's table: a name becomes a number once, and an ordinary check
 * never crosses into wasm.
 */
class TableGate implements Gate {
  readonly status: string;
  readonly principal: string;
  readonly epoch: number;
  readonly serverTimeMs: number;
  readonly changesAtMs: number;
  readonly #evaluator: Evaluator;
  readonly #documents: Documents;
  #organization: string | undefined;
  /** The places in the table of names that were asked about; the organization also goes without one. */
  readonly #columns = new Map<string, number>();
  readonly #rows = new Map<string | undefined, number>();
  /** For each class of nodes a row of answers; then the same once more, with no in place of perhaps. */
  readonly #answers: Uint8Array;
  /** Where each node's row begins. */
  readonly #starts: Uint32Array;
  readonly #stride: number;

  constructor(evaluator: Evaluator, documents: Documents) {
    this.#evaluator = evaluator;
    this.#documents = documents;
    const at = this.#ask(STATUS, 0, NONE);
    const { numbers, bytes } = evaluator;
    // A copy of the answers neither moves nor changes when the evaluator's memory does.
    const table = numbers[at + TABLE]!;
    const starts = numbers[at + STARTS]!;
    this.epoch = numbers[at + EPOCH]!;
    this.serverTimeMs = numbers[at + SERVER_TIME]!;
    this.changesAtMs = numbers[at + CHANGES_AT]!;
    this.#stride = numbers[at + STRIDE]! | 0;
    this.#answers = bytes.slice(table, table + numbers[at + COUNT]! * 2);
    this.#starts = new Uint32Array(bytes.slice(starts, starts + numbers[at + NODES]! * 4).buffer);
    const isReady = numbers[at + IS_READY] === 1;
    const said = this.#name(STATUS, 0);
    this.status = isReady ? "ready" : said;
    this.principal = isReady ? said : "";
  }

  get statusText(): string {
    return this.status === "ready" ? "" : this.explain("").reasons[0]!.text;
  }

  can(permission: string, node?: string, facts?: Facts): boolean {
    // The names that were asked about before: all the rest is kept out of the way.
    const row = this.#rows.get(node);
    const column = this.#columns.get(permission);
    if (row !== undefined && column !== undefined) {
      const answer = this.#answers[row + column];
      if (answer !== DEPENDS_ON_FACTS || facts === undefined) {
        return answer === ALLOW;
      }
    }
    return this.#learn(permission, node, facts);
  }

  check(permission: number, node: number): boolean {
    // A number beyond the last permission would be read from the next row.
    return (
      this.#answers[this.#starts[node]! + permission] === ALLOW &&
      permission >= 0 &&
      permission < this.#stride
    );
  }

  permission(id: string): number {
    const column = this.#columns.get(id) ?? this.#column(id);
    return column >= 0 ? column : -1;
  }

  node(id: string): number {
    return this.#find(FIND_NODE, id);
  }

  explain(
    permission: string,
    node?: string,
    facts?: Facts,
    sentences?: Sentences,
  ): Decision {
    const all = { ...this.#documents.sentences, ...sentences };
    return unlessBroken(() => {
      const question = flatQuestion(permission, node ?? this.#root(), facts, all);
      return JSON.parse(text.decode(this.#say(DECISION, 0, question))) as Decision;
    }, refusal(BROKEN, STOPPED, all));
  }

  mask(node?: string, facts?: Facts): Mask {
    return this.masks([{ node, facts }]).row(0);
  }

  masks(rows: readonly Row[]): Masks {
    const stride = this.#stride;
    const bytes = new Uint8Array(rows.length * stride);
    const sure = this.#answers.subarray(this.#answers.length / 2);
    // Rows whose facts matter, by their places, and what to ask about them.
    const places: number[] = [];
    const nodes: number[] = [];
    const known: Facts[] = [];
    for (let at = 0; at < rows.length; at += 1) {
      const { facts } = rows[at]!;
      const node = rows[at]!.node ?? this.#root();
      const start = this.#rows.get(node) ?? this.#row(node);
      if (!(start >= 0)) continue;
      if (facts === undefined) {
        bytes.set(sure.subarray(start, start + stride), at * stride);
      } else {
        places.push(at);
        nodes.push(this.node(node));
        known.push(facts);
      }
    }
    if (places.length > 0) {
      const answers = this.#answersTo(ANSWERS, 0, nodes, known);
      places.forEach((place, at) => {
        bytes.set(answers.subarray(at * stride, (at + 1) * stride), place * stride);
      });
    }
    return new Masks(bytes, stride, (id) => this.permission(id));
  }

  actions(node?: string, facts?: Facts): string[] {
    const { bytes } = this.mask(node, facts);
    const names: string[] = [];
    bytes.forEach((allowed, at) => allowed === ALLOW && names.push(this.#name(PERMISSION, at)));
    return names;
  }

  resources(permission: string, level: Level): string[] {
    const column = this.permission(permission);
    const ids: string[] = [];
    for (let node = 0; node < this.#starts.length; node += 1) {
      if (this.check(column, node) && this.#name(LEVEL, node) === level) {
        ids.push(this.#name(NODE, node));
      }
    }
    return ids;
  }

  at(nowMs: number): Gate {
    return unlessBroken<Gate>(
      () => new TableGate(this.#evaluator, { ...this.#documents, nowMs }),
      refusingGate(BROKEN, STOPPED, this.#documents.sentences),
    );
  }

  /** `can` of names that nobody asked about yet, or that depends on `facts`. */
  #learn(permission: string, node: string | undefined, facts?: Facts): boolean {
    const answer = this.#answers[this.#row(node) + this.#column(permission)];
    if (answer !== DEPENDS_ON_FACTS || facts === undefined) {
      return answer === ALLOW;
    }
    const column = this.permission(permission);
    const number = this.node(node ?? this.#root());
    return this.#answersTo(ANSWER, column, [number], [facts])[0] === ALLOW;
  }

  /** The evaluator's answers about nodes under facts, row by row; none when it stopped. */
  #answersTo(
    what: number,
    permission: number,
    nodes: readonly number[],
    facts: readonly Facts[],
  ): Uint8Array {
    return unlessBroken(() => this.#say(what, permission, flatRows(nodes, facts)), NONE);
  }

  #column(permission: string): number {
    const column = this.#find(FIND_PERMISSION, permission);
    if (column >= 0) {
      this.#columns.set(permission, column);
      return column;
    }
    if (this.status === "ready") {
      this.#report(permission);
    }
    return NaN;
  }

  #row(node: string | undefined): number {
    const row = this.#starts[this.node(node ?? this.#root())];
    if (row === undefined) {
      return NaN;
    }
    this.#rows.set(node, row);
    return row;
  }

  #report(permission: string): void {
    if (!unknown.has(permission) && unknown.size < UNKNOWN_MAX) {
      unknown.add(permission);
      console.error(`lockstep: unknown permission \`${permission}\`, so it is not allowed`);
    }
  }

  #find(what: number, name: string): number {
    return unlessBroken(() => {
      const at = this.#ask(what, 0, flatName(name));
      // As an integer: the places that are made of it are faster to add up.
      return this.#evaluator.numbers[at + FOUND]! | 0;
    }, -1);
  }

  #name(what: number, number: number): string {
    return unlessBroken(() => text.decode(this.#say(what, number, NONE)), "");
  }

  #root(): string {
    return (this.#organization ||= this.#name(NODE, 0));
  }

  /** What the evaluator says, where it lies. */
  #say(what: number, number: number, bytes: Uint8Array): Uint8Array {
    const at = this.#ask(what, number, bytes);
    const { numbers, bytes: all } = this.#evaluator;
    const said = numbers[at + SAID]!;
    return all.subarray(said, said + numbers[at + SAID_LENGTH]!);
  }

  /** Asks the evaluator about this gate; the place of its numbers. */
  #ask(what: number, number: number, bytes: Uint8Array): number {
    const evaluator = this.#evaluator;
    if (evaluator.holder !== this) {
      // Whatever stops halfway, nobody is answered from another one's documents.
      evaluator.holder = undefined;
      const { policy, snapshot, nowMs } = this.#documents;
      if (evaluator.policy !== policy) {
        evaluator.policy = undefined;
        evaluator.ask(POLICY, 0, policy);
        evaluator.policy = policy;
      }
      evaluator.ask(SNAPSHOT, nowMs, snapshot);
      evaluator.holder = this;
    }
    return evaluator.ask(what, number, bytes);
  }

}

/** The status of a gate whose evaluator stopped before there were answers. */
const BROKEN = "gate-broken";
const STOPPED = "Your permissions could not be evaluated, so nothing is allowed here.";

/** What the evaluator answers. One that trapped answers nothing any more. */
function unlessBroken<T>(ask: () => T, otherwise: T): T {
  try {
    return ask();
  } catch (cause) {
    console.error("lockstep: the evaluator stopped", cause);
    return otherwise;
  }
}
