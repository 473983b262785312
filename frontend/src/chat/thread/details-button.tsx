import { Timer } from "lucide-react";
import { lazyOpener } from "../../ui/lazy-opener";
import { MessageButton } from "../../ui/message-button";
import type { DetailsProps } from "./details-panel";

const DetailsOpener = lazyOpener(() => import("./details-panel"));

export function DetailsButton(props: DetailsProps) {
  const button = (
    <MessageButton
      icon={Timer}
      text="details"
      data-testid="details"
      className="max-sm:-mr-2.5 max-sm:ml-auto"
    />
  );
  return <DetailsOpener {...props} button={button} />;
}
