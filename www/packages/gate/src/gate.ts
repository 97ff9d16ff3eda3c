import type { Decision, Facts, PolicyDocument, Snapshot } from "./documents.js";
import { encode } from "./encode.js";
import { refusal } from "./refusal.js";
import { Evaluator, loadWasm, type WasmSource } from "./wasm.js";

/** What a page may ask. Every answer is a hint for people; the edge enforces. */
export interface Gate {
  /** `ready`, or why this gate allows nothing. */
  readonly status: string;
  /** One sentence about `status`, for people; empty when it is `ready`. */
  readonly statusText: string;
  /** The epoch of the snapshot; 0 when there is none. */
  readonly epoch: number;
  /** When an answer next changes by itself, in Unix milliseconds; `Infinity` when never. */
  readonly changesAtMs: number;
  /** Whether the principal may; `node` is the organization when left out. */
  can(permission: string, node?: string, facts?: Facts): boolean;
  /** The same answer with its reasons. */
  explain(permission: string, node?: string, facts?: Facts): Decision;
  /** Reads the clock again, so that grants begin and end. `nowMs` is the edge's clock. */
  refresh(nowMs?: number): void;
}

export interface GateOptions {
  /** The policy as served, or its text. */
  readonly policy: PolicyDocument | string;
  /** The snapshot as served, or its text. */
  readonly snapshot: Snapshot | string;
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
  const policy = parsed<PolicyDocument>(options.policy);
  const snapshot = parsed<Snapshot>(options.snapshot);
  const nowMs = options.nowMs ?? Date.now();
  const evaluator = new Evaluator(encode(policy?.gate), encode(snapshot), nowMs);
  // Only what the evaluator could read is looked into here.
  const organization = evaluator.status() === "ready" ? (snapshot?.organization ?? "") : "";
  return new TableGate(evaluator, memory, organization);
}

/** What cannot be parsed is nothing; the evaluator then says which of the two it could not read. */
function parsed<T>(document: T | string): T | undefined {
  if (typeof document !== "string") {
    return document;
  }
  try {
    return JSON.parse(document) as T;
  } catch {
    return undefined;
  }
}

/** The answers in the evaluator's table; 0 is no. */
const ALLOW = 1;
const DEPENDS_ON_FACTS = 2;

/** How many names that nobody knows are remembered, so that asking in a loop costs no memory. */
const UNKNOWN_MAX = 256;

/**
 * Answers from the evaluator's own table, seen through a typed array: a name becomes a number once,
 * and an ordinary check never crosses into wasm (every string that does costs about 95 ns).
 */
class TableGate implements Gate {
  readonly status: string;
  readonly statusText: string;
  readonly epoch: number;
  readonly #evaluator: Evaluator;
  readonly #memory: WebAssembly.Memory;
  readonly #organization: string;
  readonly #columns = new Map<string, number>();
  /** Where a node's answers begin in the table; many nodes share theirs. */
  readonly #rows = new Map<string, number>();
  readonly #unknown = new Set<string>();
  #table: Uint8Array;

  constructor(evaluator: Evaluator, memory: WebAssembly.Memory, organization: string) {
    this.#evaluator = evaluator;
    this.#memory = memory;
    this.#organization = organization;
    this.status = evaluator.status();
    this.statusText = evaluator.status_text();
    this.epoch = evaluator.epoch();
    this.#table = this.#view();
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
    const answer = this.#table[row + column] ?? (this.#table = this.#view())[row + column];
    return answer === ALLOW || (answer === DEPENDS_ON_FACTS && this.#ask(permission, node, facts));
  }

  explain(permission: string, node: string = this.#organization, facts?: Facts): Decision {
    try {
      const text = this.#evaluator.explain(permission, node, bytesOf(facts));
      return JSON.parse(text) as Decision;
    } catch (cause) {
      return broken(cause);
    }
  }

  refresh(nowMs: number = Date.now()): void {
    this.#evaluator.refresh(nowMs);
    this.#table = this.#view();
    this.#rows.clear();
  }

  #ask(permission: string, node: string, facts: Facts | undefined): boolean {
    try {
      return this.#evaluator.can_with(permission, node, bytesOf(facts)) === ALLOW;
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
    const number = this.#evaluator.node(node);
    if (number < 0) {
      return number;
    }
    const rows = new Uint32Array(
      this.#memory.buffer,
      this.#evaluator.rows_ptr(),
      this.#evaluator.rows_len(),
    );
    const row = (rows[number] ?? -1) * this.#evaluator.stride();
    this.#rows.set(node, row);
    return row;
  }

  #report(permission: string): void {
    if (!this.#unknown.has(permission) && this.#unknown.size < UNKNOWN_MAX) {
      this.#unknown.add(permission);
      console.error(`lockstep: unknown permission \`${permission}\`, so it is not allowed`);
    }
  }

  #view(): Uint8Array {
    const { buffer } = this.#memory;
    return new Uint8Array(buffer, this.#evaluator.table_ptr(), this.#evaluator.table_len());
  }
}

const NO_FACTS = new Uint8Array();

function bytesOf(facts: Facts | undefined): Uint8Array {
  return facts === undefined ? NO_FACTS : encode(facts);
}

/** The evaluator trapped. Nothing is allowed until the page has been loaded again. */
function broken(cause: unknown): Decision {
  console.error("lockstep: the evaluator stopped", cause);
  return refusal("gate-broken", "The permissions of this page could not be evaluated.");
}
