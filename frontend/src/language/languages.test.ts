import { readdirSync, readFileSync } from "node:fs";
import { describe, expect, it, vi } from "vitest";
import { english, makeLanguage, partsOf } from "./language";
import { chooseLanguage, LANGUAGES, loadLanguage } from "./languages";
import { en } from "./languages/en";
import { nameOf } from "./name-of";
import type { Key, Text, Translation } from "./translation";

const files = import.meta.glob<{ default: Translation }>(
  ["./languages/*.ts", "!./languages/en.ts"],
  { eager: true },
);
const translations = Object.entries(files).map(
  ([path, file]) => [path.replace(/^.*\/|\.ts$/g, ""), file.default] as const,
);

const formsOf = (text: Text) => (typeof text === "string" ? [text] : Object.values(text));
const namesIn = (text: string) => partsOf(text).filter((_part, index) => index % 2 === 1);
const namesOf = (text: Text) => new Set(formsOf(text).flatMap(namesIn));
const keys = Object.keys(en) as Key[];

describe.each(translations)("the language %s", (code, { texts, server }) => {
  it("has every string and no other", () => {
    expect(Object.keys(texts)).toEqual(keys);
    const blank = keys.filter((key) => formsOf(texts[key]).some((form) => form.trim() === ""));
    expect(blank).toEqual([]);
  });

  it("fills in everything that English fills in", () => {
    for (const key of keys) expect([key, namesOf(texts[key])]).toEqual([key, namesOf(en[key])]);
  });

  it("has every plural form that its language has", () => {
    const { pluralCategories } = new Intl.PluralRules(code).resolvedOptions();
    for (const key of keys) {
      const text = texts[key];
      if (typeof en[key] === "string") expect([key, typeof text]).toEqual([key, "string"]);
      else expect([key, Object.keys(text).sort()]).toEqual([key, [...pluralCategories].sort()]);
    }
  });

  it("quotes the server's own words at most", () => {
    for (const text of Object.values(server)) {
      expect(text).not.toBe("");
      expect(namesIn(text).every((name) => name === "detail")).toBe(true);
    }
  });

  it("is not English", () => {
    const same = keys.filter((key) => JSON.stringify(texts[key]) === JSON.stringify(en[key]));
    // Units and words that are the same in both languages.
    const isSentence = (form: string) => /\w{3} \w{3}/.test(form.replace(/\{\w+\}/g, ""));
    expect(same.filter((key) => formsOf(en[key]).some(isSentence))).toEqual([]);
  });
});

describe("languages", () => {
  it("are three", () => {
    expect(LANGUAGES).toEqual(["de", "en", "ja"]);
    expect(LANGUAGES.map(nameOf)).toEqual(["Deutsch", "English", "日本語"]);
  });

  it.each([
    [null, ["fr-FR", "de-AT", "en"], "de", "de-AT"],
    [null, ["ja", "en"], "ja", "ja"],
    [null, ["fr"], "en", "en"],
    [null, [], "en", "en"],
    ["ja", ["de"], "ja", "ja"],
    ["en", ["de", "en-GB"], "en", "en-GB"],
    ["xx", ["de"], "de", "de"],
  ])("%j before %j is %s, written as in %s", (chosen, preferred, code, locale) => {
    expect(chooseLanguage(chosen, preferred)).toEqual({ code, locale });
  });

  it("are fetched as the browser prefers them", async () => {
    vi.stubGlobal("navigator", { languages: ["de-CH"] });
    const language = await loadLanguage(null);
    expect(language.say("newChat")).toBe("Neuer Chat");
    expect(language.say("imported", { count: 1234 })).toBe(
      "1'234 Unterhaltungen wurden importiert.",
    );
    vi.unstubAllGlobals();
  });
});

describe("makeLanguage", () => {
  it("chooses between plural forms, and writes numbers as its language does", () => {
    expect(english.say("imported", { count: 1 })).toBe("One conversation was imported.");
    expect(english.say("imported", { count: 12_000 })).toBe("12,000 conversations were imported.");
    const polish = {
      one: "plik",
      few: "{count} pliki",
      many: "{count} plików",
      other: "{count} pliku",
    };
    const { say } = makeLanguage("pl", { ...en, imported: polish });
    expect([1, 3, 5, 1.5].map((count) => say("imported", { count }))).toEqual([
      "plik",
      "3 pliki",
      "5 plików",
      "1,5 pliku",
    ]);
  });
});

describe("the page", () => {
  /** Text between tags and in visible or spoken attributes. */
  const WORDS =
    /(?:>|\}) *([A-Z][a-z]+(?: [a-z]+)*[.…?!]?)\s*(?:<|\{)|(?:aria-label|title|placeholder|label|name|about)="([^"]*[A-Za-z]{2} ?[^"]*)"/g;
  const NAMES = new Set(["Headwater"]);
  const FIELDS = new Set(["system", "temperature", "max_tokens"]);

  it("says nothing that is not in the languages' files", () => {
    const sources = readdirSync("src", { recursive: true, encoding: "utf-8" }).filter(
      (path) => path.endsWith(".tsx") && !/test|testing/.test(path),
    );
    expect(sources.length).toBeGreaterThan(50);
    const literals = sources.flatMap((path) =>
      [...readFileSync(`src/${path}`, "utf-8").matchAll(WORDS)]
        .map(([, between, within]) => between ?? within ?? "")
        .filter((words) => !NAMES.has(words) && !FIELDS.has(words))
        .map((words) => `${path}: ${words}`),
    );
    expect(literals).toEqual([]);
  });
});
