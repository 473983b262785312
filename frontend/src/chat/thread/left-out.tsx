import { useLanguage } from "../../language/language-context";

/** Says that a model did not see the beginning of the conversation. */
export function LeftOut({ count }: { count: number }) {
  const { say } = useLanguage();
  if (count === 0) return null;
  return (
    <p data-testid="left-out" className="mb-4 border-l-2 border-line pl-4 text-small text-quiet">
      {say("leftOut", { count })}
    </p>
  );
}
