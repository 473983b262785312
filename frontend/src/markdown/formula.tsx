import { Suspense, use, useLayoutEffect, useRef } from "react";

type Temml = typeof import("temml").default;

let loading: Promise<Temml> | undefined;

function loadTemml(): Promise<Temml> {
  loading ??= import("temml").then((module) => module.default);
  return loading;
}

interface FormulaProps {
  readonly tex: string;
  readonly display: boolean;
}

/** A formula as MathML, which the browser itself sets. Until that has loaded it is TeX. */
export function Formula(props: FormulaProps) {
  return (
    <Suspense fallback={<code>{props.tex}</code>}>
      <LoadedFormula {...props} />
    </Suspense>
  );
}

function LoadedFormula({ tex, display }: FormulaProps) {
  const temml = use(loadTemml());
  const host = useRef<HTMLSpanElement>(null);
  // Drawn as nodes rather than as markup: the page's policy lets no style attribute through.
  useLayoutEffect(() => {
    if (host.current === null) return;
    temml.render(tex, host.current, { displayMode: display, throwOnError: false, trust: false });
  }, [temml, tex, display]);
  return <span ref={host} className={display ? "formula formula-display" : "formula"} />;
}
