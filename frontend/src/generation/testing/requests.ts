import type { NewChatRequest, ReplyRequest } from "../transport";

/** The first message of a conversation, with the ids of golden logs and simulated servers. */
export const HELLO: NewChatRequest = {
  message: "hello",
  ids: { conversation: "conv_1", message: "msg_1", reply: "msg_2", generation: "gen_1" },
};

/** Another reply to that message. */
export const ANOTHER_REPLY: ReplyRequest = {
  conversation: "conv_1",
  to: "msg_1",
  model: "scripted/echo",
  ids: { reply: "msg_3", generation: "gen_2" },
};
