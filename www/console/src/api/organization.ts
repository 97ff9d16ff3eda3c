import type { Facts } from "@lockstep/gate";
import { readAll, request, segment, type Once } from "./request.js";

export interface Organization {
  readonly id: string;
  readonly name: string;
  readonly epoch: number;
  /** What guards may look at when the action is on the organization. */
  readonly facts: Facts;
  /** How long a token or key may live to be taken here, in seconds; `null`: as long as it likes. */
  readonly token_lifetime_max_s: number | null;
}

export interface Member {
  readonly user_id: string;
  readonly email: string | null;
  readonly role: string;
  readonly role_name: string;
  readonly self: boolean;
  readonly creator: boolean;
  readonly joined_at_ms: number;
  /** Since when the roles are kept and give nothing. */
  readonly suspended_at_ms: number | null;
  /** What guards may look at when the action is on this member. */
  readonly facts: Facts;
}

/** What to call a member. */
export function nameOf({ email, user_id }: Member): string {
  return email ?? user_id;
}

const path = (organization: string) => `/v1/organizations/${segment(organization)}`;

export const createOrganization = (once: Once, name: string) =>
  request<Organization>("/v1/organizations", { method: "POST", body: { name }, once });

export const readOrganization = (organization: string, signal?: AbortSignal) =>
  request<Organization>(path(organization), { signal });

export const renameOrganization = (organization: string, name: string) =>
  request<Organization>(path(organization), { method: "PATCH", body: { name } });

/** Deletes an organization whose name was typed. */
export const deleteOrganization = (organization: string, name: string) =>
  request<undefined>(`${path(organization)}?name=${encodeURIComponent(name)}`, {
    method: "DELETE",
  });

/** Brings a deleted organization back. */
export const restoreOrganization = (organization: string) =>
  request<Organization>(`${path(organization)}/restore`, { method: "POST", body: {} });

/** Comes in by the domain of one's address. */
export const joinOrganization = (once: Once, organization: string) =>
  request<unknown>(`${path(organization)}/join`, { method: "POST", body: {}, once });

export const readMembers = (organization: string, signal?: AbortSignal) =>
  readAll<Member, "members">(`${path(organization)}/members`, "members", signal);

export const changeRole = (organization: string, user: string, role: string) =>
  request<Member>(`${path(organization)}/members/${segment(user)}`, {
    method: "PATCH",
    body: { role },
  });

/** Removes a member; with one's own id, leaves. */
export const removeMember = (organization: string, user: string) =>
  request<undefined>(`${path(organization)}/members/${segment(user)}`, { method: "DELETE" });
