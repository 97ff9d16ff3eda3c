import { createContext, use, useEffect, useId, useRef, useState, type ReactNode, type SyntheticEvent } from "react";
import { Icon } from "./icon.js";

interface DialogProps {
  readonly open: boolean;
  readonly title: string;
  readonly onClose: () => void;
  readonly children: ReactNode;
}

interface Held {
  /** Whether an action of the dialog is under way: it stays open, so that somebody hears what becomes of it. */
  readonly busy: boolean;
  readonly hold: (busy: boolean) => void;
}

const HeldContext = createContext<Held>({ busy: false, hold: () => undefined });

/** The dialog around, if there is one. */
export function useHeld(): Held {
  return use(HeldContext);
}

/**
 * A native modal dialog: it traps focus, closes with Escape and gives focus back to what opened it.
 * Its content exists only while it is open, so every opening starts afresh.
 */
export function Dialog({ open, title, onClose, children }: DialogProps) {
  const dialog = useRef<HTMLDialogElement>(null);
  const titleId = useId();
  const [busy, hold] = useState(false);

  useEffect(() => {
    const element = dialog.current;
    if (open && element && !element.open) {
      element.showModal();
      element.querySelector<HTMLElement>("[data-first]")?.focus();
    } else if (!open) {
      element?.close();
    }
  }, [open]);

  const cancel = (event: SyntheticEvent) => {
    if (busy) {
      event.preventDefault();
    }
  };
  const close = () => {
    if (!busy) {
      onClose();
    } else if (open) {
      // A browser may close it without asking, when Escape is pressed again.
      dialog.current?.showModal();
    }
  };

  return (
    <dialog ref={dialog} className="dialog" aria-labelledby={titleId} onCancel={cancel} onClose={close}>
      {open && (
        <HeldContext value={{ busy, hold }}>
          <header className="dialog-header">
            <h2 id={titleId}>{title}</h2>
            <button
              type="button"
              className="icon-button"
              aria-label="Close"
              aria-disabled={busy}
              onClick={close}
            >
              <Icon name="close" />
            </button>
          </header>
          {children}
        </HeldContext>
      )}
    </dialog>
  );
}
