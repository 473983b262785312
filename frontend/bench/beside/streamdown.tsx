import { Streamdown } from "streamdown";

/** Without the plug-in for highlighting, as by default. */
export default function Plain({ text, isOver }: { text: string; isOver: boolean }) {
  return <Streamdown isAnimating={!isOver}>{text}</Streamdown>;
}
