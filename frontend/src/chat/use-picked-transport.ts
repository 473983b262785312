import { useEffect, useRef, useState } from "react";
import { fetchTransport, pickedTransport } from "../generation/picked-transport";
import type { Transport } from "../generation/transport";
import { TRANSPORTS, type TransportKey } from "../generation/transports/table";
import { useLanguage } from "../language/language-context";
import { getPreferences } from "../preferences/preferences";
import { usePreferences } from "../preferences/use-preferences";
import { useToast } from "../ui/toasts";

/** What replies come over, as it is picked in the preferences. Says so where it does not get through. */
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
  useFetchedAhead(usePreferences().transport);
  return transport;
}

/** The first reply need not wait for it. Where it cannot be had now, that reply asks for it again. */
function useFetchedAhead(key: TransportKey): void {
  useEffect(() => {
    fetchTransport(key).then(ignore, ignore);
  }, [key]);
}

function ignore(): void {}
