import { readMyInvitations } from "../api/me.js";
import { useMe } from "../session/session.js";
import { useInterval } from "../ui/use-interval.js";
import { useRead } from "../ui/use-read.js";

/** How often to ask for new invitations, in milliseconds. */
const POLL_MS = 15_000;

/** The pending invitations of the signed-in person. */
export function useMyInvitations() {
  const read = useRead(useMe().user.id, readMyInvitations, useInterval(POLL_MS));
  return { ...read, invitations: read.data?.invitations ?? [] };
}
