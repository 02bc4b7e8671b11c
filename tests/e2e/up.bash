# shellcheck shell=bash
# up.bash - gateways that ibcred itself starts and follows, for up.bats, supervise.bats and watch.bats.
#
# One daemon, one broker and one image serve all tests of a file; each test has a username, a
# password, a vault and a project of its own.

# shellcheck source=tests/e2e/lib.bash
. "${BASH_SOURCE[0]%/*}/lib.bash"
# shellcheck source=tests/e2e/standin.bash
. "${BASH_SOURCE[0]%/*}/standin.bash"

GATEWAY=spreadpilot-ib-gateway

setup_file() {
    start_docker
    [ -z "${NO_DOCKER:-}" ] || return 0
    broker_start "$BATS_FILE_TMPDIR/broker"
    gateway_image_with_broker cold_restart_ms=500 both_ms=500 relogin_ms=500 throttle_extra_ms=500
}

teardown_file() {
    [ -n "${NO_DOCKER:-}" ] || broker_stop
    stop_docker
}

setup() {
    [ -z "${NO_DOCKER:-}" ] || skip "no Docker daemon can run here"
    USERNAME=trader$BATS_TEST_NUMBER
    # New each time, so that whatever holds it has it from this test; and without a byte that JSON
    # writes in another way.
    MARK=$(xxd -p -l 12 /dev/urandom)
    PASSWORD="g0od #$MARK"
    OUT=$BATS_TEST_TMPDIR/out
    ERR=$BATS_TEST_TMPDIR/err
    PIDS=$BATS_TEST_TMPDIR/pids
    touch "$PIDS"
    unset BROKER_DIRECTORY
    BROKER_DIRECTORY=$BATS_FILE_TMPDIR/broker
}

teardown() {
    local pid
    [ -z "${NO_DOCKER:-}" ] || return 0
    while read -r pid; do
        kill -KILL "$pid" 2>/dev/null || true
    done <"$PIDS"
    docker ps -aq | xargs -r docker rm -f >/dev/null 2>&1 || true
    [ ! -e "$BATS_TEST_TMPDIR/other-network" ] || docker network rm spreadpilot_default >/dev/null
    [ -z "${PROJECT:-}" ] || "$IBCRED" reap --all --quiet
    rm -rf "${RUNTIME:-}"
}

# A project with the override, a profile `paper`, and a broker that knows its user and treats it as
# the arguments say (see broker_account). All waits of the policy are short.
make_world() {
    enter_project spreadpilot docker-compose.override.yml 2>/dev/null
    broker_account "$USERNAME" "$PASSWORD" "$@"
    seal_values "$USERNAME" "${SEALED:-$PASSWORD}" 2>/dev/null
    policy ''
}

# policy [LINES] - the policy, with these lines added to it.
policy() {
    export IBCRED_POLICY=$BATS_TEST_TMPDIR/policy.yaml
    (umask 077 && cat >"$IBCRED_POLICY") <<POLICY
gate:
  attempt_timeout: 30s
  rejected_wait: 10s
  second_factor_wait: 10s
  session_conflict_wait: 30s
  unknown_wait: 10s
  throttled: {wait: 5s, margin: 1s}
supervise: {restart_wait: 1s}
$1
POLICY
}

# gives STATUS COMMAND… - exits with it. Leaves stdout in $OUT and stderr in $ERR.
gives() {
    local status=0 wanted=$1
    shift
    timeout --foreground 120 "$@" >"$OUT" 2>"$ERR" </dev/null 3>&- || status=$?
    if [ "$status" != "$wanted" ]; then
        echo "expected exit $wanted, got $status from: $*"
        cat "$OUT" "$ERR"
        return 1
    fi
}

# The last words on stderr are one sentence that holds $1; a warning or talk is none.
says() {
    if ! grep '^ibcred: ' "$ERR" | grep -v '^ibcred: warning: ' | tee "$ERR.sentences" |
        grep -qF -- "$1" || [ "$(wc -l <"$ERR.sentences")" != 1 ]; then
        echo "expected one sentence with: $1"
        cat "$ERR"
        return 1
    fi
}

# Run ibcred in the background, with its talk appended to $ERR and signals as on a terminal.
in_background() {
    env --default-signal=INT,TERM "$IBCRED" "$@" >>"$OUT" 2>>"$ERR" </dev/null 3>&- &
    IBCRED_PID=$!
    echo "$IBCRED_PID" >>"$PIDS"
}

# ends STATUS [SECONDS] - what runs in the background ends with it, so many seconds from now at most
# (30).
ends() {
    local tries status=0
    for ((tries = 0; tries < ${2:-30} * 20; tries++)); do
        kill -0 "$IBCRED_PID" 2>/dev/null || break
        sleep 0.05
    done
    kill -0 "$IBCRED_PID" 2>/dev/null && status=running || wait "$IBCRED_PID" || status=$?
    if [ "$status" != "$1" ]; then
        echo "expected the end with $1, got $status"
        cat "$OUT" "$ERR"
        return 1
    fi
}

# Wait until COMMAND… succeeds, AWAIT_SECONDS at most (20).
await() {
    local end=$((SECONDS + ${AWAIT_SECONDS:-20}))
    until "$@" >/dev/null 2>&1; do
        if [ "$SECONDS" -ge "$end" ]; then
            echo "waited in vain for: $*"
            cat "$OUT" "$ERR"
            return 1
        fi
        sleep 0.1
    done
}

# ibcred told of it, on stderr.
told() {
    grep -qF -- "$1" "$ERR"
}

# What the broker knows of the user, by a filter of jq.
stats() {
    broker_stats "$USERNAME" "$@"
}

# attempts N - so many logins were made, and none of them inside a printed wait or beside another.
attempts() {
    stats -e ".attempts == $1 and .inside_wait == 0 and .at_once <= 1" >/dev/null || {
        echo "expected $1 attempts, got: $(stats -c .)"
        return 1
    }
}

# written EVENT VERDICT N - the audit log has so many of these; and it is whole.
written() {
    local count
    "$IBCRED" audit verify --quiet >/dev/null
    count=$("$IBCRED" audit | jq -s --arg event "$1" --arg verdict "$2" \
        '[.[] | select(.event == $event and .verdict == $verdict)] | length')
    [ "$count" = "$3" ] || {
        echo "expected $3 of $1 $2, got $count:"
        "$IBCRED" audit | jq -c '[.event, .verdict, .why]'
        return 1
    }
}

charges() {
    written release allowed "$1"
}

# The gateway's container, running or not; its id.
gateway_container() {
    docker ps -aq --no-trunc --filter "name=^$GATEWAY\$"
}

runs() {
    [ "$(docker inspect -f '{{.State.Running}}' "$GATEWAY")" = true ]
}

stopped() {
    [ "$(docker inspect -f '{{.State.Running}}' "$GATEWAY")" = false ]
}

# Nothing of any release is left on tmpfs.
secret_is_gone() {
    [ -z "$(find "$RUNTIME" -name 'tws_*')" ] && not grep -rqaF -- "$MARK" "$RUNTIME"
}

# version_is STATE - of the profile's newest version.
version_is() {
    [ "$("$IBCRED" show "${2:-paper}" --json | jq -r '.versions[-1].state')" = "$1" ]
}

# Kill each ibcred-http that serves what runs in the background; there is one at least.
kill_helpers() {
    pgrep -P "$IBCRED_PID" -x ibcred-http | xargs kill -KILL
}
