import { gzipSync } from "node:zlib";
import type { Plugin, Rolldown } from "vite";

/**
 * Fails the build if the script that a new chat and the side bar need exceeds a limit.
 *
 * @param parts - the ends of the ids of modules that the page loads at once, besides its entry
 * @param limit - bytes, compressed like `gzip -9`
 */
export function firstLoad(parts: readonly string[], limit: number): Plugin {
  return {
    name: "first-load",
    apply: "build",
    generateBundle: {
      order: "post",
      handler(_options, bundle) {
        const chunks = Object.values(bundle).filter((file) => file.type === "chunk");
        const isLoaded = ({ isEntry, facadeModuleId }: Rolldown.OutputChunk) =>
          isEntry || parts.some((part) => facadeModuleId?.endsWith(part));
        const loaded = new Set(chunks.filter(isLoaded));
        if (loaded.size !== parts.length + 1)
          this.error(`not all of ${parts.join(", ")} is in the bundle`);
        // The iteration of a set includes chunks that are added meanwhile.
        for (const { imports } of loaded) {
          for (const chunk of chunks) if (imports.includes(chunk.fileName)) loaded.add(chunk);
        }
        const size = [...loaded].reduce(
          (sum, { code }) => sum + gzipSync(code, { level: 9 }).length,
          0,
        );
        const message = `a new chat loads ${inKb(size)} of script, of ${inKb(limit)} at most (gzip -9)`;
        if (size > limit) this.error(message);
        this.info(message);
      },
    },
  };
}

function inKb(bytes: number): string {
  return `${(bytes / 1000).toFixed(1)} kB`;
}
