import type { OrganizationName } from "./me.js";
import { readAll, request, segment, type Once } from "./request.js";

/** A role on a workspace that comes with an invitation. */
export interface WorkspaceRole {
  readonly workspace: string;
  readonly name: string;
  readonly role: string;
  readonly role_name: string;
}

export interface Invitation {
  readonly id: string;
  readonly email: string;
  readonly role: string;
  readonly role_name: string;
  readonly invited_by: string;
  readonly created_at_ms: number;
  readonly expires_at_ms: number;
}

/** What the holder of an invitation's secret may see of it. A link is for whoever has it, so it names no address. */
export interface InvitationPreview {
  readonly id: string;
  readonly organization: OrganizationName;
  readonly role: string;
  readonly role_name: string;
  readonly email?: string;
  readonly invited_by: string;
  /** What a program is called that invites; whoever made it wrote that. */
  readonly invited_by_program?: string;
  readonly workspaces?: readonly WorkspaceRole[];
  /** What the inviter wrote beside it, as plain text. */
  readonly message?: string;
  readonly status: "pending" | "accepted" | "declined" | "canceled" | "expired";
  readonly expires_at_ms: number;
}

const path = (organization: string, invitation?: string) =>
  `/v1/organizations/${segment(organization)}/invitations` +
  (invitation === undefined ? "" : `/${segment(invitation)}`);

export const readInvitations = (organization: string, signal?: AbortSignal) =>
  readAll<Invitation, "invitations">(path(organization), "invitations", signal);

export const invite = (once: Once, organization: string, email: string, role: string) =>
  request<Invitation>(path(organization), { method: "POST", body: { email, role }, once });

export const cancelInvitation = (organization: string, invitation: string) =>
  request<undefined>(path(organization, invitation), { method: "DELETE" });

export const sendAgain = (once: Once, organization: string, invitation: string) =>
  request<Invitation>(`${path(organization, invitation)}/resend`, { method: "POST", body: {}, once });

export const acceptInvitation = (once: Once, organization: string, invitation: string) =>
  request<unknown>(`${path(organization, invitation)}/accept`, { method: "POST", body: {}, once });

export const declineInvitation = (once: Once, organization: string, invitation: string) =>
  request<undefined>(`${path(organization, invitation)}/decline`, { method: "POST", body: {}, once });

export const joinByLink = (once: Once, secret: string) =>
  request<unknown>("/v1/invitations/join", {
    method: "POST",
    body: {},
    headers: { "Lockstep-Invitation-Token": secret },
    once,
  });

/** Reads an invitation by its secret, without any effect. The secret travels in a header, not a URL. */
export const previewInvitation = (secret: string, signal?: AbortSignal) =>
  request<InvitationPreview>("/v1/invitations/preview", {
    headers: { "Lockstep-Invitation-Token": secret },
    signal,
  });
