import { useGate } from "@lockstep/react";
import { Empty, Failed } from "../ui/notice.js";
import { useFacts } from "./facts.js";

interface UnreadProps {
  readonly operation: string;
  readonly error: unknown;
  readonly onRetry: () => void;
}

/** In place of a list that could not be read: why one may not, or what went wrong. */
export function Unread({ operation, error, onRetry }: UnreadProps) {
  const { policy, gate } = useGate();
  const facts = useFacts();
  const permission = policy?.operations?.[operation];
  return permission !== undefined && !gate.can(permission, undefined, facts) ? (
    <Empty title={gate.explain(permission, undefined, facts).reasons[0]?.text ?? ""} />
  ) : (
    <Failed error={error} onRetry={onRetry} />
  );
}
