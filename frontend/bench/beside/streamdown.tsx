import { Streamdown } from "streamdown";

/** As it is out of the box: without the plug-in that highlights. */
export default function Plain({ text, isOver }: { text: string; isOver: boolean }) {
  return <Streamdown isAnimating={!isOver}>{text}</Streamdown>;
}
