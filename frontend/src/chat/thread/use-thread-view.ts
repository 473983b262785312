import { lateModule } from "../../ui/late-module";

/** What draws the messages of a conversation. */
export const { load: loadThreadView, useLate: useThreadView } = lateModule(async () => {
  const { Thread } = await import("./thread");
  return Thread;
});
