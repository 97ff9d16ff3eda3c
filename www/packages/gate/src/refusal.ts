import type { Decision } from "./documents.js";
import type { Gate } from "./gate.js";

/** A deny that no policy made. */
export function refusal(code: string, text: string): Decision {
  return { decision: false, reasons: [{ code, text }] };
}

/** A gate that allows nothing, for as long as there is nothing to decide with. */
export function refusingGate(status: string, statusText: string): Gate {
  return {
    status,
    statusText,
    epoch: 0,
    changesAtMs: Number.POSITIVE_INFINITY,
    can: () => false,
    explain: () => refusal(status, statusText),
    refresh: () => undefined,
  };
}
