import { useLanguage } from "../language/language-context";
import { Button } from "../ui/button";

/** Shown if a conversation does not exist or belongs to another client. */
export default function NotFound({ onNewChat }: { onNewChat: () => void }) {
  const { say } = useLanguage();
  return (
    <section data-testid="not-found" className="m-auto py-8 text-center">
      <h2 className="font-serif text-title text-balance">{say("notFound")}</h2>
      <p className="mx-auto mt-2 max-w-md text-pretty text-quiet">{say("notFoundAbout")}</p>
      <Button look="primary" className="mt-6" onClick={onNewChat}>
        {say("startNewChat")}
      </Button>
    </section>
  );
}
