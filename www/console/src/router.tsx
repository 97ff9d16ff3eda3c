import { useSyncExternalStore, type ComponentProps, type MouseEvent } from "react";

/*
 * Six addresses, no nesting, no loaders: a router package would be more code than this file.
 */

export type Route =
  | { readonly page: "home" }
  | { readonly page: "sign-in" }
  | { readonly page: "organization"; readonly organization: string }
  | { readonly page: "tokens"; readonly organization: string | null }
  | { readonly page: "invitation" }
  | { readonly page: "mailbox" }
  | { readonly page: "not-found" };

export const pathTo = {
  home: "/",
  mailbox: "/dev/mailbox",
  organization: (id: string) => `/organizations/${encodeURIComponent(id)}`,
  tokens: (organization: string | null) =>
    organization === null ? "/tokens" : `${pathTo.organization(organization)}/tokens`,
};

/** What an id is made of. An address may say anything, and what stands in it is shown in commands to copy. */
const ID = /^[0-9A-Za-z_]+$/;

export function matchRoute(pathname: string): Route {
  const parts = pathname.split("/").filter((part) => part !== "");
  const [first, second = "", third] = parts;
  switch (parts.length) {
    case 0:
      return { page: "home" };
    case 1:
      if (first === "sign-in") return { page: "sign-in" };
      if (first === "tokens") return { page: "tokens", organization: null };
      if (first === "invitations") return { page: "invitation" };
      break;
    case 2:
      if (first === "dev" && second === "mailbox") return { page: "mailbox" };
      if (first === "organizations" && ID.test(second)) {
        return { page: "organization", organization: second };
      }
      break;
    case 3:
      if (first === "organizations" && ID.test(second) && third === "tokens") {
        return { page: "tokens", organization: second };
      }
      break;
  }
  return { page: "not-found" };
}

/** Goes to a page of this application. `replace` leaves no trace in the history. */
export function navigate(path: string, { replace = false } = {}): void {
  if (path !== location.pathname) {
    history[replace ? "replaceState" : "pushState"](null, "", path);
    window.dispatchEvent(new PopStateEvent("popstate"));
  }
}

export function usePathname(): string {
  return useSyncExternalStore(subscribe, () => location.pathname);
}

/** A link within the application; with a modifier key it is an ordinary link. */
export function Link({ href, onClick, ...rest }: ComponentProps<"a"> & { href: string }) {
  const follow = (event: MouseEvent<HTMLAnchorElement>) => {
    onClick?.(event);
    const plain = event.button === 0 && !(event.metaKey || event.ctrlKey || event.shiftKey);
    if (plain && !event.defaultPrevented) {
      event.preventDefault();
      navigate(href);
    }
  };
  return <a href={href} onClick={follow} {...rest} />;
}

function subscribe(listener: () => void): () => void {
  window.addEventListener("popstate", listener);
  return () => window.removeEventListener("popstate", listener);
}
