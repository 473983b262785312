import { useEffect, useState } from "react";

/** Today's local midnight, which changes while the page is open. */
export function useToday(): Date {
  const [today, setToday] = useState(() => midnight(0));
  useEffect(() => {
    let timer: ReturnType<typeof setTimeout>;
    const look = () => {
      clearTimeout(timer);
      setToday((before) => {
        const now = midnight(0);
        return before.getTime() === now.getTime() ? before : now;
      });
      timer = setTimeout(look, midnight(1).getTime() - Date.now() + 1);
    };
    look();
    // Timers do not run while the machine sleeps.
    document.addEventListener("visibilitychange", look);
    return () => {
      clearTimeout(timer);
      document.removeEventListener("visibilitychange", look);
    };
  }, []);
  return today;
}

function midnight(daysAhead: number): Date {
  const now = new Date();
  return new Date(now.getFullYear(), now.getMonth(), now.getDate() + daysAhead);
}
