/*
 * Where this browser was last, so that the start page can lead back there. It chooses a page and
 * nothing else: which organization a page is about is in its address, so two tabs may differ.
 */

const KEY = "lockstep.last-organization";

export function rememberOrganization(id: string): void {
  try {
    localStorage.setItem(KEY, id);
  } catch {
    // Storage may be switched off; then the start page leads to the first organization.
  }
}

export function lastOrganization(): string | null {
  try {
    return localStorage.getItem(KEY);
  } catch {
    return null;
  }
}
