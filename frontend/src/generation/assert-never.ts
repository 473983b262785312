/** Makes the compiler check that every case is handled. Throws if the data does not match the types. */
export function assertNever(value: never): never {
  throw new Error(`unexpected value: ${JSON.stringify(value)}`);
}
