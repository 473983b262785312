import type { MarkedToken, Token, Tokens } from "marked";
import { Fragment, memo, type ReactNode, use } from "react";
import { closeInline } from "../parse/close-inline";
import { decodeEntities } from "../parse/entities";
import type { FootnoteReferenceToken } from "../parse/footnote-syntax";
import type { ElementToken } from "../parse/html-syntax";
import type { MathToken } from "../parse/math-syntax";
import { lexInline, type ReferenceToken } from "../parse/syntax";
import { DocumentContext } from "./document-context";
import { FootnoteReference } from "./footnote";
import { Formula } from "./formula";
import { Link } from "./link";

interface InlineProps {
  readonly text: string;
  /** Whether the text may grow. Its open syntax is then closed for display. */
  readonly unfinished: boolean;
}

/** The text of one block. It is parsed again only when it changes. */
export const Inline = memo(function Inline({ text, unfinished }: InlineProps) {
  return drawInline(lexInline(unfinished ? closeInline(text) : text, unfinished));
});

function drawInline(tokens: readonly Token[]): ReactNode {
  return tokens.map((token, index) => (
    // biome-ignore lint/suspicious/noArrayIndexKey: a token keeps its position
    <Fragment key={index}>{drawToken(token as InlineToken, tokens[index - 1])}</Fragment>
  ));
}

type InlineToken = MarkedToken | ReferenceToken | FootnoteReferenceToken | MathToken | ElementToken;

function drawToken(token: InlineToken, before: Token | undefined): ReactNode {
  switch (token.type) {
    case "text":
    case "escape":
      return decodeEntities(token.text);
    case "strong":
      return <strong>{drawInline(token.tokens)}</strong>;
    case "em":
      return <em>{drawInline(token.tokens)}</em>;
    case "del":
      return <del>{drawInline(token.tokens)}</del>;
    case "codespan":
      return <code>{token.text}</code>;
    case "br":
      return <br />;
    case "element":
      return <token.name>{drawInline(token.tokens)}</token.name>;
    case "link":
      return <Link href={token.href}>{drawInline(token.tokens)}</Link>;
    case "image":
      return <ImageLink image={token} />;
    case "reference":
      return <Reference reference={token} isInWord={/\w$/.test(before?.raw ?? "")} />;
    case "footnote-reference":
      return <FootnoteReference reference={token} />;
    case "math":
      return <Formula tex={token.tex} display={token.display} />;
    default:
      return token.raw;
  }
}

/** An image as a link. It is not loaded, because the request would tell its server who reads the reply. */
function ImageLink({ image }: { image: Tokens.Image }) {
  const name = image.text === "" ? image.href : image.text;
  return <Link href={image.href}>{name}</Link>;
}

interface ReferenceProps {
  readonly reference: ReferenceToken;
  /** Whether it follows a letter, as in `a[i][j]`. */
  readonly isInWord: boolean;
}

/** A link whose definition may still arrive. Without a definition it is rendered as text with its brackets. */
function Reference({ reference, isInWord }: ReferenceProps) {
  const { definitions, isOpen } = use(DocumentContext);
  const text = drawInline(lexInline(reference.text));
  const href = definitions.get(reference.label);
  if (href !== undefined) return <Link href={href}>{text}</Link>;
  const bracket = reference.raw.indexOf("[") + 1;
  const end = reference.raw.slice(bracket + reference.text.length);
  if (isOpen && !isInWord && end !== "]") return text;
  return (
    <>
      {reference.raw.slice(0, bracket)}
      {text}
      {end}
    </>
  );
}
