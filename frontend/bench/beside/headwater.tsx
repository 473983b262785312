import { Markdown } from "../../src/markdown/markdown";

export default function Headwater({ text, isOver }: { text: string; isOver: boolean }) {
  return <Markdown text={text} end={isOver ? "complete" : "open"} />;
}
