import { readJoinable, type Joinable } from "../api/me.js";
import { joinOrganization } from "../api/organization.js";
import { navigate, pathTo } from "../router.js";
import { useMe, useSession } from "../session/session.js";
import { useAnnounce } from "../ui/announcer.js";
import { ErrorNotice, Failed } from "../ui/notice.js";
import { useAction } from "../ui/use-action.js";
import { useOnce } from "../ui/use-once.js";
import { useRead } from "../ui/use-read.js";

/** The organizations that the domain of the person's address lets them into, if there are any. */
export function JoinableOrganizations() {
  const { status, data, error, reload } = useRead(useMe().user.id, readJoinable);
  if (status === "failed") {
    return <Failed error={error} onRetry={reload} />;
  }
  return data === undefined || data.organizations.length === 0 ? null : (
    <ul className="rows">
      {data.organizations.map((joinable) => (
        <Offer key={joinable.organization.id} joinable={joinable} />
      ))}
    </ul>
  );
}

function Offer({ joinable: { organization, domain, role_name } }: { joinable: Joinable }) {
  const { correct } = useSession();
  const announce = useAnnounce();
  const once = useOnce();
  const join = useAction(async () => {
    await joinOrganization(once, organization.id);
    correct(organization.id, organization);
    navigate(pathTo.organization(organization.id));
    announce(<>You are a member of <bdi>{organization.name}</bdi> now.</>);
  });
  return (
    <li className="pending">
      <div className="pending-name">
        <span className="wrap">{organization.name}</span>
        <span className="hint wrap">
          open to addresses of {domain}, as <bdi>{role_name}</bdi>
        </span>
      </div>
      <button
        type="button"
        className="button button-small"
        aria-disabled={join.busy}
        onClick={() => void join.run()}
      >
        Join<span className="visually-hidden"> {organization.name}</span>
      </button>
      <ErrorNotice error={join.error} />
    </li>
  );
}
