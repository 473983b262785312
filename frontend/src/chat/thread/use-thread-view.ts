import { lateModule } from "../../ui/late-module";

export const { load: loadThreadView, useLate: useThreadView } = lateModule(
  () => import("./thread"),
);
