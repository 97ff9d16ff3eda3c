// A product's program in Node, which has no declarations of a browser's.

import { readFile } from "node:fs/promises";

import { createGate, type Gate } from "@lockstep/gate";

export async function gateOf(policy: string, snapshot: Uint8Array, file: string): Promise<Gate> {
  return createGate({ policy, snapshot, wasm: readFile(file) });
}
