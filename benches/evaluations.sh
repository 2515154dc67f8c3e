#!/bin/sh
# Counts the instructions that evaluations take: of a job of 1,000 with nothing to change, of one that lost
# one of them with its node, of one of 900 that may have no two on a node beside that, of one that is spread
# over 20 racks, and of marking that node down and ready again, on 1,000 nodes and on 100,000.
# Needs valgrind.
#
#   benches/evaluations.sh
#
# What is counted is what `schedule::process` does, and two times `Cluster::upsert_node`, in
# `benches/evaluations.rs`, once each has been done before.
set -eu
cd "$(dirname "$0")/.."
command -v valgrind >/dev/null || { echo "skipped: there is no valgrind"; exit 0; }

target=${CARGO_TARGET_DIR:-benches/target}
cargo bench --quiet --manifest-path benches/Cargo.toml --target-dir "$target" --bench evaluations --no-run
program=$(ls -t "$target"/release/deps/evaluations-* | grep -v '\.d$' | head -n 1)
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT

# What is counted of a benchmark that is run once, and then by how many allocations that is divided. Who
# is started by it has figures too, which are none.
measure() {
    valgrind --tool=callgrind --callgrind-out-file="$folder/out" --collect-atstart=no \
        --toggle-collect="*evaluations*$2*" "$program" --bench --test "$1" >"$folder/log" 2>&1
    instructions=$(sed -n 's/.*Collected : *\([0-9]*\).*/\1/p' "$folder/log" | sort -n | tail -n 1)
    [ "${instructions:-0}" -ge 100 ] || { echo "nothing was counted for $1" >&2; exit 1; }
    printf '%-40s %10s\n' "$1" "$((instructions / $3))"
}

echo 'instructions an allocation'
measure 'evaluations/nothing to change$' process_one 1000
measure 'nodes/its jobs of 1000$' process_one 1000
measure 'nodes/its jobs of 100000$' process_one 1000
measure 'nodes/its jobs, held apart, of 1000$' process_one 900
measure 'nodes/its jobs, held apart, of 100000$' process_one 900
measure 'nodes/its jobs, over racks, of 1000$' process_one 1000
measure 'nodes/its jobs, over racks, of 100000$' process_one 1000
echo 'instructions'
measure 'nodes/marked down of 1000$' mark_down_and_ready 1
measure 'nodes/marked down of 100000$' mark_down_and_ready 1
