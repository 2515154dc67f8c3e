#!/bin/sh
# Counts the instructions that a command takes where nobody asks for a snapshot and where somebody does: of clients in
# an engine of 100,000 allocations, never, after one was taken, read and let go, and with one that is as old as the
# first of 1,000 commands; and of a simulated world of 500 nodes, without and with one every 1,000 commands. Needs
# valgrind.
#
#   benches/snapshots.sh
#
# What is counted is what `Engine::apply` and `Engine::advance` do, in `benches/snapshots.rs`.
set -eu
cd "$(dirname "$0")/.."
command -v valgrind >/dev/null || { echo "skipped: there is no valgrind"; exit 0; }

target=${CARGO_TARGET_DIR:-benches/target}
cargo bench --quiet --manifest-path benches/Cargo.toml --target-dir "$target" --bench snapshots --no-run
program=$(ls -t "$target"/release/deps/snapshots-* | grep -v '\.d$' | head -n 1)
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT

# What is counted in a function of a benchmark that is run once, by so many commands.
measure() {
    valgrind --tool=callgrind --callgrind-out-file="$folder/out" --collect-atstart=no \
        --toggle-collect="*snapshots*$2*" "$program" --bench --test "$1\$" >"$folder/log" 2>&1
    instructions=$(sed -n 's/.*Collected : *\([0-9]*\).*/\1/p' "$folder/log" | sort -n | tail -n 1)
    [ "${instructions:-0}" -ge 100000 ] || { echo "nothing was counted for $1" >&2; exit 1; }
    printf '%-40s %10s\n' "$1" "$((instructions / $3))"
}

echo 'instructions a command'
measure 'snapshots/never' tell_next 1000
measure 'snapshots/let go' tell_next 1000
measure 'snapshots/held' tell_next 1000
measure 'a world/without snapshots' tell_part 50000
measure 'a world/with snapshots' tell_part 50000
