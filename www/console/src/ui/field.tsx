import { useId, type ComponentProps, type ReactNode } from "react";

interface FieldProps extends ComponentProps<"input"> {
  readonly label: ReactNode;
  readonly hint?: ReactNode;
}

/** An input with its label and, where it helps, a hint. */
export function Field({ label, hint, ...input }: FieldProps) {
  const id = useId();
  return (
    <div className="field">
      <label htmlFor={id}>{label}</label>
      <input id={id} aria-describedby={hint === undefined ? undefined : `${id}-hint`} {...input} />
      {hint !== undefined && (
        <p className="hint" id={`${id}-hint`}>
          {hint}
        </p>
      )}
    </div>
  );
}

interface SelectProps extends ComponentProps<"select"> {
  readonly label: string;
  readonly options: readonly { readonly value: string; readonly text: string }[];
}

/**
 * A native select with its label. While a `value` is not among the options nothing is chosen, where the
 * browser would choose the first; with `required` the form is then not sent.
 */
export function Select({ label, options, value, ...select }: SelectProps) {
  const id = useId();
  const missing = value !== undefined && options.every((option) => option.value !== value);
  return (
    <div className="field">
      <label htmlFor={id}>{label}</label>
      <select id={id} value={missing ? "" : value} {...select}>
        {missing && <option value="">Choose one</option>}
        {options.map(({ value, text }) => (
          <option key={value} value={value}>
            {text}
          </option>
        ))}
      </select>
    </div>
  );
}

/** The text of a form's field, without white space around it. */
export function textOf(form: FormData, name: string): string {
  const value = form.get(name);
  return typeof value === "string" ? value.trim() : "";
}
