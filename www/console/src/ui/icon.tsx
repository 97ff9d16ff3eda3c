const PATHS = {
  bell: "M8 2a4 4 0 0 0-4 4v2.5L2.8 11h10.4L12 8.500V6a4 4 0 0 0-4-4ZM6.500 13a1.500 1.500 0 0 0 3 0",
  check: "m3 8.500 3.200 3.200L13 5",
  chevrons: "m5 6 3-3 3 3M5 10l3 3 3-3",
  close: "m4 4 8 8M12 4l-8 8",
  copy: "M5.500 5.500h8v8h-8zM3 10.500h-.5v-8h8V3",
  plus: "M8 3v10M3 8h10",
} as const;

/** A drawing beside words that say the same, hence hidden from assistive technology. */
export function Icon({ name }: { name: keyof typeof PATHS }) {
  return (
    <svg className="icon" viewBox="0 0 16 16" aria-hidden="true" focusable="false">
      <path d={PATHS[name]} />
    </svg>
  );
}

/** The mark: two bars, in step. */
export function Mark() {
  return (
    <svg className="mark" viewBox="0 0 24 24" aria-hidden="true" focusable="false">
      <rect width="24" height="24" rx="6" className="mark-ground" />
      <path d="M5 7h9v3.200H5zM10 13.800h9V17h-9z" className="mark-steps" />
    </svg>
  );
}
