import { useLanguage } from "../language/language-context";
import type { PlainKey } from "../language/translation";

/** Replaces what could not be loaded. Some browsers try again only after a reload. */
export function Lost({ text }: { readonly text: PlainKey }) {
  const { say } = useLanguage();
  return (
    <p role="alert" className="px-4.5 pt-6 text-small text-quiet">
      {say(text)}{" "}
      <button type="button" className="underline" onClick={() => location.reload()}>
        {say("reloadPage")}
      </button>
    </p>
  );
}
