import type { ReactNode } from "react";
import { Link, pathTo, type Route } from "../router.js";
import { useMe } from "../session/session.js";
import { Mark } from "../ui/icon.js";
import { AccountMenu } from "./account-menu.js";
import { Notifications } from "./notifications.js";
import { OrganizationSwitcher } from "./organization-switcher.js";

interface ShellProps {
  /** The organization that the page is about. */
  readonly organization: string | null;
  readonly page: Route["page"];
  readonly children: ReactNode;
}

/** What surrounds every page of a signed-in person. */
export function Shell({ organization, page, children }: ShellProps) {
  const me = useMe();
  return (
    <>
      <a className="skip-link" href="#main">
        Skip to content
      </a>
      <header className="shell-header">
        <div className="shell-bar">
          <Link href={pathTo.home} className="brand" aria-label="Lockstep, home">
            <Mark />
            <span className="brand-name">Lockstep</span>
          </Link>
          <OrganizationSwitcher current={organization} />
          <div className="shell-end">
            <Notifications />
            <AccountMenu name={me.user.email ?? me.user.id} />
          </div>
        </div>
        <nav className="shell-nav" aria-label="Main">
          {organization !== null && (
            <Tab href={pathTo.organization(organization)} current={page === "organization"}>
              Organization
            </Tab>
          )}
          <Tab href={pathTo.tokens(organization)} current={page === "tokens"}>
            Access tokens
          </Tab>
          {me.development && (
            <a className="tab" href={pathTo.mailbox} target="_blank" rel="noopener">
              Mailbox
            </a>
          )}
        </nav>
      </header>
      <main className="page" id="main">
        {children}
      </main>
    </>
  );
}

function Tab({ href, current, children }: { href: string; current: boolean; children: string }) {
  return (
    <Link href={href} className="tab" aria-current={current ? "page" : undefined}>
      {children}
    </Link>
  );
}
