import { ArrowDown } from "lucide-react";
import { useLanguage } from "../../language/language-context";
import { Button } from "../../ui/button";

export function JumpToLatest({ onJump }: { onJump: () => void }) {
  const { say } = useLanguage();
  return (
    <div className="pointer-events-none absolute inset-x-0 bottom-full mb-3 flex justify-center">
      <Button
        look="outline"
        data-testid="jump-to-latest"
        className="pointer-events-auto rounded-full"
        onClick={onJump}
      >
        <ArrowDown className="size-4" aria-hidden="true" />
        {say("jumpToLatest")}
      </Button>
    </div>
  );
}
