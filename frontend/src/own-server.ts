/** The path below which the page is served, such as `/chat`; empty at the root. A built page is in `assets/` below it. */
export const BASE_PATH =
  import.meta.env.BASE_URL === "/"
    ? ""
    : new URL("..", import.meta.url).pathname.replace(/\/$/, "");

/** The address of a path of the server that the page is from. */
export function address(path: string): string {
  return BASE_PATH + path;
}

/** A `fetch` for paths of the server that the page is from. */
export const ownServer: typeof fetch = (path, init) => fetch(`${BASE_PATH}${path}`, init);
