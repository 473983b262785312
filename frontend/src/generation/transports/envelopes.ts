import { MalformedEvent } from "../members";

/** A message in Connect's streams: one byte of flags, four of its length, and JSON. */
export interface Envelope {
  /** Whether it ends the response. */
  readonly isLast: boolean;
  readonly data: string;
}

const HEAD = 5;
const COMPRESSED = 0b01;
const LAST = 0b10;

/** Puts a message into an envelope, as the body of a request. */
export function envelope(message: object): Uint8Array<ArrayBuffer> {
  const data = new TextEncoder().encode(JSON.stringify(message));
  const bytes = new Uint8Array(HEAD + data.length);
  new DataView(bytes.buffer).setUint32(1, data.length);
  bytes.set(data, HEAD);
  return bytes;
}

/**
 * The envelopes that each read completes. One that the response ends in the middle of is not delivered.
 *
 * @throws MalformedEvent for a compressed one, which nobody asked for
 */
export async function* readEnvelopes(
  reads: AsyncIterable<Uint8Array>,
): AsyncGenerator<readonly Envelope[]> {
  let bytes = new Uint8Array();
  for await (const read of reads) {
    bytes = joined(bytes, read);
    const envelopes: Envelope[] = [];
    for (let end = endOf(bytes); end <= bytes.length; end = endOf(bytes)) {
      envelopes.push(open(bytes.subarray(0, end)));
      bytes = bytes.subarray(end);
    }
    yield envelopes;
  }
}

/** Where the first envelope ends, as far as that can be told. */
function endOf(bytes: Uint8Array): number {
  if (bytes.length < HEAD) return HEAD;
  return HEAD + new DataView(bytes.buffer, bytes.byteOffset).getUint32(1);
}

function open(bytes: Uint8Array): Envelope {
  const [flags = 0] = bytes;
  if ((flags & COMPRESSED) !== 0) throw new MalformedEvent("a compressed message");
  const data = new TextDecoder().decode(bytes.subarray(HEAD));
  return { isLast: (flags & LAST) !== 0, data };
}

function joined(first: Uint8Array, second: Uint8Array): Uint8Array<ArrayBuffer> {
  const both = new Uint8Array(first.length + second.length);
  both.set(first);
  both.set(second, first.length);
  return both;
}
