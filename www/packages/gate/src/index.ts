export { connect } from "./connect.js";
export type { ConnectOptions, GateState, GateStatus, GateStore } from "./connect.js";
export type {
  Decision,
  FactValue,
  Facts,
  Level,
  PolicyDocument,
  PolicyPermission,
  PolicyRole,
  Reason,
  ReasonGrant,
  Snapshot,
} from "./documents.js";
export { createGate } from "./gate.js";
export type { Gate, GateOptions, Row, Sentences } from "./gate.js";
export type { Mask, Masks } from "./masks.js";
export type { WasmSource } from "./wasm-source.js";
