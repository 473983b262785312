import { BASE_PATH } from "./own-server";

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
  const read = (name: string) => attempt((storage) => storage.getItem(keyOf(name)), null);
  return {
    read,
    readJson: (name) => attempt(() => JSON.parse(read(name) ?? "null"), null),
    write: (name, value) =>
      attempt(
        (storage) =>
          value === null ? storage.removeItem(keyOf(name)) : storage.setItem(keyOf(name), value),
        undefined,
      ),
    names: () =>
      attempt(
        (storage) =>
          Array.from({ length: storage.length }, (_, index) => storage.key(index) ?? "")
            .filter((key) => key.startsWith(BASE_PATH))
            .map((key) => key.slice(BASE_PATH.length)),
        [],
      ),
  };
}

/** The key of a name. Browsers share their storage among all servers of a host, whose pages differ in their paths. */
export function keyOf(name: string): string {
  return BASE_PATH + name;
}

export const localStore = browserStorage(() => localStorage);

export const sessionStore = browserStorage(() => sessionStorage);
