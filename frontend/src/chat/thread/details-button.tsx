import { Timer } from "lucide-react";
import { type ComponentProps, lazy, useState } from "react";
import { useLanguage } from "../../language/language-context";
import { MessageButton } from "../../ui/icon-button";
import { Optional } from "../../ui/optional";
import { useLoad } from "../../ui/use-load";

const load = () => import("./details-panel");
const DetailsPanel = lazy(load);

type DetailsOpenerProps = Omit<ComponentProps<typeof DetailsPanel>, "children">;

/** Leads to all that is known of how a reply went, which is fetched when somebody first asks for it. */
export function DetailsOpener(props: DetailsOpenerProps) {
  const { say } = useLanguage();
  const [isWanted, setWanted] = useState(false);
  const loadThen = useLoad();
  const button = (
    <MessageButton
      icon={Timer}
      label={say("details")}
      data-testid="details"
      className="max-sm:-mr-2.5 max-sm:ml-auto"
      {...(!isWanted && { onClick: () => loadThen(load, () => setWanted(true)) })}
    />
  );
  return (
    <Optional fallback={button}>
      {isWanted ? <DetailsPanel {...props}>{button}</DetailsPanel> : button}
    </Optional>
  );
}
