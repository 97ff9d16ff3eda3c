import type { ComponentProps } from "react";
import type { Facts } from "@lockstep/gate";
import { GatedButton, useGate } from "@lockstep/react";
import { useFacts } from "./facts.js";

interface OperationButtonProps
  extends Omit<ComponentProps<typeof GatedButton>, "permission" | "node"> {
  readonly operation: string;
  /** About what it is done to, beside what the directory always states. */
  readonly facts?: Facts | undefined;
}

/**
 * A button for one of the directory's own operations, gated by the permission that the policy binds
 * to it. An operation that the policy leaves out is open to nobody, so it has no button.
 */
export function OperationButton({ operation, facts, ...rest }: OperationButtonProps) {
  const permission = useGate().policy?.operations?.[operation];
  const known = useFacts(facts);
  return permission === undefined ? null : (
    <GatedButton permission={permission} facts={known} {...rest} />
  );
}
