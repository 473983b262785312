// @vitest-environment jsdom
import { describe, expect, it } from "vitest";
import { commandOf, type Press } from "./shortcut-command";

const press = (key: string, ...held: ("alt" | "ctrl" | "meta" | "shift")[]): Press => ({
  key,
  altKey: held.includes("alt"),
  ctrlKey: held.includes("ctrl"),
  metaKey: held.includes("meta"),
  shiftKey: held.includes("shift"),
  isComposing: false,
});

function box(value: string) {
  const element = document.createElement("textarea");
  element.value = value;
  return element;
}

describe("commandOf", () => {
  it.each([
    [press("O", "ctrl", "shift"), "new-chat"],
    [press("k", "ctrl"), "search"],
    [press("ArrowDown", "alt"), "next"],
    [press("ArrowUp", "alt"), "previous"],
    [press("?", "shift"), "shortcuts"],
    [press("z", "ctrl"), "undo"],
    [press("z", "ctrl", "shift"), null],
    [press("k"), null],
    [press("k", "ctrl", "shift"), null],
    [press("k", "ctrl", "alt"), null],
    [press("o", "ctrl"), null],
    [press("ArrowDown"), null],
    [press("ArrowDown", "alt", "shift"), null],
    [press("ArrowDown", "alt", "ctrl"), null],
    [press("Enter"), null],
  ])("reads %o as %s", (event, command) => {
    expect(commandOf(event, document.body, false)).toBe(command);
  });

  it("takes the command key on a Mac, where Control means something in a text", () => {
    expect(commandOf(press("k", "meta"), document.body, true)).toBe("search");
    expect(commandOf(press("k", "ctrl"), document.body, true)).toBeNull();
    expect(commandOf(press("k", "meta"), document.body, false)).toBeNull();
  });

  it("leaves to a text field what means something in it", () => {
    expect(commandOf(press("?", "shift"), box(""), false)).toBeNull();
    expect(commandOf(press("z", "ctrl"), box(""), false)).toBeNull();
    expect(commandOf(press("ArrowUp", "alt"), box("text"), false)).toBeNull();
    expect(commandOf(press("ArrowUp", "alt"), box(""), false)).toBe("previous");
    expect(commandOf(press("k", "ctrl"), box("text"), false)).toBe("search");
    expect(commandOf({ ...press("k", "ctrl"), isComposing: true }, box("x"), false)).toBeNull();
  });

  it("leaves Alt and an arrow to what they open", () => {
    expect(
      commandOf(press("ArrowDown", "alt"), document.createElement("select"), false),
    ).toBeNull();
  });
});
