import { useEffect, useState } from "react";

/** The day that is today, as its local midnight. A page that stays open over midnight sees it change. */
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
    // A timer sleeps with the machine.
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
