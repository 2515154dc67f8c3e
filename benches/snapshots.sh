#!/bin/sh
# Counts the instructions that a command of a client takes in an engine of 100,000 allocations: where nobody ever asked
# for a snapshot, where one was taken, read and let go before, and where one is held that is taken every 1,000
# commands. Needs valgrind.
#
#   benches/snapshots.sh
#
# What is counted is what `Engine::apply` and `Engine::advance` do for 1,000 commands, in `benches/snapshots.rs`.
set -eu
cd "$(dirname "$0")/.."
command -v valgrind >/dev/null || { echo "skipped: there is no valgrind"; exit 0; }

target=${CARGO_TARGET_DIR:-benches/target}
cargo bench --quiet --manifest-path benches/Cargo.toml --target-dir "$target" --bench snapshots --no-run
program=$(ls -t "$target"/release/deps/snapshots-* | grep -v '\.d$' | head -n 1)
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT

echo 'instructions a command'
for name in never 'let go' held; do
    valgrind --tool=callgrind --callgrind-out-file="$folder/out" --collect-atstart=no \
        --toggle-collect='*snapshots*tell_next*' "$program" --bench --test "snapshots/$name\$" >"$folder/log" 2>&1
    instructions=$(sed -n 's/.*Collected : *\([0-9]*\).*/\1/p' "$folder/log" | sort -n | tail -n 1)
    [ "${instructions:-0}" -ge 100000 ] || { echo "nothing was counted for $name" >&2; exit 1; }
    printf '%-40s %10s\n' "$name" "$((instructions / 1000))"
done
