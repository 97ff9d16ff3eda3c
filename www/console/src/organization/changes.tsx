import { createContext, use } from "react";

/**
 * Called after a write by this page. The edge announces the same change to every open page, this one
 * included; not waiting for that keeps a list from showing for a moment what was just removed.
 */
export const ChangesContext = createContext<() => void>(() => undefined);

export function useOrganizationChanged(): () => void {
  return use(ChangesContext);
}
