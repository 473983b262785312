import { type RefObject, useEffect, useState } from "react";

/** Whether an element is drawn light on dark, as it is now and changes; null until it has been drawn. */
export function useIsDark(element: RefObject<Element | null>): boolean | null {
  const [is, setIs] = useState<boolean | null>(null);
  useEffect(() => {
    const look = () => setIs(element.current && isDark(element.current));
    look();
    // Colours change with the system's, and with a theme that is chosen for the page or a part of it.
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
