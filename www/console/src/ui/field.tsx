import { useId, type ComponentProps, type ReactNode } from "react";

interface FieldProps extends ComponentProps<"input"> {
  readonly label: string;
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

/** A native select with its label. */
export function Select({ label, options, ...select }: SelectProps) {
  const id = useId();
  return (
    <div className="field">
      <label htmlFor={id}>{label}</label>
      <select id={id} {...select}>
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
