import { Suspense, use, useEffect, useLayoutEffect, useRef } from "react";
import { copyFormulas } from "./copy-formulas";

type Temml = typeof import("temml").default;

let loading: Promise<Temml | null> | undefined;

/** Null when it cannot be had; formulas are then shown as they are written. */
function loadTemml(): Promise<Temml | null> {
  loading ??= import("temml").then(
    (module) => module.default,
    () => null,
  );
  return loading;
}

interface FormulaProps {
  readonly tex: string;
  readonly display: boolean;
}

/** A formula as MathML, which the browser itself sets. Its place is kept until that has loaded. */
export function Formula(props: FormulaProps) {
  return (
    <Suspense fallback={<code className="formula-awaited" data-tex={props.tex} />}>
      <LoadedFormula {...props} />
    </Suspense>
  );
}

function LoadedFormula({ tex, display }: FormulaProps) {
  const temml = use(loadTemml());
  const host = useRef<HTMLSpanElement>(null);
  // Drawn as nodes rather than as markup: the page's policy lets no style attribute through.
  useLayoutEffect(() => {
    if (host.current === null || temml === null) return;
    try {
      temml.render(tex, host.current, { displayMode: display, throwOnError: true, trust: false });
    } catch {
      // What is no formula is shown as it was written, and what breaks what sets it takes nothing along.
      host.current.textContent = tex;
    }
  }, [temml, tex, display]);
  // All formulas of the page have one listener: to add it again changes nothing.
  useEffect(() => document.addEventListener("copy", copyFormulas), []);
  if (temml === null) return <code>{tex}</code>;
  return (
    <span ref={host} className={display ? "formula formula-display" : "formula"} data-tex={tex} />
  );
}
