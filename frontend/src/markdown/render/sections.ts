/** How many groups of blocks, list items or table rows a section has. */
export const SECTION_SIZE = 32;

/** Splits into sections; there is always at least one. */
export function inSections<T>(items: readonly T[]): readonly (readonly T[])[] {
  const count = Math.max(1, Math.ceil(items.length / SECTION_SIZE));
  return Array.from({ length: count }, (_, index) =>
    items.slice(index * SECTION_SIZE, (index + 1) * SECTION_SIZE),
  );
}

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
