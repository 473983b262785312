#!/bin/sh
# Install the model that runs inside the server. Where it cannot run, say so in one line and go on:
# Headwater then answers with the scripted provider, or with a model server of yours.
set -eu

cannot() {
    echo "Headwater: the local model cannot run here ($1); the scripted provider answers instead."
    exit 0
}

mkdir -p .make
if ! sh scripts/install.sh --only-binary :all: --require-hashes -r backend/requirements-local.lock 2>.make/local-model.log; then
    # A platform without a wheel stays so; a network that failed may be back for the next try.
    if grep -q 'No matching distribution' .make/local-model.log &&
        ! grep -qi 'connection\|timed out\|Retrying' .make/local-model.log; then
        cannot 'its packages have no build for this platform'
    fi
    cat .make/local-model.log >&2
    exit 1
fi
problem=$(.venv/bin/python -c 'import xllamacpp' 2>&1) ||
    cannot "$(printf '%s' "$problem" | tail -n 1)"
