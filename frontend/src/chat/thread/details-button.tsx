import { Timer } from "lucide-react";
import { lazy } from "react";
import { useLanguage } from "../../language/language-context";
import { MessageButton } from "../../ui/icon-button";
import { LazyOpener } from "../../ui/lazy-opener";
import type { ReplySource } from "../state/reply-source";

const load = () => import("./details-panel");
const DetailsPanel = lazy(load);

/** Opens all measurements of a reply. */
export function DetailsButton(props: { readonly message: string; readonly source: ReplySource }) {
  const { say } = useLanguage();
  const button = (
    <MessageButton
      icon={Timer}
      label={say("details")}
      data-testid="details"
      className="max-sm:-mr-2.5 max-sm:ml-auto"
    />
  );
  return (
    <LazyOpener load={load} button={button}>
      <DetailsPanel {...props} button={button} />
    </LazyOpener>
  );
}
