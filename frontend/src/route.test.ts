import { expect, it } from "vitest";
import { readRoute } from "./route";

it.each([
  ["/", "", { kind: "chat", conversation: null, message: null }],
  ["/", "#msg_1", { kind: "chat", conversation: null, message: null }],
  ["/c/conv_1", "", { kind: "chat", conversation: "conv_1", message: null }],
  ["/c/conv_1/", "#msg_1", { kind: "chat", conversation: "conv_1", message: "msg_1" }],
  ["/c/a%20b", "#%7e", { kind: "chat", conversation: "a b", message: "~" }],
  ["/c/%", "#%", { kind: "chat", conversation: "%", message: "%" }],
  ["/s/token-1", "", { kind: "shared", token: "token-1" }],
  ["/c/a/b", "", { kind: "chat", conversation: "a/b", message: null }],
  ["/elsewhere", "", { kind: "chat", conversation: null, message: null }],
])("reads %s%s", (path, hash, expected) => {
  expect(readRoute(path, hash, undefined)).toMatchObject(expected);
});
