import type { AtRule, Container, Plugin, Root, Rule } from "postcss";

/** The elements of a page whose place the root of the chat takes. */
const ROOT = /^(?:html|body|:root|:host|#root)(?![\w-])/;
const KEYFRAMES = /^(?:-webkit-)?keyframes$/;

/**
 * Makes styles that count inside of one class only, and there against those of the page: every selector begins with the
 * class, names of animations do too, and layers are dissolved in their order, since what is in none would win over them.
 */
export function scopedStyles(scope: string): Plugin {
  return {
    postcssPlugin: "scoped-styles",
    OnceExit(root) {
      dissolveLayers(root);
      const renamed = renameAnimations(root, scope);
      scopeRules(root, `.${scope}`);
      root.walkDecls(/^(?:--animate-.*|animation(?:-name)?)$/, (declaration) => {
        declaration.value = declaration.value.replace(/[\w-]+/g, (word) =>
          renamed.has(word) ? `${scope}-${word}` : word,
        );
      });
    },
  };
}

function dissolveLayers(root: Root): void {
  const order = root.nodes.flatMap((node) =>
    node.type === "atrule" && node.name === "layer" && node.nodes === undefined
      ? node.params.split(",").map((name) => name.trim())
      : [],
  );
  const layers = root.nodes.filter(
    (node): node is AtRule => node.type === "atrule" && node.name === "layer",
  );
  const place = ({ params }: AtRule) =>
    order.includes(params) ? order.indexOf(params) : order.length;
  const dissolved = layers
    .filter((layer) => layer.nodes !== undefined)
    .sort((one, other) => place(one) - place(other))
    .flatMap((layer) => layer.nodes ?? []);
  for (const layer of layers) layer.remove();
  root.prepend(...dissolved);
}

function renameAnimations(root: Root, scope: string): ReadonlySet<string> {
  const names = new Set<string>();
  root.walkAtRules(KEYFRAMES, (rule) => {
    names.add(rule.params);
    rule.params = `${scope}-${rule.params}`;
  });
  return names;
}

/** What is nested in a rule counts inside of it already. */
function scopeRules(within: Container, scope: string): void {
  within.each((node) => {
    if (node.type === "rule") scopeSelectors(node as Rule, scope);
    else if (node.type === "atrule" && !KEYFRAMES.test((node as AtRule).name)) {
      scopeRules(node as AtRule, scope);
    }
  });
}

function scopeSelectors(rule: Rule, scope: string): void {
  rule.selectors = rule.selectors.map((selector) =>
    ROOT.test(selector) ? selector.replace(ROOT, scope) : `${scope} ${selector}`,
  );
}
