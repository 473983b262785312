/** Proves to the compiler that every case was handled. Throws when the data broke the types. */
export function assertNever(value: never): never {
  throw new Error(`unexpected value: ${JSON.stringify(value)}`);
}
