import { useGate } from "@lockstep/react";
import type { PolicyRole } from "@lockstep/gate";

/** A role with the name to show. */
export type NamedRole = PolicyRole & { readonly name: string };

/** The roles that a member can have: those of the organization, or all where it has none. */
export function useRoles(): readonly NamedRole[] {
  const roles = useGate().policy?.roles ?? [];
  const ofOrganization = roles.filter(({ level }) => level === "organization");
  return (ofOrganization.length > 0 ? ofOrganization : roles).map((role) => ({
    ...role,
    name: role.name ?? role.id,
  }));
}

/**
 * The role to offer first. Handing out an admin role is a choice, never what happens when nothing
 * is chosen.
 */
export function plainestRole(roles: readonly NamedRole[]): string {
  return (roles.find(({ admin }) => !admin) ?? roles[0])?.id ?? "";
}
