#!/bin/sh
# Counts the instructions that placing takes, on mixes scaled down. Times vary from run to run, counts
# hardly do, so a slowdown shows. Needs valgrind.
#
#   benches/instructions.sh            prints the table
#   benches/instructions.sh --write    writes it to benches/instructions.txt, to be committed
#   benches/instructions.sh --check    fails if any count is more than 5 % above the committed one
#
# Only what `Cluster::place` and `Cluster::remove_allocation` do is counted. Another compiler gives other
# counts: the first line says which one it was.
set -eu
cd "$(dirname "$0")/.."
TABLE=benches/instructions.txt
MOST_PERCENT=105

command -v valgrind >/dev/null || { echo "skipped: there is no valgrind"; exit 0; }

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT

cargo build --release --features cli --quiet

measure() {
    name=$1
    shift
    valgrind --tool=callgrind --callgrind-out-file=/dev/null --collect-atstart=no \
        --toggle-collect='*Cluster*::place_changing' \
        --toggle-collect='*Cluster*::remove_allocation' \
        target/release/stowplan bench --mix "$name" --json "$@" >"$folder/json" 2>"$folder/log"
    instructions=$(sed -n 's/.*Collected : *\([0-9]*\).*/\1/p' "$folder/log")
    jobs=$(sed -n 's/.*"jobs":\([0-9]*\).*/\1/p' "$folder/json")
    placements=$(sed -n 's/.*"placements":\([0-9]*\).*/\1/p' "$folder/json")
    if [ "${instructions:-0}" -lt 1000 ]; then
        echo "nothing was counted for $name: was a function renamed?" >&2
        exit 1
    fi
    printf '%-12s %9s %11s %14s %16s\n' "$name" "$jobs" "$placements" "$instructions" \
        "$((instructions / (placements + 1)))"
}

table() {
    rustc --version
    printf '%-12s %9s %11s %14s %16s\n' mix jobs placements instructions "per placement"
    measure c1m --nodes 1000 --jobs 100
    measure service --nodes 1000 --jobs 200
    measure rack-spread
    measure trickle --nodes 2000 --jobs 10000
    measure mixed --nodes 1000 --jobs 1000
    measure full --nodes 1000 --jobs 2000
    measure churn --nodes 1000 --jobs 20000
    measure gpu --nodes 1000 --jobs 1000
    measure ports --nodes 1000 --jobs 200
}

case "${1:-}" in
--write)
    table >"$folder/table"
    cp "$folder/table" "$TABLE"
    ;;
--check)
    table >"$folder/table"
    [ "$(head -n 1 "$TABLE")" = "$(rustc --version)" ] ||
        echo "note: the committed table is of another compiler, $(head -n 1 "$TABLE")"
    awk -v most="$MOST_PERCENT" '
        NR == FNR { known[$1] = $4; next }
        FNR > 2 {
            percent = 100 * $4 / known[$1]
            printf "%-12s %14d %14d  %.1f %%\n", $1, known[$1], $4, percent
            if (percent > most) slower = slower " " $1
        }
        END { if (slower) { print "slower by more than 5 %:" slower; exit 1 } }
    ' "$TABLE" "$folder/table"
    ;;
"")
    table
    ;;
*)
    echo "usage: benches/instructions.sh [--write | --check]" >&2
    exit 1
    ;;
esac
