import { useEffect, useId, useState, type ComponentProps, type MouseEvent } from "react";
import { useGate, type Question } from "./gate-context.js";

/** What a page is told by, and does nothing by that anybody asked for. */
const TOLD = /^on(Focus|Blur|(Pointer|Mouse)(Enter|Leave|Over|Out))(Capture)?$/;

/** What a button that is not allowed keeps: a menu that opens when it is pressed, or by a key, is an action too. */
function withoutActions<Props extends object>(props: Props): Props {
  const kept = Object.entries(props).filter(([name]) => !/^on[A-Z]/.test(name) || TOLD.test(name));
  return Object.fromEntries(kept) as Props;
}

export interface GatedButtonProps extends Question, Omit<ComponentProps<"button">, "disabled"> {}

/**
 * A button that stays where it is, can be reached and says why when its action is not allowed.
 *
 * It is `aria-disabled`, never `disabled`: a disabled button takes no focus, so its reason could
 * not be read with a keyboard or a screen reader. The reason is shown while the button is hovered
 * or focused, or once it was pressed, as by a finger, and goes away with Escape (WCAG 2.2, 1.4.13). The package brings no styles: lay out
 * `.lockstep-gated` and `.lockstep-reason` to taste.
 */
export function GatedButton(props: GatedButtonProps) {
  const { permission, node, facts, onClick, children, ...rest } = props;
  const { gate } = useGate();
  const allowed = gate.can(permission, node, facts);
  const [hovered, setHovered] = useState(false);
  const [focused, setFocused] = useState(false);
  const [dismissed, setDismissed] = useState(false);
  const reasonId = useId();
  const described = rest["aria-describedby"];
  const shown = !allowed && !dismissed && (hovered || focused);

  const enter = (set: (value: boolean) => void) => () => {
    setDismissed(false);
    set(true);
  };

  useEffect(() => {
    if (shown) {
      // Wherever the focus is: what is hovered need not have it.
      document.addEventListener("keydown", dismiss, true);
      return () => document.removeEventListener("keydown", dismiss, true);
    }
    function dismiss(event: KeyboardEvent) {
      if (event.key === "Escape") {
        // One Escape, one thing: a dialog around the button stays open.
        event.preventDefault();
        setDismissed(true);
      }
    }
  }, [shown]);

  const refuse = (event: MouseEvent<HTMLButtonElement>) => {
    event.preventDefault();
    // A finger does not hover, and not every browser gives focus to a button that it presses.
    event.currentTarget.focus();
    enter(setFocused)();
  };

  return (
    <span
      className="lockstep-gated"
      onPointerEnter={enter(setHovered)}
      onPointerLeave={() => setHovered(false)}
      onFocus={enter(setFocused)}
      onBlur={() => setFocused(false)}
    >
      <button
        type="button"
        {...(allowed ? rest : withoutActions(rest))}
        aria-disabled={allowed ? rest["aria-disabled"] : true}
        aria-describedby={allowed ? described : [described, reasonId].filter(Boolean).join(" ")}
        onClick={allowed ? onClick : refuse}
      >
        {children}
      </button>
      {!allowed && (
        <span role="tooltip" id={reasonId} className="lockstep-reason" hidden={!shown}>
          {gate.explain(permission, node, facts).reasons[0]?.text}
        </span>
      )}
    </span>
  );
}
