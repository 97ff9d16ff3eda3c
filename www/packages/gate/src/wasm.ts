import { TIMEOUT_MS } from "./times.js";
import type { Source, WasmSource } from "./wasm-source.js";

/** What the module exports (`lockstep_gate::Evaluator`): only numbers cross, so it needs no more JavaScript than this. */
interface Wasm {
  readonly memory: WebAssembly.Memory;
  evaluator_new(): number;
  evaluator_room(evaluator: number, length: number): number;
  evaluator_ask(evaluator: number, what: number, number: number): number;
}

let loading: Promise<WebAssembly.Module> | undefined;
let evaluator: Evaluator | undefined;

/**
 * Loads the evaluator once per realm; later sources are ignored, because one instance serves every
 * policy and organization. A failed load may be tried again, and one that stopped is made anew.
 */
export async function loadWasm(source?: WasmSource): Promise<Evaluator> {
  loading ??= load(source).catch((cause: unknown) => {
    loading = undefined;
    throw cause;
  });
  const module = await loading;
  return (evaluator ??= instantiate(module));
}

function instantiate(module: WebAssembly.Module): Evaluator {
  // It calls out for nothing but to say that it cannot go on: whatever it imports, from wherever, is that.
  const imports: WebAssembly.Imports = new Proxy(stop as never, { get: () => imports });
  return new Evaluator(new WebAssembly.Instance(module, imports).exports as unknown as Wasm);
}

async function load(from?: WasmSource): Promise<WebAssembly.Module> {
  const source: Source =
    (await (typeof from === "function" ? from() : from)) ??
    new URL("../wasm/lockstep_gate_bg.wasm", import.meta.url);
  if (source instanceof WebAssembly.Module) {
    return source;
  }
  if (source instanceof ArrayBuffer || ArrayBuffer.isView(source)) {
    // There is nothing to wait for, and other threads take longer.
    return new WebAssembly.Module(source as BufferSource);
  }
  const response =
    source instanceof Response
      ? source
      : await fetch(source, { signal: AbortSignal.timeout(TIMEOUT_MS) });
  if (!response.ok) {
    throw new Error(`lockstep: the evaluator could not be read: ${response.status} ${response.url}`);
  }
  return WebAssembly.compile(await response.arrayBuffer());
}

function stop(): never {
  throw new TypeError();
}

/** The evaluator (`lockstep_gate::Evaluator`), which holds one policy and one snapshot at a time. */
export class Evaluator {
  readonly #wasm: Wasm;
  readonly #pointer: number;
  /** Its memory, of which the old views are empty when it has grown. */
  bytes: Uint8Array = new Uint8Array();
  numbers: Float64Array = new Float64Array();
  /** The gate whose snapshot it holds, and the policy that it holds. */
  holder: object | undefined;
  policy: Uint8Array | undefined;

  constructor(wasm: Wasm) {
    this.#wasm = wasm;
    this.#pointer = wasm.evaluator_new();
  }

  /** Hands over bytes and asks; where in `numbers` the answer begins. */
  ask(what: number, number: number, given: Uint8Array): number {
    try {
      const room = this.#wasm.evaluator_room(this.#pointer, given.length) >>> 0;
      this.#look();
      this.bytes.set(given, room);
      const at = this.#wasm.evaluator_ask(this.#pointer, what, number) >>> 0;
      this.#look();
      // Numbers have eight bytes.
      return at / 8;
    } catch (cause) {
      // What trapped answers nothing any more, so it is nothing for the next gate.
      if (evaluator === this) {
        evaluator = undefined;
      }
      throw cause;
    }
  }

  #look(): void {
    const { buffer } = this.#wasm.memory;
    if (this.bytes.buffer !== buffer) {
      this.bytes = new Uint8Array(buffer);
      this.numbers = new Float64Array(buffer);
    }
  }
}
