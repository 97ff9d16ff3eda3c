import { request } from "./request.js";

export interface Mail {
  readonly id: string;
  readonly to: string;
  readonly subject: string;
  readonly text: string;
  readonly sent_at_ms: number;
}

/** The mail that a development edge kept instead of sending it. Elsewhere this is not found. */
export const readMailbox = (to: string, signal?: AbortSignal) =>
  request<{ messages: Mail[] }>(
    `/v1/dev/mailbox?limit=50${to === "" ? "" : `&to=${encodeURIComponent(to)}`}`,
    { signal },
  );
