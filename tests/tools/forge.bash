# shellcheck shell=bash
# forge.bash - forge_server.py started and looked at, for *.bats. A forge is a directory.

FORGE_SERVER=${BASH_SOURCE[0]%/*}/forge_server.py

# forge_start DIRECTORY TOKEN [OPTION…] - and wait until it listens. forge_port says where.
forge_start() {
    local directory=$1
    mkdir -p "$directory"
    printf '%s\n' "$2" >"$directory/token"
    shift 2
    "$FORGE_SERVER" "$directory" "$@" >"$directory/server.log" 2>&1 3>&- &
    echo $! >"$directory/pid"
    for _ in $(seq 400); do
        [ -e "$directory/port" ] && return
        sleep 0.05
    done
    cat "$directory/server.log"
    return 1
}

# forge_stop DIRECTORY - fails where the server itself did something wrong.
forge_stop() {
    kill "$(cat "$1/pid")"
    [ ! -s "$1/server.log" ] || { cat "$1/server.log" && return 1; }
}

forge_port() {
    cat "$1/port"
}

# forge_fails DIRECTORY LINE… - what it is to do wrong next, see forge_server.py.
forge_fails() {
    local directory=$1
    shift
    printf '%s\n' "$@" >"$directory/faults"
}

# forge_kept DIRECTORY PATH [FIELD] - what is there now: the value, or whatever else is known of it.
forge_kept() {
    jq -rn --arg path "$2" --arg field "${3:-value}" \
        '[inputs | select(.path == $path)] | last | .[$field]' "$1/kept.jsonl"
}

# forge_requests DIRECTORY - "METHOD STATUS" of each request, on one line.
forge_requests() {
    jq -r '"\(.method) \(.status)"' "$1/log.jsonl" 2>/dev/null | paste -sd, -
}
