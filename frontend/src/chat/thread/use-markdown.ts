import { lateModule } from "../../ui/late-module";

export const { load: loadMarkdown, useLate: useMarkdown } = lateModule(async () => {
  const { SmoothedMarkdown } = await import("./smoothed-markdown");
  return SmoothedMarkdown;
});
