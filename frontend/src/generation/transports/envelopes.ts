import { MalformedEvent } from "../members";
import { toJson } from "../to-json";

/** A message of a Connect stream: one byte of flags, four bytes with the length, and JSON. */
interface Envelope {
  readonly isLast: boolean;
  readonly data: string;
}

const HEAD = 5;
const COMPRESSED = 0b01;
const LAST = 0b10;

export function envelope(message: object): Uint8Array<ArrayBuffer> {
  const data = new TextEncoder().encode(toJson(message));
  const bytes = new Uint8Array(HEAD + data.length);
  new DataView(bytes.buffer).setUint32(1, data.length);
  bytes.set(data, HEAD);
  return bytes;
}

/**
 * Yields the envelopes that each read completes. An incomplete one at the end is dropped.
 *
 * @throws MalformedEvent for a compressed envelope, because the request accepts none
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

/** The end of the first envelope, or of its head while that is incomplete. */
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
