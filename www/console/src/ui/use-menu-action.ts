import { useRef } from "react";
import { messageOf } from "../api/request.js";
import { useAnnounce } from "./announcer.js";
import { useAction } from "./use-action.js";

/**
 * An action that a menu may hold, which closes as soon as one clicks beside it. What fails is then said on
 * the page, and what succeeds asks with `isSeen` whether the person still waits for it.
 */
export function useMenuAction<Arguments extends unknown[]>(
  action: (isSeen: () => boolean, ...args: Arguments) => Promise<void>,
) {
  const at = useRef<HTMLButtonElement>(null);
  const announce = useAnnounce();

  const isSeen = () => {
    const menu = at.current?.closest("[popover]");
    return at.current !== null && (!menu || menu.matches(":popover-open"));
  };
  const run = useAction(async (...args: Arguments) => {
    try {
      await action(isSeen, ...args);
    } catch (cause) {
      if (!isSeen()) {
        announce(messageOf(cause));
      }
      throw cause;
    }
  });

  return { ...run, at };
}
