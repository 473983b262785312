import { useQueryClient } from "@tanstack/react-query";
import { useRef, useState } from "react";
import { invalidate } from "../../conversations/data/cache";
import { keys } from "../../conversations/data/keys";
import { startingInOrder } from "../../conversations/data/serial-queue";
import type { StartRequest, Transport } from "../../generation/transport";
import { useLanguage } from "../../language/language-context";
import { useToast } from "../../ui/toasts";
import { restoreDraft } from "./drafts";
import { PendingExchanges } from "./pending";

export function usePendingExchanges(makeTransport: () => Transport): PendingExchanges {
  const client = useQueryClient();
  const { say } = useLanguage();
  const show = useToast();
  const sayCollected = useRef(() => {});
  sayCollected.current = () => show({ text: say("collected") });
  const [pending] = useState(
    () =>
      new PendingExchanges({
        transport: startingInOrder(makeTransport(), client),
        onChange: (id) => void invalidate(client, { queryKey: keys.one(id) }),
        onRefused: saveQuestion,
        onCollected: () => sayCollected.current(),
      }),
  );
  return pending;
}

function saveQuestion(request: StartRequest): void {
  if (!("to" in request)) restoreDraft(request.conversation ?? null, request.message);
}
