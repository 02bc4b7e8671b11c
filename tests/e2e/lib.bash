# shellcheck shell=bash
# lib.bash - a Docker daemon, a gateway stand-in and a project as its user has it, for *.bats here.

ROOT=$(cd "${BASH_SOURCE[0]%/*}/../.." && pwd)
BUILD=${BUILD:-$ROOT/build}
IBCRED=${IBCRED:-$BUILD/ibcred}
GATEWAY_IMAGE=ghcr.io/gnzsnz/ib-gateway:latest

# shellcheck source=scripts/lib/common.sh
. "$ROOT/scripts/lib/common.sh"
# shellcheck source=scripts/lib/dockerd.sh
. "$ROOT/scripts/lib/dockerd.sh"

# Start the daemon for all tests of a file. Where none can run, CI fails and others skip.
start_docker() {
    DOCKER_DIRECTORY=$(mktemp -d /tmp/ibcred-docker.XXXXXX)
    export DOCKER_DIRECTORY
    DOCKER_HOST=unix://$(dockerd_socket "$DOCKER_DIRECTORY")
    export DOCKER_HOST
    enter_network_with_ibcred
    if ! dockerd_start "$DOCKER_DIRECTORY"; then
        [ "${CI:-}" != true ] || return 1
        export NO_DOCKER=1
    fi
}

# Daemon and ibcred share a machine and so a network, which the daemon has here for itself: $IBCRED
# goes in there, as the same process. (Only root can.)
enter_network_with_ibcred() {
    [ "$(id -u)" = 0 ] || return 0
    cat >"$DOCKER_DIRECTORY/ibcred" <<WRAPPER
#!/bin/sh
pid=\$(cat "$DOCKER_DIRECTORY/pid" 2>/dev/null) || exec "$IBCRED" "\$@"
exec nsenter --net="/proc/\$pid/ns/net" -- "$IBCRED" "\$@"
WRAPPER
    chmod +x "$DOCKER_DIRECTORY/ibcred"
    export IBCRED=$DOCKER_DIRECTORY/ibcred
}

stop_docker() {
    dockerd_stop "$DOCKER_DIRECTORY"
}

# Every file here has its own daemon.
setup_file() {
    start_docker
}

teardown_file() {
    stop_docker
}

# Make the gateway's image: a stand-in that lets in this username with this password, no other.
gateway_expects() {
    local image=$BATS_TEST_TMPDIR/image
    mkdir -p "$image/standin"
    cp "$BUILD/standin/ib-gateway" "$image/"
    printf '%s' "$1" >"$image/standin/username"
    printf '%s' "$2" >"$image/standin/password"
    tar -C "$image" -c . | docker import --change 'ENTRYPOINT ["/ib-gateway"]' \
        --change 'USER 1000:1000' - "$GATEWAY_IMAGE" >/dev/null
}

# Go into a new directory that holds the project $1 (spreadpilot, gnzsnz) as its user has it, with
# our file $2 laid beside it as the override (docker-compose.env-file.yml where none is named), and
# let ibcred keep everything of its own in there too.
enter_project() {
    PROJECT=$BATS_TEST_TMPDIR/$1
    mkdir -p "$PROJECT"
    cp -r "$ROOT/tests/e2e/$1/." "$PROJECT/"
    cp "$ROOT/${2:-docker-compose.env-file.yml}" "$PROJECT/docker-compose.override.yml"
    cd "$PROJECT" || return 1
    RUNTIME=$(make_tmpfs_directory)
    export IBCRED_VAULT=$BATS_TEST_TMPDIR/ibcred.vault
    export IBCRED_IDENTITY_FILE=$BATS_TEST_TMPDIR/identity
    export IBCRED_STATE_DIR=$BATS_TEST_TMPDIR/state
    export IBCRED_RUNTIME_DIR=$RUNTIME/run
    unset IB_USERNAME IB_PASSWORD TRADING_MODE
    "$IBCRED" init
}

# End what a test left running.
leave_project() {
    [ -n "${PROJECT:-}" ] || return 0
    docker-compose -f docker-compose.yml down --timeout 5 >/dev/null 2>&1 </dev/null
    "$IBCRED" reap --all
    rm -rf "$RUNTIME"
}

seal_values() {
    IB_USERNAME=$1 IB_PASSWORD=$2 "$IBCRED" seal paper --kind paper --from-env
}

compose() {
    docker-compose "$@" </dev/null
}

gateway_container() {
    compose -f docker-compose.yml ps -q ib-gateway 2>/dev/null
}

# Wait until the gateway's log has a line that matches $1, 10 seconds at most.
gateway_logs() {
    local tries
    for ((tries = 0; tries < 100; tries++)); do
        ! docker logs "$(gateway_container)" 2>&1 | grep -qE "$1" || return 0
        sleep 0.1
    done
    docker logs "$(gateway_container)"
    return 1
}

# What the daemon tells of the gateway's container, by a Go template.
gateway_inspect() {
    docker inspect -f "$1" "$(gateway_container)"
}

# The value of the variable $1 in the gateway's environment, byte for byte.
gateway_variable() {
    gateway_inspect '{{json .Config.Env}}' |
        jq -rj --arg name "$1=" '.[] | select(startswith($name)) | .[($name | length):]'
}

# The names of all variables of the gateway's environment, one a line, sorted.
gateway_variable_names() {
    gateway_inspect '{{json .Config.Env}}' | jq -r '.[] | split("=")[0]' | sort
}

# The addresses that the daemon's network listens on, one a line.
listening_addresses() {
    in_dockerd_network "$DOCKER_DIRECTORY" ss -Hltn | awk '{ print $4 }'
}
