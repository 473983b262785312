import { useLanguage } from "../language/language-context";
import { Button } from "../ui/button";

/** A conversation is being fetched. It is said only when that takes long enough to wonder. */
export function Loading() {
  const { say } = useLanguage();
  return (
    <p role="status" className="late m-auto text-quiet">
      {say("loadingConversation")}
    </p>
  );
}

/** The server did not say what is in a conversation. */
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
