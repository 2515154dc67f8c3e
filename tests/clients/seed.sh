#!/bin/sh
# The story of the documents of the first API, told with curl: a job is registered, read, put back, evaluated and deleted; its
# allocations and evaluations are read; and the job that the documents print, which demands two operating systems at once, stays
# unplaced with that reason. The argument is the program, built with the feature `agent`.
set -eu
program=$1
here=$(cd "$(dirname "$0")" && pwd)
folder=$(mktemp -d)
agent=
end() {
    [ -z "$agent" ] || kill "$agent" 2>/dev/null || true
    rm -rf "$folder"
}
trap end EXIT

: > "$folder/log" # It is looked into before the program may have begun.
"$program" agent --dev --bind 127.0.0.1:0 > "$folder/log" &
agent=$!
for _ in $(seq 100); do
    address=$(sed -n 's/.*listening on \(http:[^,]*\),.*/\1/p' "$folder/log")
    [ -z "$address" ] || break
    sleep 0.1
done
[ -n "$address" ] || { echo "the agent did not start"; exit 1; }

# Sends a request and checks the status; the body is in the file `said`.
ask() {
    expected=$1 method=$2 asked=$3
    shift 3
    status=$(curl -s -o "$folder/said" -w '%{http_code}' -X "$method" "$@" "$address$asked")
    [ "$status" = "$expected" ] || { echo "$method $asked: $status: $(cat "$folder/said")"; exit 1; }
}

# Whether the body says something, spaces aside.
says() {
    tr -d ' \n' < "$folder/said" | grep -qF -- "$1" || { echo "it does not say $1: $(cat "$folder/said")"; exit 1; }
}

# Asks until the body says something.
until_says() {
    for _ in $(seq 200); do
        ask 200 GET "$1"
        if tr -d ' \n' < "$folder/said" | grep -qF -- "$2"; then return; fi
        sleep 0.1
    done
    says "$2"
}

path=/v1/job/binstore-storagelocker
ask 404 GET $path
ask 200 PUT $path --data "@$here/seed-placed.json"
for key in EvalID EvalCreateIndex JobModifyIndex; do says "\"$key\":"; done
until_says $path/allocations '"ClientStatus":"running"'
says '"Name":"binstore-storagelocker.binsl[0]"'
until_says $path/evaluations '"Status":"complete"'
says '"TriggeredBy":"job-register"'
says '"Wait":0'
ask 200 GET $path
says '"Hard":true'
index=$(tr -d ' \n' < "$folder/said" | sed -n 's/.*"JobModifyIndex":\([0-9]*\).*/\1/p')

# Putting back what was read is no change.
{ printf '{"Job": '; cat "$folder/said"; printf '}'; } > "$folder/again"
ask 200 PUT $path --data "@$folder/again"
ask 200 GET $path
[ "$index" = "$(tr -d ' \n' < "$folder/said" | sed -n 's/.*"JobModifyIndex":\([0-9]*\).*/\1/p')" ]
ask 200 GET $path/deployments
says '[]'
ask 200 PUT $path/evaluate
says '"EvalID":'

# Deleted, it is gone at once; what it had goes on answering.
ask 200 DELETE $path
ask 404 GET $path
until_says $path/allocations '"DesiredStatus":"stop"'
ask 200 GET $path/evaluations
says '"TriggeredBy":"job-deregister"'

# As it is printed it has nowhere to go.
ask 200 PUT $path --data "@$here/seed-printed.json"
until_says $path/allocations '"DesiredStatus":"failed"'
says '"DesiredDescription":"failedtofindanodeforplacement"'
says '"NodeID":""'
# The allocation that failed is the newest of the list.
id=$(tr '{' '\n' < "$folder/said" | grep '"DesiredStatus":"failed"' | tail -1 | sed -n 's/.*"ID":"\([0-9a-f-]*\)".*/\1/p')
[ -n "$id" ] || id=$(tr ',' '\n' < "$folder/said" | sed -n 's/^.*"ID":"\([0-9a-f-]\{36\}\)".*$/\1/p' | tail -1)
ask 200 GET "/v1/allocation/$id"
says '"CoalescedFailures":4'
says '"kernel.os=windows"'
ask 200 GET /v1/jobs
ask 200 GET /v1/nodes
ask 200 GET /v1/allocations
ask 200 GET /v1/evaluations
ask 200 GET /v1/status/leader
ask 400 PUT /v1/jobs --data '{'
says 'unexpectedEOF'
kill "$agent"
wait "$agent" || { echo "the agent did not end well"; exit 1; }
agent=
echo "the seed documents' story with curl"
