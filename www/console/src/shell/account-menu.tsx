import { navigate, pathTo } from "../router.js";
import { useSession } from "../session/session.js";
import { ErrorNotice } from "../ui/notice.js";
import { useMenuAction } from "../ui/use-menu-action.js";

export function AccountMenu({ name }: { name: string }) {
  const { signOut } = useSession();
  const leave = useMenuAction(async () => {
    await signOut();
    navigate(pathTo.home);
  });
  return (
    <>
      <button
        type="button"
        className="avatar avatar-button"
        popoverTarget="account"
        aria-label={`Account of ${name}`}
      >
        {name.slice(0, 1)}
      </button>
      <div id="account" popover="auto" className="popover popover-end">
        <p className="popover-title wrap">{name}</p>
        <ErrorNotice error={leave.error} />
        <button ref={leave.at} type="button" className="menu-item" onClick={() => void leave.run()}>
          Sign out
        </button>
      </div>
    </>
  );
}
