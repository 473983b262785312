import { memo } from "react";

/** Plain text without parsing: measures what the browser itself needs. */
export default function Paragraphs({ text }: { text: string }) {
  return text.split("\n\n").map((paragraph, index) => <Paragraph key={index} text={paragraph} />);
}

const Paragraph = memo(function Paragraph({ text }: { text: string }) {
  return <p className="mt-4 whitespace-pre-wrap">{text}</p>;
});
