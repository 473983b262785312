import { Suspense, use, useEffect, useLayoutEffect, useRef } from "react";
import { reportMissing } from "../../missing-modules";
import { withReferences } from "../parse/equation-tags";
import { copyFormulas } from "./copy-formulas";
import { DocumentContext } from "./document-context";

type Temml = typeof import("temml").default;

let loading: Promise<Temml | null> | undefined;

/** Resolves to null if Temml cannot be loaded; formulas are then shown as TeX. */
function loadTemml(): Promise<Temml | null> {
  loading ??= import("temml").then(
    (module) => module.default,
    () => {
      reportMissing();
      return null;
    },
  );
  return loading;
}

interface FormulaProps {
  readonly tex: string;
  readonly display: boolean;
}

/** A formula as MathML. Until Temml has loaded, an invisible placeholder keeps its space. */
export function Formula(props: FormulaProps) {
  return (
    <Suspense fallback={<code className="formula-awaited" data-tex={props.tex} />}>
      <LoadedFormula {...props} />
    </Suspense>
  );
}

function LoadedFormula({ tex, display }: FormulaProps) {
  const temml = use(loadTemml());
  const { definitions } = use(DocumentContext);
  const source = withReferences(tex, definitions);
  const host = useRef<HTMLSpanElement>(null);
  // Temml creates DOM nodes here, because the Content-Security-Policy forbids style attributes in markup.
  useLayoutEffect(() => {
    if (host.current === null || temml === null) return;
    try {
      temml.render(source, host.current, {
        displayMode: display,
        throwOnError: true,
        trust: false,
      });
    } catch {
      // Invalid TeX is shown as it is.
      host.current.textContent = tex;
    }
  }, [temml, tex, source, display]);
  // Adding the same listener again has no effect, so all formulas share it.
  useEffect(() => document.addEventListener("copy", copyFormulas), []);
  if (temml === null) return <code>{tex}</code>;
  return (
    <span ref={host} className={display ? "formula formula-display" : "formula"} data-tex={tex} />
  );
}
