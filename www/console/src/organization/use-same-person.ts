import { useEffect } from "react";
import { useGate } from "@lockstep/react";
import { useMe, useSession } from "../session/session.js";

/**
 * Whether the gate is of the person whose page this is. All tabs have one session: when the edge answers
 * somebody else, or no member, it is asked who is signed in, and the page follows.
 */
export function useSamePerson(): boolean {
  const { gate, status } = useGate();
  const { reload } = useSession();
  const isOther = gate.principal !== "" && gate.principal !== useMe().user.id;
  const isGone = status === "not-found";

  useEffect(() => {
    if (isOther || isGone) {
      void reload();
    }
  }, [isOther, isGone, reload]);

  return !isOther;
}
