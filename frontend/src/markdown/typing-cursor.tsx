/** Stands where the next word will. It is a sign for the eye: the live region speaks to the ear. */
export function TypingCursor() {
  return <span data-testid="typing-cursor" className="typing-cursor" aria-hidden="true" />;
}
