/** The logo of Headwater, three streams that join, and its name. */
export function Brand({ className = "" }: { className?: string }) {
  return (
    <p className={`flex items-center gap-2 font-serif text-lead ${className}`}>
      <svg
        viewBox="0 0 32 32"
        className="size-6 text-accent"
        fill="none"
        stroke="currentColor"
        strokeWidth="2.75"
        strokeLinecap="round"
        aria-hidden="true"
      >
        <path d="M4 10c4-4 8-4 12 0s8 4 12 0" />
        <path d="M8 17c2.7-2.7 5.3-2.7 8 0s5.3 2.7 8 0" />
        <path d="M12 24c1.3-1.3 2.7-1.3 4 0s2.7 1.3 4 0" />
      </svg>
      Headwater
    </p>
  );
}
