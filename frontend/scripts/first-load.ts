import { gzipSync } from "node:zlib";
import type { Plugin, Rolldown } from "vite";

/**
 * Fails the build when the script that comes before a new chat can be used, with the side bar, grows over a
 * limit.
 *
 * @param parts - ids of modules that the page fetches at once, besides its entry, by how they end
 * @param limit - bytes, compressed as `gzip -9` does
 */
export function firstLoad(parts: readonly string[], limit: number): Plugin {
  return {
    name: "first-load",
    apply: "build",
    generateBundle: {
      order: "post",
      handler(_options, bundle) {
        const chunks = Object.values(bundle).filter((file) => file.type === "chunk");
        const isFetched = ({ isEntry, facadeModuleId }: Rolldown.OutputChunk) =>
          isEntry || parts.some((part) => facadeModuleId?.endsWith(part));
        const fetched = new Set(chunks.filter(isFetched));
        if (fetched.size !== parts.length + 1)
          this.error(`not all of ${parts.join(", ")} is there`);
        // A set is walked on to what is added meanwhile.
        for (const { imports } of fetched) {
          for (const chunk of chunks) if (imports.includes(chunk.fileName)) fetched.add(chunk);
        }
        const size = [...fetched].reduce(
          (sum, { code }) => sum + gzipSync(code, { level: 9 }).length,
          0,
        );
        const said = `a new chat loads ${inKb(size)} of script, of ${inKb(limit)} at most (gzip -9)`;
        if (size > limit) this.error(said);
        this.info(said);
      },
    },
  };
}

function inKb(bytes: number): string {
  return `${(bytes / 1000).toFixed(1)} kB`;
}
