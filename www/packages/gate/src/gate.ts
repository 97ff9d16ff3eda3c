import type { Decision, Facts, Level, PolicyDocument, Snapshot } from "./documents.js";
import { encode } from "./encode.js";
import { Masks, type Mask } from "./masks.js";
import { refusal } from "./refusal.js";
import { CompiledPolicy, Evaluator, loadWasm, type WasmSource } from "./wasm.js";

/** Sentences by code, in the page's own language; what is missing comes in English. */
export type Sentences = Readonly<Record<string, string>>;

/** A row of a page: a node, and what is known of it. */
export interface Row {
  /** The organization when left out. */
  readonly node?: string;
  readonly facts?: Facts;
}

/** What a page may ask. Every answer is a hint for people; the edge enforces. */
export interface Gate {
  /** `ready`, or why this gate allows nothing. */
  readonly status: string;
  /** One sentence about `status`, for people; empty when it is `ready`. */
  readonly statusText: string;
  /** The epoch of the snapshot; 0 when there is none. */
  readonly epoch: number;
  /** The edge's clock when it sent the snapshot, in Unix milliseconds; 0 when there is none. */
  readonly serverTimeMs: number;
  /** When an answer next changes by itself, in Unix milliseconds; `Infinity` when never. */
  readonly changesAtMs: number;
  /** Whether the principal may; `node` is the organization when left out. */
  can(permission: string, node?: string, facts?: Facts): boolean;
  /** The same answer with its reasons, in `sentences` where it has them. */
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
  /** Reads the clock again, so that grants begin and end. `nowMs` is the edge's clock. */
  refresh(nowMs?: number): void;
}

export interface GateOptions {
  /** The policy as served, or its text. */
  readonly policy: PolicyDocument | string;
  /** The snapshot as served: the bytes of its binary form, or JSON, parsed or not. */
  readonly snapshot: Uint8Array | Snapshot | string;
  readonly wasm?: WasmSource | Promise<WasmSource>;
  /** The edge's clock in Unix milliseconds; defaults to this machine's. */
  readonly nowMs?: number;
}

/**
 * A gate for one principal in one organization. It never throws for what is in the documents: one
 * that it cannot read gives a gate that allows nothing and says why. It rejects only when the
 * evaluator itself cannot be loaded.
 */
export async function createGate(options: GateOptions): Promise<Gate> {
  const { memory } = await loadWasm(options.wasm);
  return gateOf(options, memory, options.nowMs ?? Date.now());
}

/** A gate as of when the edge sent the snapshot. */
export async function gateAsSent(options: GateOptions): Promise<Gate> {
  const { memory } = await loadWasm(options.wasm);
  return gateOf(options, memory, Number.NaN);
}

function gateOf({ policy, snapshot }: GateOptions, memory: WebAssembly.Memory, nowMs: number): Gate {
  const bytes = snapshot instanceof Uint8Array ? snapshot : encode(parsed<Snapshot>(snapshot));
  return new TableGate(new Evaluator(compiled(policy), bytes, nowMs), memory);
}

/** Policies that were handed over already: a page has one, and a gate for each snapshot. */
const known = new WeakMap<object, CompiledPolicy>();

function compiled(policy: PolicyDocument | string): CompiledPolicy {
  const document = parsed<PolicyDocument>(policy);
  const found = document && known.get(document);
  if (found) {
    return found;
  }
  const made = new CompiledPolicy(encode(document?.gate));
  if (document) {
    known.set(document, made);
  }
  return made;
}

/** What cannot be parsed is nothing; the evaluator then says which of the two it could not read. */
function parsed<T extends object>(document: T | string): T | undefined {
  try {
    const value = typeof document === "string" ? (JSON.parse(document) as T) : document;
    return typeof value === "object" && value !== null ? value : undefined;
  } catch {
    return undefined;
  }
}

/** The answers in the evaluator's table; 0 is no. */
const ALLOW = 1;
const DEPENDS_ON_FACTS = 2;

/** How many names that nobody knows are remembered, so that asking in a loop costs no memory. */
const UNKNOWN_MAX = 256;

const LEVELS: readonly Level[] = ["organization", "workspace", "project"];

/**
 * Answers from the evaluator's own tables, seen through typed arrays: a name becomes a number once,
 * and an ordinary check never crosses into wasm (every string that does costs about 95 ns).
 */
class TableGate implements Gate {
  readonly status: string;
  readonly epoch: number;
  readonly serverTimeMs: number;
  readonly #evaluator: Evaluator;
  readonly #memory: WebAssembly.Memory;
  readonly #organization: string;
  readonly #columns = new Map<string, number>();
  /** Where a node's answers begin in the table; many nodes share theirs. */
  readonly #rows = new Map<string, number>();
  readonly #unknown = new Set<string>();
  #stride = 0;
  #answers!: Uint8Array;
  #sure!: Uint8Array;
  #starts!: Uint32Array;

  constructor(evaluator: Evaluator, memory: WebAssembly.Memory) {
    this.#evaluator = evaluator;
    this.#memory = memory;
    this.status = evaluator.status();
    this.epoch = evaluator.epoch();
    this.serverTimeMs = evaluator.server_time_ms();
    this.#organization = evaluator.node_id(0);
    this.#look();
  }

  get statusText(): string {
    return this.status === "ready" ? "" : (this.explain("").reasons[0]?.text ?? "");
  }

  get changesAtMs(): number {
    return this.#evaluator.changes_at_ms();
  }

