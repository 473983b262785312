import { useEffect, useRef, useState } from "react";
import { fetchTransport, pickedTransport } from "../generation/picked-transport";
import type { Transport } from "../generation/transport";
import { TRANSPORTS, type TransportKey } from "../generation/transports/table";
import { useLanguage } from "../language/language-context";
import { getPreferences, usePreferences } from "../preferences/preferences";
import { useToast } from "../ui/toasts";

/** The transport that is picked in the preferences. A toast says if it is blocked. */
export function usePickedTransport(): Transport {
  const { say } = useLanguage();
  const show = useToast();
  const sayBlocked = useRef((_: TransportKey) => {});
  sayBlocked.current = (key) => {
    show({ text: say("transportBlocked", { name: TRANSPORTS[key].name }) });
  };
  const [transport] = useState(() =>
    pickedTransport({
      picked: () => getPreferences().transport,
      onBlocked: (key) => sayBlocked.current(key),
    }),
  );
  const key = usePreferences().transport;
  // Loaded ahead of the first reply, which tries again if this fails.
  useEffect(() => void fetchTransport(key).catch(() => undefined), [key]);
  return transport;
}
