#!/bin/sh
# Both halves, each reloading when its source changes. Ctrl-C, or the end of either, ends both.
set -eu

PATH="$PWD/.venv/bin:$PATH"
.venv/bin/watchfiles --filter python '.venv/bin/headwater serve' backend/src &
backend=$!
npm --prefix frontend run dev &
frontend=$!

finish() {
    trap '' INT TERM
    kill -TERM "$backend" "$frontend" 2>/dev/null || true
    wait
    exit "$1"
}
trap 'finish 0' INT TERM
while kill -0 "$backend" 2>/dev/null && kill -0 "$frontend" 2>/dev/null; do
    sleep 1 &
    wait $! # a signal is answered at once in wait, not in sleep
done
echo "Headwater: one half has ended; ending the other" >&2
finish 1
