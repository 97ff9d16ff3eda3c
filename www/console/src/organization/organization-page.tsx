import { useCallback, useEffect, useMemo, useState } from "react";
import { connect } from "@lockstep/gate";
import { GateProvider, useGate } from "@lockstep/react";
import { readMembers, readOrganization } from "../api/organization.js";
import { Problem } from "../api/request.js";
import { rememberOrganization } from "../last-organization.js";
import { useMe, useSession } from "../session/session.js";
import { Failed, Loading, Notice } from "../ui/notice.js";
import { PageTitle } from "../ui/page-title.js";
import { useRead } from "../ui/use-read.js";
import { ChangesContext, useOrganizationChanged } from "./changes.js";
import { FactsContext } from "./facts.js";
import { Gone } from "./gone.js";
import { InviteButton } from "./invite-button.js";
import { Members } from "./members.js";
import { PendingInvitations } from "./pending-invitations.js";
import { Settings } from "./settings.js";
import { useSamePerson } from "./use-same-person.js";

/** One organization: who is in it, who is invited, and what it is called. */
export function OrganizationPage({ organization }: { organization: string }) {
  const store = useMemo(() => connect({ organization }), [organization]);
  const [writes, setWrites] = useState(0);
  const changed = useCallback(() => {
    setWrites((writes) => writes + 1);
    void store.refresh();
  }, [store]);
  return (
    <GateProvider store={store}>
      <ChangesContext value={changed}>
        <Content organization={organization} writes={writes} />
      </ChangesContext>
    </GateProvider>
  );
}

function Content({ organization, writes }: { organization: string; writes: number }) {
  const { gate, status, statusText, epoch } = useGate();
  // Differs whenever there is something new to read: a change, one of this page's own, or a right that ended by time.
  const version = `${epoch} ${writes} ${gate.changesAtMs}`;
  const { data, status: read, error, reload } = useRead(
    organization,
    (signal) => readOrganization(organization, signal),
    version,
  );
  const members = useRead(organization, (signal) => readMembers(organization, signal), version);

  const isSame = useSamePerson();
  const { correct } = useSession();
  const changed = useOrganizationChanged();
  const listed = useMe().organizations.some(({ id }) => id === organization);
  const name = data?.name;
  // What it was called stays on the page of who is not in it any more; all else goes.
  const [seen, setSeen] = useState<string | null>(null);

  useEffect(() => {
    if (name !== undefined) {
      setSeen(name);
    }
    if (status === "not-found") {
      correct(organization, null);
    } else if (status === "ready" && name !== undefined) {
      rememberOrganization(organization);
      correct(organization, { id: organization, name });
    }
  }, [status, organization, name, correct]);

  useEffect(() => {
    // Taken in again, perhaps by an invitation that was accepted on this very page.
    if (listed && status === "not-found") {
      changed();
    }
    // A new `status` is no reason: when the organization refuses, the list follows it.
  }, [listed]);

  if (!isSame) {
    // What stands on the page is of somebody else, and so would be what is done on it.
    return <Loading label="Loading the organization" rows={6} />;
  }
  if (status === "not-found" || (error instanceof Problem && error.status === 404)) {
    return <Gone name={seen} />;
  }
  if (data === undefined) {
    return read === "failed" ? (
      <Failed error={error} onRetry={reload} />
    ) : (
      <Loading label="Loading the organization" rows={6} />
    );
  }
  return (
    <FactsContext value={data.facts}>
      <div className="page-header">
        <PageTitle title={data.name} />
        <InviteButton organization={organization} />
      </div>
      {status !== "ready" && status !== "loading" && <Notice tone="error">{statusText}</Notice>}
      <div className="people">
        <Members organization={organization} members={members} />
        <PendingInvitations organization={organization} version={version} />
      </div>
      <Settings organization={data} self={members.data?.members.find(({ self }) => self)} />
    </FactsContext>
  );
}
