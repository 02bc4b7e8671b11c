# shellcheck shell=bash
# docker.bash - calls of docker.h against a daemon of our own, for docker*.bats here.

# shellcheck source=tests/e2e/lib.bash
. "${BASH_SOURCE[0]%/*}/lib.bash"

not() {
    ! "$@"
}

CALL=$BUILD/tests/tools/docker_call
export IBCRED_HTTP=${IBCRED_HTTP:-$BUILD/ibcred-http}

# Prints a line to each stream, a number each, every so many seconds; the second number is the last.
# shellcheck disable=SC2034 # the tests use it
COUNT='i=0; while [ $i -lt ${2:-1000000} ]; do i=$((i + 1)); echo out $i; echo err $i >&2; sleep $1; done'

setup_file() {
    start_docker
    [ -n "${NO_DOCKER:-}" ] || make_image
}

# A statically linked shell, as the image "box".
make_image() {
    local tree=$DOCKER_DIRECTORY/box name
    mkdir -p "$tree/bin"
    cp /bin/busybox "$tree/bin/"
    for name in sh sleep cat echo seq; do
        ln -s busybox "$tree/bin/$name"
    done
    tar -C "$tree" -c . | docker import - box >/dev/null
}

setup() {
    touch "$BATS_TEST_TMPDIR/pids"
    [ -z "${NO_DOCKER:-}" ] || skip "no Docker daemon can run here"
    dockerd_answers "$DOCKER_DIRECTORY" || dockerd_start "$DOCKER_DIRECTORY"
    docker rm -f gw >/dev/null 2>&1 || true
    OUT=$BATS_TEST_TMPDIR/out
    ERR=$BATS_TEST_TMPDIR/err
}

teardown() {
    local pid
    while read -r pid; do
        kill "$pid" 2>/dev/null || true
    done <"$BATS_TEST_TMPDIR/pids"
    docker rm -f gw >/dev/null 2>&1 || true
}

# Start the container "gw" with these options of docker-run and a shell that runs $1 with $2…
# It has no network unless $NETWORK names one.
run_gateway() {
    local script=$1 options=(--network "${NETWORK:-none}") arguments=()
    shift
    while [ $# -gt 0 ]; do
        if [ "$1" = -- ]; then
            shift
            arguments=("$@")
            break
        fi
        options+=("$1")
        shift
    done
    docker run -d --name gw "${options[@]}" box sh -c "$script" sh "${arguments[@]}" \
        >/dev/null
}

# Make a call in the background; its output goes to $OUT, its complaints to $ERR.
in_background() {
    "$CALL" "$@" >"$OUT" 2>"$ERR" 3>&- &
    CALL_PID=$!
    remember "$CALL_PID"
}

# This process is ended with the test.
remember() {
    echo "$1" >>"$BATS_TEST_TMPDIR/pids"
}

# Wait until COMMAND… succeeds, 15 seconds at most.
await() {
    local tries
    for ((tries = 0; tries < 150; tries++)); do
        ! "$@" >/dev/null 2>&1 || return 0
        sleep 0.1
    done
    echo "waited in vain for: $*"
    cat "$OUT" "$ERR"
    return 1
}

has_lines() {
    [ "$(wc -l <"$1")" -ge "$2" ]
}

ended() {
    [ ! -d "/proc/$1" ]
}

# The text of the lines that were told of, without their times, one stream of them.
told() {
    cut -d' ' -f2- "$OUT" | grep "^$1 "
}

# Both streams were told of as Docker keeps them, in order, nothing twice. A daemon that is killed
# loses what it has read of a container and not yet written: the numbers may have a gap then.
told_what_docker_keeps() {
    local stream
    for stream in out err; do
        told "$stream" >"$OUT.$stream"
        cut -d' ' -f2 "$OUT.$stream" | sort -cnu || return 1
    done
    docker logs gw 2>/dev/null | diff - "$OUT.out" || return 1
    docker logs gw 2>&1 >/dev/null | diff - "$OUT.err"
}

# The same of a daemon that was not killed: completely, from 1 on.
told_everything() {
    told_what_docker_keeps || return 1
    local stream
    for stream in out err; do
        seq -f "$stream %g" 1 "$(wc -l <"$OUT.$stream")" | diff - "$OUT.$stream" || return 1
    done
}

# refused_as STATUS WORDS COMMAND… - complains so, and prints nothing else.
refused_as() {
    local status=$1 words=$2
    shift 2
    if "$@" >"$OUT" 2>"$ERR" || [ -s "$OUT" ] || ! grep -qF "$status: " "$ERR" ||
        ! grep -qF -- "$words" "$ERR"; then
        echo "expected $status with: $words"
        cat "$OUT" "$ERR"
        return 1
    fi
}

# The results of the calls made by one process, one after another.
calls_gave() {
    grep '^= ' "$OUT" | tr -d '\n' | grep -qx "$1"
}
