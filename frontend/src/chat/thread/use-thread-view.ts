import { lateModule } from "../../ui/late-module";

export const { load: loadThreadView, useLate: useThreadView } = lateModule(async () => {
  const { Thread } = await import("./thread");
  return Thread;
});
