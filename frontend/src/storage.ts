/** A browser storage whose methods do nothing if it is full or disabled. */
export interface BrowserStorage {
  read(name: string): string | null;
  /** Null if the value is missing or not JSON. */
  readJson(name: string): unknown;
  /** Null removes the value. */
  write(name: string, value: string | null): void;
  names(): readonly string[];
}

/** @param open - may throw, because browsers can disable storage */
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

export const localStore = browserStorage(() => localStorage);

export const sessionStore = browserStorage(() => sessionStorage);
