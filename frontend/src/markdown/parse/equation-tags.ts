// A label and a tag in the same row of a formula, in either order.
const SAME_ROW = String.raw`(?:(?!\\\\|\\label|\\tag|\\end|\\\]|\$\$)[\s\S]){0,500}?`;
const ARGUMENT = String.raw`\{([^{}]{1,80})\}`;
const LABELLED = new RegExp(
  `\\\\label${ARGUMENT}(?:${SAME_ROW}\\\\tag\\*?${ARGUMENT})?|\\\\tag\\*?${ARGUMENT}${SAME_ROW}\\\\label${ARGUMENT}`,
  "g",
);

/** The tags of the labelled equations in a text, by `\label`. */
export function equationTags(source: string): readonly (readonly [string, string])[] {
  if (!source.includes("\\label{")) return [];
  return [...source.matchAll(LABELLED)].flatMap(([, label, tag, firstTag, lastLabel]) => {
    const [name, text] = [label ?? lastLabel, tag ?? firstTag];
    return name === undefined || text === undefined ? [] : [[`\\${name}`, text] as const];
  });
}

/**
 * Replaces references to equations by their tags, or by their labels if there is no tag: nothing numbers equations.
 *
 * @param tags - with the tags of labelled equations by `\label`
 */
export function withReferences(tex: string, tags: ReadonlyMap<string, string>): string {
  return tex.replace(
    /\\(eq|auto|c|C)?ref\{([^{}]*)\}/g,
    (_, kind: string | undefined, label: string) => {
      const text = `\\text{${tags.get(`\\${label}`) ?? asText(label)}}`;
      return kind === "eq" ? `(${text})` : text;
    },
  );
}

/** A label as TeX that is set as text. */
function asText(label: string): string {
  return label.replace(/[\\^]/g, " ").replace(/[_#%&$]/g, "\\$&");
}
