/** How many groups of blocks, items of a list or rows of a table are drawn as one. */
export const SECTION_SIZE = 32;

/** Cuts groups, items or rows into sections, of which there is at least one. */
export function inSections<T>(items: readonly T[]): readonly (readonly T[])[] {
  const count = Math.max(1, Math.ceil(items.length / SECTION_SIZE));
  return Array.from({ length: count }, (_, index) =>
    items.slice(index * SECTION_SIZE, (index + 1) * SECTION_SIZE),
  );
}

/** Whether two sections say the same. */
export function sameSection<T>(
  one: readonly T[],
  other: readonly T[],
  isSame: (one: T, other: T) => boolean,
): boolean {
  return (
    one.length === other.length &&
    one.every((item, index) => {
      const counterpart = other[index];
      return counterpart !== undefined && isSame(item, counterpart);
    })
  );
}
