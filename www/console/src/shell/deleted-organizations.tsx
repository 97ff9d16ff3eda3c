import { restoreOrganization } from "../api/organization.js";
import type { DeletedOrganization } from "../api/me.js";
import { navigate, pathTo } from "../router.js";
import { useMe, useSession } from "../session/session.js";
import { useAnnounce } from "../ui/announcer.js";
import { ErrorNotice } from "../ui/notice.js";
import { day } from "../ui/time.js";
import { useMenuAction } from "../ui/use-menu-action.js";

interface DeletedOrganizationsProps {
  readonly onRestored?: () => void;
}

/** The organizations that were deleted and can be brought back, if there are any. */
export function DeletedOrganizations({ onRestored }: DeletedOrganizationsProps) {
  const { deleted_organizations, organizations } = useMe();
  // The list follows the organizations a little later.
  const deleted = deleted_organizations.filter((one) => organizations.every(({ id }) => id !== one.id));
  return deleted.length === 0 ? null : (
    <>
      <h2 className="popover-title">Deleted</h2>
      <ul className="rows">
        {deleted.map((organization) => (
          <Deleted key={organization.id} organization={organization} onRestored={onRestored} />
        ))}
      </ul>
    </>
  );
}

interface DeletedProps {
  readonly organization: DeletedOrganization;
  readonly onRestored: (() => void) | undefined;
}

function Deleted({ organization, onRestored }: DeletedProps) {
  const { id, name, restorable_until_ms } = organization;
  const { correct } = useSession();
  const announce = useAnnounce();
  const restore = useMenuAction(async (isSeen) => {
    const restored = await restoreOrganization(id);
    correct(id, restored);
    if (isSeen()) {
      onRestored?.();
      navigate(pathTo.organization(id));
    }
    announce(<><bdi>{restored.name}</bdi> is back.</>);
  });
  return (
    <li className="pending">
      <div className="pending-name">
        <span className="wrap">{name}</span>
        <span className="hint">until {day(restorable_until_ms)}</span>
      </div>
      <button
        ref={restore.at}
        type="button"
        className="button button-small"
        aria-disabled={restore.busy}
        onClick={() => void restore.run()}
      >
        Restore<span className="visually-hidden"> {name}</span>
      </button>
      <ErrorNotice error={restore.error} />
    </li>
  );
}