  can(permission: string, node: string = this.#organization, facts?: Facts): boolean {
    const column = this.#columns.get(permission) ?? this.#column(permission);
    const row = this.#rows.get(node) ?? this.#row(node);
    if (column < 0 || row < 0) {
      return false;
    }
    // Memory that grew leaves the old view empty: reads of it are undefined, never a stale answer.
    const answer = this.#answers[row + column] ?? this.#look()[row + column];
    return (
      answer === ALLOW ||
      (answer === DEPENDS_ON_FACTS && facts !== undefined && this.#ask(column, node, facts))
    );
  }

  check(permission: number, node: number): boolean {
    const answer = this.#answers[this.#starts[node]! + permission];
    if (answer === undefined && this.#fresh()) {
      return this.check(permission, node);
    }
    // A number beyond the last permission would be read from the next row.
    return answer === ALLOW && permission >= 0 && permission < this.#stride;
  }

  permission(id: string): number {
    return this.#columns.get(id) ?? this.#column(id);
  }

  node(id: string): number {
    return this.#evaluator.node(id);
  }

  explain(
    permission: string,
    node: string = this.#organization,
    facts?: Facts,
    sentences?: Sentences,
  ): Decision {
    try {
      const own = sentences === undefined ? NONE : encode(sentences);
      const text = this.#evaluator.explain(permission, node, bytesOf(facts), own);
      return JSON.parse(text) as Decision;
    } catch (cause) {
      return broken(cause);
    }
  }

  mask(node: string = this.#organization, facts?: Facts): Mask {
    return this.masks([facts === undefined ? { node } : { node, facts }]).row(0);
  }

  masks(rows: readonly Row[]): Masks {
    this.#fresh();
    const stride = this.#stride;
    const bytes = new Uint8Array(rows.length * stride);
    // Rows whose facts matter, by their places, and what to ask about them: node, facts, node, facts…
    const places: number[] = [];
    const asked: unknown[] = [];
    for (let at = 0; at < rows.length; at += 1) {
      const { node = this.#organization, facts } = rows[at]!;
      const start = this.#rows.get(node) ?? this.#row(node);
      if (start < 0) continue;
      if (facts === undefined) {
        bytes.set(this.#sure.subarray(start, start + stride), at * stride);
      } else {
        places.push(at);
        asked.push(this.node(node), facts);
      }
    }
    if (places.length > 0) {
      this.#fill(bytes, places, asked);
    }
    return new Masks(bytes, stride, (id) => this.permission(id));
  }

  actions(node?: string, facts?: Facts): string[] {
    const { bytes } = this.mask(node, facts);
    const names: string[] = [];
    bytes.forEach((allowed, at) => allowed === ALLOW && names.push(this.#evaluator.permission_id(at)));
    return names;
  }

  resources(permission: string, level: Level): string[] {
    this.#fresh();
    const column = this.permission(permission);
    const wanted = LEVELS.indexOf(level);
    const ids: string[] = [];
    for (let node = 0; node < this.#starts.length; node += 1) {
      if (this.check(column, node) && this.#evaluator.node_level(node) === wanted) {
        ids.push(this.#evaluator.node_id(node));
      }
    }
    return ids;
  }

  refresh(nowMs: number = Date.now()): void {
    this.#evaluator.refresh(nowMs);
    this.#look();
    this.#rows.clear();
  }

  #fill(bytes: Uint8Array, places: readonly number[], asked: readonly unknown[]): void {
    try {
      const stride = this.#stride;
      const address = this.#evaluator.masks(encode(asked));
      const answers = new Uint8Array(this.#memory.buffer, address, places.length * stride);
      places.forEach((place, at) => {
        bytes.set(answers.subarray(at * stride, (at + 1) * stride), place * stride);
      });
    } catch (cause) {
      broken(cause);
    }
  }

  #ask(column: number, node: string, facts: Facts): boolean {
    try {
      return this.#evaluator.check_with(column, this.node(node), encode(facts)) === ALLOW;
    } catch (cause) {
      return broken(cause).decision;
    }
  }

  #column(permission: string): number {
    const column = this.#evaluator.permission(permission);
    if (column >= 0) {
      this.#columns.set(permission, column);
    } else if (this.status === "ready") {
      this.#report(permission);
    }
    return column;
  }

  #row(node: string): number {
    const number = this.node(node);
    this.#fresh();
    const row = this.#starts[number];
    if (row === undefined) {
      return -1;
    }
    this.#rows.set(node, row);
    return row;
  }

  #report(permission: string): void {
    if (!this.#unknown.has(permission) && this.#unknown.size < UNKNOWN_MAX) {
      this.#unknown.add(permission);
      console.error(`lockstep: unknown permission \`${permission}\`, so it is not allowed`);
    }
  }

  /** Makes views anew that memory left behind when it grew; whether there were such. */
  #fresh(): boolean {
    if (this.#answers.buffer === this.#memory.buffer) {
      return false;
    }
    this.#look();
    return true;
  }

  #look(): Uint8Array {
    const { buffer } = this.#memory;
    const [answers, count, sure, rows, nodes, stride] = new Uint32Array(
      buffer,
      this.#evaluator.layout(),
      6,
    ) as unknown as [number, number, number, number, number, number];
    this.#stride = stride;
    this.#sure = new Uint8Array(buffer, sure, count);
    this.#starts = new Uint32Array(buffer, rows, nodes);
    return (this.#answers = new Uint8Array(buffer, answers, count));
  }
}

const NONE = new Uint8Array();

function bytesOf(facts: Facts | undefined): Uint8Array {
  return facts === undefined ? NONE : encode(facts);
}

/** The evaluator trapped. Nothing is allowed until the page has been loaded again. */
function broken(cause: unknown): Decision {
  console.error("lockstep: the evaluator stopped", cause);
  return refusal("gate-broken", "The permissions of this page could not be evaluated.");
}
