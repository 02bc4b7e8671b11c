# shellcheck shell=bash
# standin.bash - the broker that gateway stand-ins log in to, for *.bats here. Needs lib.bash.
#
# A test starts it with broker_start, says with broker_account how it is to treat a user (at any
# time, also while gateways run), and asks with broker_stats what was done to the account. The
# expected password is known to the broker alone: no image holds it.

BROKER_ADDRESS=10.214.0.1
BROKER_PORT=4000

# A bare ! cannot fail a test.
not() {
    ! "$@"
}

# Start the broker with its files in directory $1: in the network of the tests' own Docker daemon,
# where every container reaches it through its bridge, or with `loopback` as $2 on this machine's.
broker_start() {
    local tries
    BROKER_DIRECTORY=$1
    export BROKER_DIRECTORY
    mkdir -p "$1/accounts"
    rm -f "$1/address"
    if [ "${2:-}" = loopback ]; then
        "$BUILD/standin/ib-broker" 127.0.0.1 0 "$1" >"$1/log" 2>&1 </dev/null 3>&- &
    else
        in_dockerd_network "$DOCKER_DIRECTORY" ip address replace "$BROKER_ADDRESS/32" dev lo
        in_dockerd_network "$DOCKER_DIRECTORY" "$BUILD/standin/ib-broker" "$BROKER_ADDRESS" \
            "$BROKER_PORT" "$1" >"$1/log" 2>&1 </dev/null 3>&- &
    fi
    for ((tries = 0; tries < 100; tries++)); do
        [ ! -e "$1/address" ] || return 0
        sleep 0.05
    done
    cat "$1/log"
    return 1
}

# The process id of the broker; fails when it does not run.
broker_pid() {
    local pid
    pid=$(cat "$BROKER_DIRECTORY/pid" 2>/dev/null) || return 1
    grep -qzxF -- "$BROKER_DIRECTORY" "/proc/$pid/cmdline" 2>/dev/null || return 1
    printf '%s\n' "$pid"
}

# Stop it; fails when it had ended by itself, which it does at any surprise.
broker_stop() {
    local pid
    if ! pid=$(broker_pid); then
        cat "$BROKER_DIRECTORY/log"
        return 1
    fi
    as_root kill "$pid"
    while broker_pid >/dev/null; do
        sleep 0.02
    done
}

# From now on the username $1 logs in with the password $2, and is treated as the other arguments
# say: NAME=VALUE, by tests/standin/broker_account.h. For example
#   broker_account paperuser1 passw0rd rejection=failed answers=drop,drop,accept
broker_account() {
    local file=$BROKER_DIRECTORY/accounts/$1 setting
    {
        printf 'password %s\n' "$(printf '%s' "$2" | xxd -p | tr -d '\n')"
        shift 2
        for setting in "$@"; do
            printf '%s %s\n' "${setting%%=*}" "${setting#*=}"
        done
    } >"$file.new"
    mv "$file.new" "$file"
}

# What was done to the account of username $1, as JSON: attempts, failures, inside_wait (attempts
# that came before a printed wait was over), at_once (most logins and sessions at one time), locked,
# locks, a count of each outcome, and the history of attempts. Further arguments: a filter of jq.
broker_stats() {
    local user=$1
    shift
    jq -r --arg user "$user" '.[$user] // {attempts: 0, failures: 0, consecutive: 0,
        inside_wait: 0, at_once: 0, locked: false, locks: 0, history: []}' \
        "$BROKER_DIRECTORY/stats.json" | jq -r "${@:-.}"
}

# Wait until the filter $2 of jq holds for the stats of username $1, $3 seconds at most (10).
broker_waits() {
    local tries
    for ((tries = 0; tries < ${3:-10} * 20; tries++)); do
        ! broker_stats "$1" -e "$2" >/dev/null || return 0
        sleep 0.05
    done
    broker_stats "$1"
    return 1
}

# Write the files of a stand-in that logs in to the broker into directory $1. The other arguments
# are its settings: NAME=VALUE, by tests/standin/settings.h.
standin_files() {
    local directory=$1 setting
    shift
    mkdir -p "$directory"
    cp "$BROKER_DIRECTORY/address" "$directory/broker"
    for setting in "$@"; do
        printf '%s %s\n' "${setting%%=*}" "${setting#*=}"
    done >"$directory/settings"
}

# Make the gateway's image (or one of name $1) with a stand-in that logs in to the broker. The other
# arguments are its settings, as above:
#   gateway_image_with_broker cold_restart_ms=200
gateway_image_with_broker() {
    local name=$GATEWAY_IMAGE image
    case ${1:-} in
    '' | *=*) ;;
    *) name=$1 && shift ;;
    esac
    image=$(mktemp -d "${BATS_TEST_TMPDIR:-$BATS_FILE_TMPDIR}/image.XXXXXX")
    chmod 755 "$image"
    standin_files "$image/standin" "$@"
    cp "$BUILD/standin/ib-gateway" "$image/"
    tar -C "$image" -c . | docker import --change 'ENTRYPOINT ["/ib-gateway"]' \
        --change 'USER 1000:1000' - "$name" >/dev/null
}
