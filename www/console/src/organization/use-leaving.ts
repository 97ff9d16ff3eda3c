import type { ReactNode } from "react";
import { navigate, pathTo } from "../router.js";
import { useSession } from "../session/session.js";
import { useAnnounce } from "../ui/announcer.js";
import { useAction } from "../ui/use-action.js";

/** How long the list of what can be restored may take to follow an organization that was deleted, in milliseconds. */
const FOLLOWS_MS = 3_000;

/** Does what ends one's being in the organization, and then leads to the others. */
export function useLeaving(organization: string, end: () => Promise<unknown>, said: ReactNode) {
  const { correct, reload } = useSession();
  const announce = useAnnounce();
  return useAction(async () => {
    await end();
    correct(organization, null);
    navigate(pathTo.home);
    announce(said);
    void reload();
    setTimeout(() => void reload(), FOLLOWS_MS);
  });
}
