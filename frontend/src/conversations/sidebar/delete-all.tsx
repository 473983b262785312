import { useId, useState } from "react";
import { navigate } from "wouter/use-browser-location";
import { useLanguage } from "../../language/language-context";
import { NEW_CHAT_PATH } from "../../route";
import { Button } from "../../ui/button";
import { focus } from "../../ui/focus";
import { useDeleteAllConversations } from "../data/deletion-of-all";

/** Deletes all conversations once a word was typed. `onDeleted` is called when that is done. */
export function DeleteAll({ onDeleted }: { readonly onDeleted: () => void }) {
  const { say } = useLanguage();
  const [isAsking, setAsking] = useState(false);
  return (
    <div className="mt-2 border-t border-line pt-3">
      {isAsking ? (
        <Confirmation onDeleted={onDeleted} onCancel={() => setAsking(false)} />
      ) : (
        <Button
          look="danger"
          className="-ml-3"
          data-testid="delete-all"
          onClick={() => setAsking(true)}
        >
          {say("deleteAll")}
        </Button>
      )}
    </div>
  );
}

interface ConfirmationProps {
  readonly onDeleted: () => void;
  readonly onCancel: () => void;
}

function Confirmation({ onDeleted, onCancel }: ConfirmationProps) {
  const { say } = useLanguage();
  const id = useId();
  const [typed, setTyped] = useState("");
  const deletion = useDeleteAllConversations(() => navigate(NEW_CHAT_PATH));
  const word = say("delete").toLowerCase();
  const isConfirmed = typed.trim().toLowerCase() === word;
  return (
    <form
      aria-label={say("deleteAll")}
      onSubmit={(event) => {
        event.preventDefault();
        if (isConfirmed && !deletion.isPending)
          deletion.mutate(undefined, { onSuccess: onDeleted });
      }}
    >
      <p className="text-small text-pretty text-quiet">{say("deleteAllAbout")}</p>
      <label htmlFor={id} className="mt-3 block text-small font-medium">
        {say("deleteAllConfirm", { word })}
      </label>
      <input
        ref={focus}
        id={id}
        data-testid="delete-all-word"
        autoComplete="off"
        autoCapitalize="none"
        value={typed}
        onChange={({ target }) => setTyped(target.value)}
        className="mt-1 h-9 w-full rounded-lg border border-line bg-surface px-2.5 text-small"
      />
      <div className="mt-3 flex flex-wrap justify-end gap-2">
        <Button look="quiet" data-testid="delete-all-cancel" onClick={onCancel}>
          {say("cancel")}
        </Button>
        <Button
          type="submit"
          look="danger"
          data-testid="delete-all-confirm"
          disabled={!isConfirmed || deletion.isPending}
        >
          {say("deleteAll")}
        </Button>
      </div>
    </form>
  );
}
