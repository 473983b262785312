import type { AtRule, Container, Plugin, Root, Rule } from "postcss";

/** Selectors of the page's root, which are replaced by the root of the chat. */
const ROOT = /^(?:html|body|:root|:host|#root)(?![\w-])/;
const KEYFRAMES = /^(?:-webkit-)?keyframes$/;

/**
 * Restricts styles to one class: it prefixes all selectors and animation names with the class. It also dissolves cascade
 * layers, keeping their order, because the page's unlayered styles would override them.
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
  const position = ({ params }: AtRule) =>
    order.includes(params) ? order.indexOf(params) : order.length;
  const dissolved = layers
    .filter((layer) => layer.nodes !== undefined)
    .sort((one, other) => position(one) - position(other))
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

/** Rules nested in another rule need no prefix. */
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
