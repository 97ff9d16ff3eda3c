import type { ComponentProps } from "react";
import type { Facts } from "@lockstep/gate";
import { GatedButton, useGate } from "@lockstep/react";

interface OperationButtonProps
  extends Omit<ComponentProps<typeof GatedButton>, "permission" | "node"> {
  readonly operation: string;
  readonly facts?: Facts;
}

/**
 * A button for one of the directory's own operations, gated by the permission that the policy binds
 * to it. An operation that the policy leaves out is open to nobody, so it has no button.
 */
export function OperationButton({ operation, ...rest }: OperationButtonProps) {
  const permission = useGate().policy?.operations?.[operation];
  return permission === undefined ? null : <GatedButton permission={permission} {...rest} />;
}
