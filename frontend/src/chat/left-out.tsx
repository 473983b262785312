/** Says that a model did not see the beginning of the conversation. */
export function LeftOut({ count }: { count: number }) {
  if (count === 0) return null;
  const what = count === 1 ? "The earliest message was" : `The ${count} earliest messages were`;
  return (
    <p data-testid="left-out" className="mb-4 border-l-2 border-line pl-4 text-small text-quiet">
      {what} not given to the model: its window is full.
    </p>
  );
}
