import { Check, Copy, RotateCw } from "lucide-react";
import { type Ref, useRef, useState } from "react";
import { describeError } from "../../language/describe-problem";
import { useLanguage } from "../../language/language-context";
import { address } from "../../own-server";
import { Button } from "../../ui/button";
import { Dialog, type DialogEvents } from "../../ui/dialog";
import { focus } from "../../ui/focus";
import { useConversation } from "../data/queries";
import { useSharing } from "../data/sharing";

/** Creates, updates and revokes the link with which others can read a conversation. */
export default function ShareDialog({ id, ...events }: DialogEvents & { readonly id: string }) {
  const language = useLanguage();
  const { say } = language;
  const conversation = useConversation(id);
  return (
    <Dialog title={say("shareTitle")} testId="share-dialog" {...events}>
      {conversation.data !== undefined && <Sharing id={id} token={conversation.data.share} />}
      {conversation.isPending && (
        <p className="min-h-40 text-small text-quiet">{say("oneMoment")}</p>
      )}
      {conversation.isError && conversation.data === undefined && (
        <p role="alert" className="text-small text-danger">
          {describeError(language, conversation.error)}
        </p>
      )}
    </Dialog>
  );
}

function Sharing({ id, token }: { readonly id: string; readonly token: string | null }) {
  const { say } = useLanguage();
  const { share, unshare } = useSharing(id);
  const isBusy = share.isPending || unshare.isPending;
  // The pressed button disappears, and the one that replaces it gets the focus.
  const [takesFocus, setTakesFocus] = useState(false);
  const next = takesFocus ? focus : null;
  return (
    <>
      <p className="text-small text-pretty text-quiet">{say("shareAbout")}</p>
      {token === null ? (
        <Button
          ref={next}
          look="primary"
          data-testid="share-create"
          className="mt-4 w-full"
          disabled={isBusy}
          onClick={() => {
            setTakesFocus(true);
            share.mutate();
          }}
        >
          {say("createLink")}
        </Button>
      ) : (
        <>
          <SharedLink link={`${location.origin}${address(`/s/${token}`)}`} copyButton={next} />
          <div className="mt-4 flex flex-wrap items-center justify-between gap-2">
            <Button
              look="outline"
              data-testid="share-update"
              disabled={isBusy}
              onClick={() => share.mutate()}
            >
              {share.isSuccess ? (
                <Check className="size-4 text-accent" aria-hidden="true" />
              ) : (
                <RotateCw className="size-4" aria-hidden="true" />
              )}
              {say(share.isSuccess ? "linkUpdated" : "updateLink")}
            </Button>
            <Button
              look="danger"
              data-testid="share-stop"
              disabled={isBusy}
              onClick={() => {
                setTakesFocus(true);
                unshare.mutate(undefined, { onSuccess: share.reset });
              }}
            >
              {say("stopSharing")}
            </Button>
          </div>
        </>
      )}
    </>
  );
}

interface SharedLinkProps {
  readonly link: string;
  readonly copyButton: Ref<HTMLButtonElement>;
}

function SharedLink({ link, copyButton }: SharedLinkProps) {
  const { say } = useLanguage();
  const field = useRef<HTMLInputElement>(null);
  const [isCopied, setCopied] = useState(false);
  const copy = async (button: HTMLElement) => {
    field.current?.select();
    setCopied(await copied(link));
    button.focus();
  };
  return (
    <div className="mt-4 flex gap-2">
      <input
        ref={field}
        data-testid="share-link"
        aria-label={say("link")}
        readOnly
        value={link}
        onFocus={(event) => event.target.select()}
        className="h-9 min-w-0 flex-1 rounded-lg border border-line bg-sunken px-2.5 text-small outline-none focus:border-accent"
      />
      <Button
        ref={copyButton}
        look="primary"
        data-testid="share-copy"
        onClick={({ currentTarget }) => void copy(currentTarget)}
      >
        {isCopied ? (
          <Check className="size-4" aria-hidden="true" />
        ) : (
          <Copy className="size-4" aria-hidden="true" />
        )}
        <span aria-live="polite">{say(isCopied ? "copied" : "copy")}</span>
      </Button>
    </div>
  );
}

/** Copies the link, which is selected. Not `copyText`, whose text field the focus trap of the dialog would blur. */
async function copied(text: string): Promise<boolean> {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    return document.execCommand("copy");
  }
}
