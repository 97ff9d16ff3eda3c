import type * as Exports from "../wasm/lockstep_gate_bg.wasm";

/** What the evaluator exports: only numbers cross, so it needs no more JavaScript than this. */
export type Wasm = typeof Exports;

/**
 * Where the evaluator's bytes come from: an address (browsers), bytes (Node) or a compiled module
 * (Workers). Left out, it is the file beside this package, which is right for browsers and bundlers.
 */
export type WasmSource = URL | string | Request | Response | BufferSource | WebAssembly.Module;

let loading: Promise<Wasm> | undefined;

/**
 * Loads the evaluator once per realm; later sources are ignored, because one instance serves every
 * policy and organization. A failed load may be tried again.
 */
export function loadWasm(source?: WasmSource | Promise<WasmSource>): Promise<Wasm> {
  loading ??= load(source).catch((cause: unknown) => {
    loading = undefined;
    throw cause;
  });
  return loading;
}

async function load(source?: WasmSource | Promise<WasmSource>): Promise<Wasm> {
  const module = await compile(
    (await source) ?? new URL("../wasm/lockstep_gate_bg.wasm", import.meta.url),
  );
  // It calls out for nothing but to say that it cannot go on.
  const imports: Record<string, Record<string, () => never>> = {};
  for (const { module: from, name } of WebAssembly.Module.imports(module)) {
    (imports[from] ??= {})[name] = stop;
  }
  return new WebAssembly.Instance(module, imports).exports as unknown as Wasm;
}

async function compile(source: WasmSource): Promise<WebAssembly.Module> {
  if (source instanceof WebAssembly.Module) {
    return source;
  }
  if (source instanceof ArrayBuffer || ArrayBuffer.isView(source)) {
    // There is nothing to wait for, and other threads take longer.
    return new WebAssembly.Module(source);
  }
  const response = source instanceof Response ? source : await fetch(source);
  if (!response.ok) {
    throw new Error(`lockstep: the evaluator cannot be loaded: ${response.status} ${response.url}`);
  }
  return WebAssembly.compile(await response.arrayBuffer());
}

function stop(): never {
  throw new Error("lockstep: the evaluator was called while it was at work");
}

const owners = new FinalizationRegistry<() => void>((free) => free());

/** Frees what lies at `pointer` after `owner` is gone. */
export function own(owner: object, pointer: number, free: (pointer: number, all: number) => void): void {
  owners.register(owner, () => free(pointer, 1));
}

let bytes = new Uint8Array();
let numbers = new Float64Array();

/** The evaluator's memory, which leaves the old views empty when it grows. */
export function memoryOf({ memory: { buffer } }: Wasm): { bytes: Uint8Array; numbers: Float64Array } {
  if (bytes.buffer !== buffer) {
    bytes = new Uint8Array(buffer);
    numbers = new Float64Array(buffer);
  }
  return { bytes, numbers };
}

/** Puts bytes into the evaluator's memory, for the call that they are passed to. */
export function pass(wasm: Wasm, passed: Uint8Array): number {
  const pointer = wasm.__wbindgen_malloc(passed.length, 1) >>> 0;
  memoryOf(wasm).bytes.set(passed, pointer);
  return pointer;
}
