import { useEffect, useState } from "react";
import { lastOrganization } from "../last-organization.js";
import { navigate, pathTo } from "../router.js";
import { useMe } from "../session/session.js";
import { CreateOrganizationDialog } from "../shell/create-organization-dialog.js";
import { DeletedOrganizations } from "../shell/deleted-organizations.js";
import { JoinableOrganizations } from "../shell/joinable-organizations.js";
import { PageTitle } from "../ui/page-title.js";

/** Leads to an organization, or to a first one. */
export function HomePage() {
  const { organizations } = useMe();
  const last = lastOrganization();
  const next = organizations.find(({ id }) => id === last) ?? organizations[0];

  useEffect(() => {
    if (next) {
      navigate(pathTo.organization(next.id), { replace: true });
    }
  }, [next]);

  return next ? null : <NoOrganization />;
}

function NoOrganization() {
  const [creating, setCreating] = useState(false);
  return (
    <div className="card welcome stack">
      <PageTitle title="Welcome" />
      <p className="muted">
        You are not in any organization yet. Create one, or accept an invitation: those sent to your
        address are under the bell.
      </p>
      <div>
        <button type="button" className="button button-primary" onClick={() => setCreating(true)}>
          Create organization
        </button>
      </div>
      <JoinableOrganizations />
      <DeletedOrganizations />
      <CreateOrganizationDialog open={creating} onClose={() => setCreating(false)} />
    </div>
  );
}
