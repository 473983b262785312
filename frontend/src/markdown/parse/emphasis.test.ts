import { Parser } from "commonmark";
import fc from "fast-check";
import type { Token } from "marked";
import { describe, expect, it } from "vitest";
import { lexInline } from "./syntax";

const MARKS: Record<string, string> = { em: "/", emph: "/", strong: "!", del: "-" };

/** Emphasis as markers around its text. */
function marked(tokens: readonly Token[]): string {
  return tokens
    .map((token) => {
      const mark = MARKS[token.type] ?? "";
      const text = "tokens" in token ? marked(token.tokens ?? []) : token.raw;
      return mark + text + mark;
    })
    .join("");
}

const drawn = (text: string, isOpen = false) => marked(lexInline(text, isOpen));

/** What the reference implementation of CommonMark reads, in the same form. */
function byReference(text: string): string {
  let read = "";
  const walker = new Parser().parse(`x ${text} x`).walker();
  for (let step = walker.next(); step !== null; step = walker.next()) {
    read += step.node.literal ?? MARKS[step.node.type] ?? "";
  }
  return read.slice(2, -2);
}

describe("emphasis", () => {
  it("follows CommonMark's rules between ASCII letters", () => {
    const ascii = fc.string({ unit: fc.constantFrom(..."**__ab  .("), maxLength: 14 });
    fc.assert(
      fc.property(ascii, (text) => {
        // CommonMark has no "**Note:**next".
        fc.pre(!/[.]\*\*+\w/.test(text));
        expect(drawn(text)).toBe(byReference(text));
      }),
      { numRuns: 2000 },
    );
  });

  it.each([
    ["**문서(Docs)**를 보세요", "!문서(Docs)!를 보세요"],
    ['그것은 **"중요"**하다', '그것은 !"중요"!하다'],
    ["**C#**은 **90%**이다", "!C#!은 !90%!이다"],
    ["**`a`**는", "!`a`!는"],
    ["那是**英文(xyz)**的词", "那是!英文(xyz)!的词"],
    ["**提示:**请读，*“是”*的", "!提示:!请读，/“是”/的"],
    ["これは**「大切」**です", "これは!「大切」!です"],
    ["これは**(例)**です", "これは!(例)!です"],
    ["**Tip:**read **(this)**now", "!Tip:!read !(this)!now"],
    ["f(*args, **kwargs), g(**kwargs)", "f(*args, **kwargs), g(**kwargs)"],
    ["src/**/*.ts and x", "src/**/*.ts and x"],
    ["~~gone~~, ~5 to ~6, H~2~O", "-gone-, ~5 to ~6, H~2~O"],
    ["*a $x*y$ b* and **a `b**` c**", "/a $x*y$ b/ and !a `b**` c!"],
    ["a_b_c __x__ ***both***", "a_b_c !x! /!both!/"],
  ])("is read: %s", (text, expected) => {
    expect(drawn(text)).toBe(expected);
  });

  it("reaches to the end of an open text, and adds nothing to it", () => {
    expect(drawn("so **very *much", true)).toBe("so !very /much/!");
    expect(drawn("a ***b* c", true)).toBe("a !/b/ c!");
    expect(drawn("a ** b", true)).toBe("a ** b");
    const noise = fc.string({ unit: fc.constantFrom(..."**__~~ab .[]()`$!"), maxLength: 20 });
    fc.assert(
      fc.property(noise, (text) => {
        expect(
          lexInline(text, true)
            .map(({ raw }) => raw)
            .join(""),
        ).toBe(text);
      }),
    );
  });

  it("is text where it is nested too deeply", () => {
    const open = "*a ".repeat(3_000);
    expect(drawn(open, true).match(/\*/g)?.length).toBeGreaterThan(2_900);
    expect(drawn(`${open}${"b*".repeat(3_000)}`).match(/\*/g)?.length).toBeGreaterThan(5_800);
  });
});
