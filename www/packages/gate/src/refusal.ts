import type { Decision } from "./documents.js";
import type { Gate } from "./gate.js";
import { Masks } from "./masks.js";

/** A deny that no policy made. */
export function refusal(code: string, text: string): Decision {
  return { decision: false, reasons: [{ code, text }] };
}

/** A gate that allows nothing, for as long as there is nothing to decide with. */
export function refusingGate(status: string, statusText: string): Gate {
  const none = new Masks(new Uint8Array(), 0, () => -1);
  const gate: Gate = {
    status,
    statusText,
    principal: "",
    epoch: 0,
    serverTimeMs: 0,
    changesAtMs: Infinity,
    can: () => false,
    check: () => false,
    permission: () => -1,
    node: () => -1,
    mask: () => none.row(0),
    masks: () => none,
    actions: () => [],
    resources: () => [],
    explain: () => refusal(status, statusText),
    at: () => gate,
  };
  return gate;
}
