import { useEffect, useState } from "react";
import { useAnnounce } from "./announcer.js";
import { Icon } from "./icon.js";

/** Copies a text and says so. `what` completes "Copy …" for those who cannot see what is beside it. */
export function CopyButton({ text, what }: { text: string; what: string }) {
  const announce = useAnnounce();
  const [copied, setCopied] = useState(false);

  useEffect(() => {
    if (copied) {
      const timer = setTimeout(() => setCopied(false), 2_000);
      return () => clearTimeout(timer);
    }
  }, [copied]);

  async function copy() {
    try {
      await navigator.clipboard.writeText(text);
      setCopied(true);
      announce(`Copied ${what}.`);
    } catch {
      announce("The browser refused to copy. Select the text and copy it by hand.");
    }
  }

  return (
    <button type="button" className="button button-small" onClick={() => void copy()}>
      <Icon name={copied ? "check" : "copy"} />
      {copied ? "Copied" : "Copy"}
      <span className="visually-hidden"> {what}</span>
    </button>
  );
}
