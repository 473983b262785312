import { useLanguage } from "../language/language-context";
import { Button } from "../ui/button";

/** Shown while a conversation loads, but only if that takes long. */
export function Loading() {
  const { say } = useLanguage();
  return (
    <p role="status" className="late m-auto text-quiet">
      {say("loadingConversation")}
    </p>
  );
}

export function CannotLoad({ onRetry }: { onRetry: () => void }) {
  const { say } = useLanguage();
  return (
    <section role="alert" data-testid="cannot-load" className="m-auto py-8 text-center">
      <p className="text-quiet">{say("cannotLoadConversation")}</p>
      <Button look="outline" className="mt-4" onClick={onRetry}>
        {say("tryAgain")}
      </Button>
    </section>
  );
}
