#!/bin/sh
# Print a Python that can make the virtual environment: 3.11 or newer, with venv and pip's installer.
# Tried in this order: $PYTHON, python3, then the versioned names from the newest down.
set -eu

incomplete=
for candidate in ${PYTHON:+"$PYTHON"} python3 python3.14 python3.13 python3.12 python3.11; do
    # Asked, not only looked for: version managers leave names behind that do not run.
    "$candidate" -c 'import sys; sys.exit(sys.version_info < (3, 11))' >/dev/null 2>&1 || continue
    if "$candidate" -c 'import ensurepip, venv' >/dev/null 2>&1; then
        printf '%s\n' "$candidate"
        exit 0
    fi
    incomplete=${incomplete:-$candidate}
done

if [ -n "$incomplete" ]; then
    version=$("$incomplete" -c 'import sys; print("%d.%d" % sys.version_info[:2])')
    echo "Headwater: $incomplete cannot make virtual environments; on Debian or Ubuntu: apt-get install python$version-venv" >&2
else
    echo "Headwater: needs Python 3.11 or newer; install it (Debian, Ubuntu: python3 and python3-venv; macOS: brew install python) or name one: make PYTHON=/path/to/python3" >&2
fi
exit 1
