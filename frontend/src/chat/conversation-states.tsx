import { Button } from "../ui/button";

/** There is no conversation at this address, or it is somebody else's. */
export function NotFound({ onNewChat }: { onNewChat: () => void }) {
  return (
    <section data-testid="not-found" className="m-auto py-8 text-center">
      <h2 className="font-serif text-title text-balance">This conversation is not here</h2>
      <p className="mx-auto mt-2 max-w-md text-pretty text-quiet">
        It may have been deleted, or it belongs to another browser: conversations are kept for the
        one they were begun in.
      </p>
      <Button look="primary" className="mt-6" onClick={onNewChat}>
        Start a new chat
      </Button>
    </section>
  );
}

/** A conversation is being fetched. It is said only when that takes long enough to wonder. */
export function Loading() {
  return (
    <p role="status" className="late m-auto text-quiet">
      Loading the conversation…
    </p>
  );
}

/** The server did not say what is in a conversation. */
export function CannotLoad({ onRetry }: { onRetry: () => void }) {
  return (
    <section role="alert" data-testid="cannot-load" className="m-auto py-8 text-center">
      <p className="text-quiet">The conversation could not be loaded.</p>
      <Button look="outline" className="mt-4" onClick={onRetry}>
        Try again
      </Button>
    </section>
  );
}
