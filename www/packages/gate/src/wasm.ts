import initialize, {
  Gate as Evaluator,
  Policy as CompiledPolicy,
  type InitOutput,
} from "../wasm/lockstep_gate.js";

export { CompiledPolicy, Evaluator };

/**
 * Where the evaluator's bytes come from: an address (browsers), bytes (Node) or a compiled module
 * (Workers). Left out, it is the file beside this package, which is right for browsers and bundlers.
 */
export type WasmSource = URL | string | Request | Response | BufferSource | WebAssembly.Module;

let loading: Promise<InitOutput> | undefined;

/**
 * Loads the evaluator once per realm; later sources are ignored, because one instance serves every
 * policy and organization. A failed load may be tried again.
 */
export function loadWasm(source?: WasmSource | Promise<WasmSource>): Promise<InitOutput> {
  loading ??= initialize(source === undefined ? undefined : { module_or_path: source }).catch(
    (cause: unknown) => {
      loading = undefined;
      throw cause;
    },
  );
  return loading;
}
