export interface Example {
  readonly operation: "invitation.create" | "organization.update";
  readonly text: string;
  /** The status line when it is allowed. */
  readonly done: string;
}

/** Two actions that can be tried without harm. */
export const EXAMPLES: readonly [Example, ...Example[]] = [
  { operation: "invitation.create", text: "Invite somebody", done: "201 Created" },
  { operation: "organization.update", text: "Rename the organization", done: "200 OK" },
];

interface Circumstances {
  readonly origin: string;
  readonly organization: string;
  readonly role: string;
  readonly token: string | null;
}

/** A command for a shell. All that is put into it is ids (the router takes nothing else for one) and our own words, so nothing needs quoting. */
export function curlOf({ operation }: Example, { origin, organization, role, token }: Circumstances) {
  const path = `${origin}/v1/organizations/${organization}`;
  const call =
    operation === "invitation.create"
      ? { method: "POST", url: `${path}/invitations`, body: { email: "new@example.com", role } }
      : { method: "PATCH", url: path, body: { name: "Another name" } };
  return [
    `TOKEN=${token ?? "…"}`,
    `curl -i -X ${call.method} '${call.url}' \\`,
    `  -H "Authorization: Bearer $TOKEN" \\`,
    `  -H 'Content-Type: application/json' \\`,
    `  --data '${JSON.stringify(call.body)}'`,
  ].join("\n");
}
