import { useMutation, useQueryClient } from "@tanstack/react-query";
import { importConversations } from "../../api/archive";
import { Problem } from "../../generation/problem";
import { describeError } from "../../language/describe-problem";
import type { Language } from "../../language/language";
import { useLanguage } from "../../language/language-context";
import { useToast } from "../../ui/toasts";
import { invalidate } from "./cache";
import { keys } from "./keys";

/** Imports an exported file, with toasts for its progress and result. `onOpen` shows a single conversation. */
export function useImportConversations(onOpen: (id: string) => void) {
  const client = useQueryClient();
  const language = useLanguage();
  const { say } = language;
  const show = useToast();
  return useMutation({
    mutationFn: (archive: File) => {
      const imported = importConversations(archive);
      show({
        text: say("importing", { name: archive.name, size: describeSize(language, archive.size) }),
        until: imported,
      });
      return imported;
    },
    onError: (error, archive) =>
      show({
        text: `${say("notImported", { name: archive.name })} ${whyNotImported(language, error)}`,
      }),
    onSuccess: ({ conversations, existing }) => {
      const [only, ...others] = conversations;
      const none = existing > 0 ? "importExisting" : "importEmpty";
      const text = say(only === undefined ? none : "imported", {
        count: conversations.length,
      });
      if (only === undefined || others.length > 0) show({ text });
      else {
        const onPress = () => onOpen(only.id);
        show({ text, action: { label: say("open"), testId: "open", onPress } });
      }
      return invalidate(client, { queryKey: keys.lists });
    },
  });
}

function whyNotImported(language: Language, error: Error): string {
  const status = error instanceof Problem ? error.status : null;
  if (status === 413) return language.say("importTooLarge");
  return status === 400 ? language.say("importForeign") : describeError(language, error);
}

function describeSize({ say, number }: Language, bytes: number): string {
  if (bytes < 1_000_000) return say("kilobytes", { size: Math.ceil(bytes / 1_000) });
  return say("megabytes", { size: number(bytes / 1_000_000, 1) });
}
