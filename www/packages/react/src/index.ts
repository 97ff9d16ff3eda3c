"use client";

export { Can, type CanProps } from "./can.js";
export { GatedButton, type GatedButtonProps } from "./gated-button.js";
export {
  GateProvider,
  useCan,
  useDecision,
  useGate,
  useMasks,
  type Question,
} from "./gate-context.js";
