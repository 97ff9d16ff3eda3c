import { request } from "./request.js";

/** What of the deployment's policy a form about tokens asks. */
export interface Policy {
  readonly permissions: readonly { readonly id: string; readonly label?: string }[];
}

export const readPolicy = (signal?: AbortSignal) => request<Policy>("/v1/policy", { signal });
