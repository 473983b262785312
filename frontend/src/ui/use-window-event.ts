import { useEffect, useRef } from "react";

/** Calls the latest `listener` for events of the window. */
export function useWindowEvent<T extends keyof WindowEventMap>(
  type: T,
  listener: (event: WindowEventMap[T]) => void,
): void {
  const latest = useRef(listener);
  latest.current = listener;
  useEffect(() => {
    const listen = (event: WindowEventMap[T]) => latest.current(event);
    addEventListener(type, listen);
    return () => removeEventListener(type, listen);
  }, [type]);
}
