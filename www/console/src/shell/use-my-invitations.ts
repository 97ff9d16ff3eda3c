import { useState } from "react";
import { readMyInvitations } from "../api/me.js";
import { useMe } from "../session/session.js";
import { useInterval } from "../ui/use-interval.js";
import { useRead } from "../ui/use-read.js";

/** How often to ask for new invitations, in milliseconds. */
const POLL_MS = 15_000;

/** The pending invitations of the signed-in person. */
export function useMyInvitations() {
  const read = useRead(useMe().user.id, readMyInvitations, useInterval(POLL_MS));
  // The list follows the organizations a little later; what was answered here is gone at once.
  const [answered, setAnswered] = useState<readonly string[]>([]);
  const pending = read.data?.invitations ?? [];
  return {
    ...read,
    invitations: pending.filter(({ id }) => !answered.includes(id)),
    answer: (id: string) => setAnswered((ids) => [...ids, id]),
  };
}
