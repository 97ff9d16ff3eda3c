/**
 * Where the evaluator's bytes come from: an address (browsers), bytes (Node) or a compiled module
 * (Workers); a promise of that, or a function, which is called at each try: a promise that was rejected
 * stays so. Left out, it is the file beside this package, which is right for browsers and bundlers.
 */
export type WasmSource = Source | Promise<Source> | (() => Source | Promise<Source>);

export type Source = URL | string | Request | Response | ArrayBuffer | ArrayBufferView | Module;

/** `WebAssembly.Module`, where there is a declaration of it: Node's types have none. */
type Module = typeof globalThis extends { WebAssembly: { Module: { prototype: infer M } } } ? M : object;
