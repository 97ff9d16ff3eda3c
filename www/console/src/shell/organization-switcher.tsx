import { useRef, useState } from "react";
import { Link, pathTo } from "../router.js";
import { useMe } from "../session/session.js";
import { Icon } from "../ui/icon.js";
import { CreateOrganizationDialog } from "./create-organization-dialog.js";
import { DeletedOrganizations } from "./deleted-organizations.js";
import { JoinableOrganizations } from "./joinable-organizations.js";

/** Shows which organization this tab is about and leads to the others. */
export function OrganizationSwitcher({ current }: { current: string | null }) {
  const { organizations } = useMe();
  const [creating, setCreating] = useState(false);
  // What is open to somebody is asked for when they look, not with every page.
  const [looked, setLooked] = useState(false);
  const popover = useRef<HTMLDivElement>(null);
  const close = () => popover.current?.hidePopover();
  const name = organizations.find(({ id }) => id === current)?.name ?? "Organizations";
  return (
    <>
      <button type="button" className="switcher" popoverTarget="organizations">
        <span className="visually-hidden">Switch organization, now </span>
        <span className="switcher-name">{name}</span>
        <Icon name="chevrons" />
      </button>
      <div
        ref={popover}
        id="organizations"
        popover="auto"
        className="popover popover-switcher"
        onToggle={(event) => event.newState === "open" && setLooked(true)}
      >
        <h2 className="popover-title">Organizations</h2>
        {organizations.length > 0 && (
          <ul className="menu">
            {organizations.map(({ id, name }) => (
              <li key={id}>
                <Link
                  href={pathTo.organization(id)}
                  className="menu-item"
                  aria-current={id === current ? "true" : undefined}
                  onClick={close}
                >
                  <span className="wrap">{name}</span>
                  {id === current && <Icon name="check" />}
                </Link>
              </li>
            ))}
          </ul>
        )}
        {looked && <JoinableOrganizations onJoined={close} />}
        <DeletedOrganizations onRestored={close} />
        <div className="menu-end">
          <button
            type="button"
            className="menu-item"
            onClick={() => {
              // Closing first gives focus to the switcher, which then gets it back from the dialog.
              close();
              setCreating(true);
            }}
          >
            <Icon name="plus" />
            Create organization
          </button>
        </div>
      </div>
      <CreateOrganizationDialog open={creating} onClose={() => setCreating(false)} />
    </>
  );
}
