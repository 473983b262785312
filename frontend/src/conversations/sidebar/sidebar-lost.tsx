import { useLanguage } from "../../language/language-context";

/** Replaces a side bar that could not be loaded. Only reloading the page tries again. */
export function SidebarLost() {
  const { say } = useLanguage();
  return (
    <p role="alert" className="px-4.5 pt-6 text-small text-quiet">
      {say("cannotShowConversations")}{" "}
      <button type="button" className="underline" onClick={() => location.reload()}>
        {say("reloadPage")}
      </button>
    </p>
  );
}
