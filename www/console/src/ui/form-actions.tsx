import { useHeld } from "./dialog.js";

interface FormActionsProps {
  readonly submit: string;
  readonly busy: boolean;
  readonly onCancel: () => void;
  /** Whether what it does cannot be undone. */
  readonly danger?: boolean;
  /** What closing without doing anything is called; "Cancel" unless that could be misread. */
  readonly cancel?: string;
}

/** The end of a form in a dialog. The submit button stays reachable while its action is under way. */
export function FormActions({ submit, busy, onCancel, danger, cancel = "Cancel" }: FormActionsProps) {
  const held = useHeld();
  return (
    <div className="form-actions">
      <button
        type="button"
        className="button"
        aria-disabled={held.busy}
        onClick={held.busy ? undefined : onCancel}
      >
        {cancel}
      </button>
      <button className={`button ${danger ? "button-danger" : "button-primary"}`} aria-disabled={busy}>
        {submit}
      </button>
    </div>
  );
}
