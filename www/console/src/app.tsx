import { InvitationPage } from "./pages/invitation-page.js";
import { HomePage } from "./pages/home-page.js";
import { MailboxPage } from "./pages/mailbox-page.js";
import { NotFoundPage } from "./pages/not-found-page.js";
import { SignInPage } from "./pages/sign-in-page.js";
import { OrganizationPage } from "./organization/organization-page.js";
import { matchRoute, usePathname, type Route } from "./router.js";
import { useSession } from "./session/session.js";
import { Shell } from "./shell/shell.js";
import { TokensPage } from "./tokens/tokens-page.js";
import { Failed, Loading } from "./ui/notice.js";

export function App() {
  const route = matchRoute(usePathname());
  switch (route.page) {
    // These two are for everybody, signed in or not.
    case "invitation":
      return <InvitationPage />;
    case "mailbox":
      return <MailboxPage />;
    default:
      return <SignedIn route={route} />;
  }
}

function SignedIn({ route }: { route: Route }) {
  const { session, reload } = useSession();
  switch (session.status) {
    case "loading":
      return (
        <main className="page">
          <Loading label="Loading" />
        </main>
      );
    case "failed":
      return (
        <main className="page">
          <Failed error={session.error} onRetry={() => void reload()} />
        </main>
      );
    case "anonymous":
      // The address stays as it is, so that signing in leads to the page that was asked for.
      return <SignInPage />;
    case "signed-in":
      // Somebody else is another page: nothing that was read for one person is shown to the next.
      return <Page key={session.me.user.id} route={route} />;
  }
}

function Page({ route }: { route: Route }) {
  const organization = "organization" in route ? route.organization : null;
  return (
    <Shell organization={organization} page={route.page}>
      {content(route)}
    </Shell>
  );
}

function content(route: Route) {
  switch (route.page) {
    case "home":
    case "sign-in":
      return <HomePage />;
    case "organization":
      return <OrganizationPage key={route.organization} organization={route.organization} />;
    case "tokens":
      return <TokensPage key={route.organization} organization={route.organization} />;
    default:
      return <NotFoundPage />;
  }
}
