import { useLanguage } from "../../language/language-context";

/** What could not be fetched is not asked for again by a page that has it as lost. */
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
