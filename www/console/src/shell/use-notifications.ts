import { useState } from "react";
import { markRead, readTold } from "../api/me.js";
import { useMe } from "../session/session.js";
import { useInterval } from "../ui/use-interval.js";
import { useRead } from "../ui/use-read.js";

/** How often to ask for something new, in milliseconds. */
const POLL_MS = 15_000;

/** What waits for the signed-in person, and what they are told. */
export function useNotifications() {
  const read = useRead(useMe().user.id, readTold, useInterval(POLL_MS));
  // The list follows the organizations a little later; what was answered here is gone at once.
  const [answered, setAnswered] = useState<readonly string[]>([]);
  const [seen, setSeen] = useState(0);
  const pending = read.data?.invitations ?? [];
  const notifications = read.data?.notifications ?? [];
  const newest = notifications[0]?.id ?? 0;
  const unread = newest > seen ? (read.data?.unread ?? 0) : 0;
  return {
    ...read,
    invitations: pending.filter(({ id }) => !answered.includes(id)),
    notifications,
    unread,
    answer: (id: string) => setAnswered((ids) => [...ids, id]),
    /** Whoever opens the panel has read it. When that cannot be told, it stays unread for the next time. */
    markRead: () => {
      if (unread > 0) {
        markRead(newest).then(
          () => setSeen(newest),
          () => undefined,
        );
      }
    },
  };
}
