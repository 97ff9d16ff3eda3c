import { useMemo, useState } from "react";
import { connect } from "@lockstep/gate";
import { GateProvider, useGate } from "@lockstep/react";
import { readTokens, type NewToken } from "../api/me.js";
import { readOrganization, type Organization } from "../api/organization.js";
import { useSamePerson } from "../organization/use-same-person.js";
import { useMe } from "../session/session.js";
import { Empty, Failed, Loading } from "../ui/notice.js";
import { PageTitle } from "../ui/page-title.js";
import { Section } from "../ui/section.js";
import { useRead } from "../ui/use-read.js";
import { CreateTokenForm } from "./create-token-form.js";
import { CurlExample } from "./curl-example.js";
import { NewTokenNotice } from "./new-token-notice.js";
import { Sessions } from "./sessions.js";
import { TokenRow } from "./token-row.js";

/** Personal access tokens, and how to use one. */
export function TokensPage({ organization }: { organization: string | null }) {
  return organization === null ? (
    <Tokens organization={null} place={undefined} />
  ) : (
    <TokensThere organization={organization} />
  );
}

function TokensThere({ organization }: { organization: string }) {
  const store = useMemo(() => connect({ organization }), [organization]);
  return (
    <GateProvider store={store}>
      <Place organization={organization} />
    </GateProvider>
  );
}

function Place({ organization }: { organization: string }) {
  const { epoch } = useGate();
  const { data } = useRead(organization, (signal) => readOrganization(organization, signal), epoch);
  // What stands on the page of somebody else is theirs, and so is a secret that was just shown.
  return useSamePerson() ? (
    <Tokens organization={organization} place={data} />
  ) : (
    <Loading label="Loading tokens" rows={6} />
  );
}

interface TokensProps {
  readonly organization: string | null;
  /** The organization, once it was read. */
  readonly place: Organization | undefined;
}

function Tokens({ organization, place }: TokensProps) {
  const { status, data, error, reload } = useRead(useMe().user.id, readTokens);
  const [created, setCreated] = useState<NewToken | null>(null);
  const tokens = data?.tokens;
  const lifetimeMaxS = place?.token_lifetime_max_s ?? null;
  const show = (token: NewToken) => {
    setCreated(token);
    reload();
  };
  const deleted = (id: string) => {
    setCreated((created) => (created?.id === id ? null : created));
    reload();
  };
  // What has become of it since says the list.
  const known = created && { ...created, ...tokens?.find(({ id }) => id === created.id) };
  return (
    <>
      <div className="page-header">
        <PageTitle title="Access tokens" />
      </div>
      <p className="muted lead">
        A personal access token acts as you, with at most the permissions that you have at that
        moment: when your role changes, so does what your tokens can do.
      </p>
      <div className="tokens">
        <Section title="New token">
          <CreateTokenForm
            organization={organization}
            lifetimeMaxS={lifetimeMaxS}
            onCreated={show}
          />
          {created && <NewTokenNotice token={created} onDone={() => setCreated(null)} />}
        </Section>
        <Section title="Your tokens" count={tokens?.length}>
          {status === "loading" && <Loading label="Loading tokens" />}
          {status === "failed" && <Failed error={error} onRetry={reload} />}
          {tokens?.length === 0 && <Empty title="You have no tokens" />}
          {tokens && tokens.length > 0 && (
            <ul className="rows">
              {tokens.map((token) => (
                <TokenRow
                  key={token.id}
                  token={token}
                  onChanged={reload}
                  onRotated={show}
                  onDeleted={() => deleted(token.id)}
                />
              ))}
            </ul>
          )}
        </Section>
      </div>
      <Sessions />
      {organization !== null && (
        <CurlExample organization={organization} place={place} token={known} />
      )}
    </>
  );
}
