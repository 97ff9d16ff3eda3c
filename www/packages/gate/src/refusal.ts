import type { Decision } from "./documents.js";
import type { Gate, Sentences } from "./gate.js";
import { Masks } from "./masks.js";

/** A deny that no policy made, in the page's words where it has some. */
export function refusal(code: string, english: string, sentences?: Sentences): Decision {
  return { decision: false, reasons: [{ code, text: sentences?.[code] ?? english }] };
}

/** A gate that allows nothing, for as long as there is nothing to decide with. */
export function refusingGate(status: string, english: string, own?: Sentences): Gate {
  const statusText = own?.[status] ?? english;
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
    explain: (_permission, _node, _facts, sentences) => refusal(status, statusText, sentences),
    at: () => gate,
  };
  return gate;
}
