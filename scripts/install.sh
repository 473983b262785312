#!/bin/sh
# install.sh ARGUMENT...: what `pip install --no-deps ARGUMENT...` does, into .venv.
# uv does in two seconds what takes pip half a minute, but it does not read pip's configuration (a company's
# mirror, for one) and does not exist for every platform: where it cannot, pip does the work.
set -eu

mkdir -p .make
if [ -x .venv/bin/uv ] && UV_SYSTEM_CERTS=1 .venv/bin/uv pip install --quiet --no-config \
    --python .venv/bin/python --no-deps "$@" 2>.make/uv.log; then
    exit 0
fi
exec .venv/bin/python -m pip install --quiet --disable-pip-version-check --no-input --no-compile --no-deps "$@"
