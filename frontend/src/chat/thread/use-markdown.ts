import { lateModule } from "../../ui/late-module";

export const { load: loadMarkdown, useLate: useMarkdown } = lateModule(
  () => import("./smoothed-markdown"),
);
