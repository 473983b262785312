import { describe, expect, it } from "vitest";
import { everyCut, html, visible } from "./testing/drawn";

const links = (text: string) => [...html(text).matchAll(/href="([^"]*)"/g)].map(([, href]) => href);

describe("a bare URL", () => {
  const url = "https://example.org/a/b?c=d";

  it.each([
    "，然后",
    "。",
    "）",
    "」",
    "、and",
    "：",
    "을 보세요",
    "입니다.",
    "を見て",
    "的内容",
    "”",
    "？好",
    "！",
    "…",
  ])("ends before what follows it without a space: %s", (rest) => {
    expect(links(`看${url}${rest}`)).toEqual([url]);
    expect(links(`（https://example.org${rest}`)).toEqual(["https://example.org/"]);
    expect(links(`www.example.org${rest}`)).toEqual(["http://www.example.org/"]);
    expect(visible(`看${url}${rest}`)).toContain(`看${url}${rest}`);
  });

  it("has the letters that its own path and query begin with", () => {
    const [path, query] = ["https://zh.example.org/wiki/中文", "https://example.org/a?q=한국어"];
    expect(links(`${path} ${query}`)).toEqual([new URL(path).href, new URL(query).href]);
    expect(links("https://example.org/a_(b). And https://example.org/c, d")).toEqual([
      "https://example.org/a_(b)",
      "https://example.org/c",
    ]);
  });
});

describe("the few tags that are elements", () => {
  it.each([
    ["one<br>two<br/>three<br />four<BR>five", "one<br/>two<br/>three<br/>four<br/>five"],
    ["CO<sub>2</sub>, y<sup>*n*</sup>", "CO<sub>2</sub>, y<sup><em>n</em></sup>"],
    [
      "<kbd>Alt</kbd> **a<br>b** <SUB>c</SUB>",
      "<kbd>Alt</kbd> <strong>a<br/>b</strong> <sub>c</sub>",
    ],
    ["<sup>a<sup>b</sup></sup>", "<sup>a<sup>b</sup></sup>"],
  ])("are drawn: %s", (text, drawn) => {
    expect(html(text)).toContain(drawn);
    for (const cut of everyCut(text)) expect(visible(cut, "open")).not.toMatch(/[<>]/);
  });

  it("are drawn in cells", () => {
    const drawn = html("| a | b |\n|---|---|\n| x<br>y | H<sub>2</sub>O |");
    expect(drawn).toContain("<td>x<br/>y</td><td>H<sub>2</sub>O</td>");
  });

  it.each([
    "<b>a</b> <u>b</u> <span>c</span>",
    "<ul><li>a</li></ul>",
    "<sub class=x>a</sub> <kbd onclick=alert(1)>b</kbd> <br class=x>",
    "a <sub>never closed, </sup> never opened",
    "`<br>` and `<sub>a</sub>` and \\<br>",
    "Write <details> for it.",
    "<details open>\n\na\n\n</details>",
    "<details> is a tag.",
  ])("and all else is text: %s", (text) => {
    expect(html(text)).not.toMatch(/<(?:b|u|span|ul|sub|sup|kbd|br|details)\b/);
    const written = text.replace(/[`\\]|\s/g, "");
    expect(visible(text).replace(/\s/g, "")).toBe(written);
  });

  it("fold details under their summary", () => {
    const text =
      "<details>\n<summary>The *whole* log</summary>\n\n- a\n\n```sh\nls\n```\n</details>\n\nAfter.";
    const drawn = html(text);
    expect(drawn).toMatch(/<details><summary>The <em>whole<\/em> log<\/summary>.*<li>a.*<pre/s);
    expect(drawn).toMatch(/<\/details>.*<p>After\.<\/p>/s);
    for (const cut of everyCut(text)) {
      expect(visible(cut, "open"), cut).not.toMatch(/<|summary|details/);
      expect(html(cut, "open").split("typing-cursor")).toHaveLength(3);
    }
    expect(html("- a\n\n  <details><summary>b</summary>\n\n  c\n\n  </details>\n- d")).toMatch(
      /<li><p>a<\/p><details><summary>b<\/summary><p>c<\/p><\/details>/,
    );
    expect(html("<details>\n\nnever closed")).toContain("<details><p>never closed</p></details>");
  });
});
