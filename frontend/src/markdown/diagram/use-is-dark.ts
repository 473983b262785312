import { type RefObject, useEffect, useState } from "react";

/** Whether an element has light text on a dark background; null before it is mounted. */
export function useIsDark(element: RefObject<Element | null>): boolean | null {
  const [is, setIs] = useState<boolean | null>(null);
  useEffect(() => {
    const look = () => setIs(element.current && isDark(element.current));
    look();
    // Colours depend on the system and on the theme of the page or of a part of it.
    const system = matchMedia("(prefers-color-scheme: dark)");
    system.addEventListener("change", look);
    const observer = new MutationObserver(look);
    observer.observe(document.documentElement, { attributeFilter: ["data-theme"], subtree: true });
    return () => {
      system.removeEventListener("change", look);
      observer.disconnect();
    };
  }, [element]);
  return is;
}

function isDark(element: Element): boolean {
  const [red = 0, green = 0, blue = 0] = getComputedStyle(element).color.match(/[\d.]+/g) ?? [];
  return Number(red) + Number(green) + Number(blue) > 3 * 128;
}
