import type { ReactNode } from "react";
import { navigate, pathTo } from "../router.js";
import { useSession } from "../session/session.js";
import { useAnnounce } from "../ui/announcer.js";
import { useAction } from "../ui/use-action.js";

/** Does what ends one's being in the organization, and then leads to the others. */
export function useLeaving(organization: string, end: () => Promise<unknown>, said: ReactNode) {
  const { correct } = useSession();
  const announce = useAnnounce();
  return useAction(async () => {
    await end();
    correct(organization, null);
    navigate(pathTo.home);
    announce(said);
  });
}
