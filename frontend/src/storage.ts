/** What the browser keeps of the page. Where it is full or told to keep nothing, nothing is there. */
export interface BrowserStorage {
  read(name: string): string | null;
  /** Anything that was written as JSON; null if it is none. */
  readJson(name: string): unknown;
  /** Null removes it. What cannot be kept lives as long as the page. */
  write(name: string, value: string | null): void;
  names(): readonly string[];
}

/** @param open - may throw, as where the storage is forbidden */
export function browserStorage(open: () => Storage): BrowserStorage {
  const attempt = <T>(use: (storage: Storage) => T, otherwise: T): T => {
    try {
      return use(open());
    } catch {
      return otherwise;
    }
  };
  const read = (name: string) => attempt((storage) => storage.getItem(name), null);
  return {
    read,
    readJson: (name) => attempt((storage) => JSON.parse(storage.getItem(name) ?? "null"), null),
    write: (name, value) =>
      attempt(
        (storage) => (value === null ? storage.removeItem(name) : storage.setItem(name, value)),
        undefined,
      ),
    names: () =>
      attempt(
        (storage) => Array.from({ length: storage.length }, (_, index) => storage.key(index) ?? ""),
        [],
      ),
  };
}

/** Kept until somebody clears it, and shared by all tabs. */
export const localStore = browserStorage(() => localStorage);

/** Kept over reloads, for this tab alone. */
export const sessionStore = browserStorage(() => sessionStorage);
