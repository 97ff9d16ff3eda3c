import {
  deleteToken,
  rotateToken,
  setTokenActive,
  type NewToken,
  type OrganizationName,
  type Token,
} from "../api/me.js";
import type { Once } from "../api/request.js";
import { useMe } from "../session/session.js";
import { SecretRow } from "./secret-row.js";

interface TokenRowProps {
  readonly token: Token;
  readonly onChanged: () => void;
  readonly onRotated: (token: NewToken) => void;
}

export function TokenRow({ token, onChanged, onRotated }: TokenRowProps) {
  const { organizations } = useMe();
  const actions = {
    setActive: (active: boolean) => setTokenActive(token.id, active),
    rotate: (once: Once, overlapS: number) => rotateToken(once, token.id, overlapS),
    remove: () => deleteToken(token.id),
  };
  return (
    <SecretRow secret={token} actions={actions} onChanged={onChanged} onRotated={onRotated}>
      {token.subtree && <p className="hint wrap">{placeOf(token.subtree, organizations)}</p>}
    </SecretRow>
  );
}

function placeOf(subtree: NonNullable<Token["subtree"]>, known: readonly OrganizationName[]) {
  const name = known.find(({ id }) => id === subtree.organization)?.name ?? subtree.organization;
  return subtree.node === subtree.organization ? `Only in ${name}` : `Only in ${subtree.node} of ${name}`;
}
