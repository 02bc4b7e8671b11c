#!/usr/bin/env bats
# api.bats - the stand-in's API is one that a public client understands: @stoqey/ib, which nobody who
# wrote the stand-in or the probe has had a hand in.

load lib.bash
load standin.bash
load node.bash

bats_require_minimum_version 1.5.0

setup_file() {
    CLIENT=$BUILD/tests/e2e/node
    NO_CLIENT=$(install_packages "$ROOT/tests/e2e/node" "$CLIENT")
    export NO_CLIENT CLIENT
    if [ -n "$NO_CLIENT" ] && [ "${CI:-}" = true ]; then
        echo "$NO_CLIENT"
        return 1
    fi
    start_docker
    [ -n "${NO_DOCKER:-}" ] || docker network create gateways >/dev/null
}

setup() {
    [ -z "$NO_CLIENT" ] || skip "$NO_CLIENT"
    FILES=$BATS_TEST_TMPDIR/standin
    LOG=$BATS_TEST_TMPDIR/log
    SEEN=$BATS_TEST_TMPDIR/seen
    gateways=()
    find_ports
}

teardown() {
    [ ${#gateways[@]} -eq 0 ] || kill -KILL "${gateways[@]}" 2>/dev/null || true
    [ -n "${NO_DOCKER:-}" ] || docker rm -f gateway >/dev/null 2>&1 || true
    [ -z "${BROKER_DIRECTORY:-}" ] || broker_stop
}

# Ports that nobody listens on: the API of live and paper, and what forwards to each.
find_ports() {
    PORTS=$((20000 + RANDOM % 1000 * 10))
    while ss -Hltn | grep -qE ":$((PORTS / 10))[0-9] "; do
        PORTS=$((20000 + RANDOM % 1000 * 10))
    done
    LIVE=$((PORTS + 1)) PAPER=$((PORTS + 2)) LIVE_FORWARDED=$((PORTS + 3)) FORWARDED=$((PORTS + 4))
}

# A broker with a paper and a live user, and the stand-in's files with these settings.
knows_users() {
    broker_start "$BATS_TEST_TMPDIR/broker" loopback
    broker_account paperuser1 passw0rd
    broker_account liveuser1 liv3pass account=U7654321
    standin_files "$FILES" ports="$PORTS" cold_restart_ms=50 both_ms=50 "$@"
}

# Start a gateway with these variables.
gateway() {
    touch "$LOG"
    env -i STANDIN="$FILES" TWS_USERID=paperuser1 TWS_PASSWORD=passw0rd "$@" \
        "$BUILD/standin/ib-gateway" >>"$LOG" 2>&1 </dev/null 3>&- &
    gateways+=($!)
}

# Wait until the log has $2 lines (1) that match $1, 10 seconds at most.
logs() {
    local tries
    for ((tries = 0; tries < 500; tries++)); do
        [ "$(grep -cE -- "$1" "$LOG")" -lt "${2:-1}" ] || return 0
        sleep 0.02
    done
    cat "$LOG"
    return 1
}

listens() {
    ss -Hltn "sport = :$1" | grep -q .
}

# Wait until somebody listens on port $1, 10 seconds at most.
awaits_port() {
    local tries
    for ((tries = 0; tries < 500; tries++)); do
        ! listens "$1" || return 0
        sleep 0.02
    done
    return 1
}

# A gateway that is logged in, with these settings.
logged_in() {
    knows_users "$@"
    gateway
    logs 'Configuration tasks completed'
}

client() {
    timeout 60 node "$ROOT/tests/e2e/node/client.js" "$@" >"$SEEN" 2>"$SEEN.err" </dev/null 3>&-
}

# client_sees FILTER WHERE ID… - what the clients saw, one array of all, fulfils it.
client_sees() {
    local filter=$1
    shift
    CLIENT_MODULES=$CLIENT/node_modules client "$@"
    jq -se "$filter" "$SEEN" >/dev/null || {
        cat "$SEEN" "$SEEN.err"
        return 1
    }
}

READY='.end == "ready" and .version == 176 and .nextId == 1 and .positions'

@test "the lock file names what is installed by its hash, and no registry" {
    not grep -qE 'https?:|resolved' "$ROOT/tests/e2e/node/package-lock.json"
    [ "$(jq '[.packages | to_entries[] | select(.key != "") | .value.integrity | startswith("sha512-")] | all' \
        "$ROOT/tests/e2e/node/package-lock.json")" = true ]
    [ ! -e "$ROOT/tests/e2e/node/node_modules" ]
}

@test "a client of a paper gateway sees its version, its time, its account and the next id" {
    logged_in
    client_sees ".[0] | $READY and .accounts == \"DU1234567\"" "$PAPER" 7
    jq -se '.[0] | (.codes | contains([2104, 2106, 2158])) and .clock > 1700000000' "$SEEN"
    jq -se '.[0].time | test("^[0-9]{8} [0-9]{2}:[0-9]{2}:[0-9]{2} [A-Z]+$")' "$SEEN"
    jq -se '.[0].texts | any(. == "Market data farm connection is OK:usfarm")' "$SEEN"
    client_sees ".[0] | $READY and .accounts == \"DU1234567\"" "$FORWARDED" 7
}

@test "a client of a live gateway sees a live account" {
    knows_users
    gateway TRADING_MODE=live TWS_USERID=liveuser1 TWS_PASSWORD=liv3pass
    logs 'Configuration tasks completed'
    client_sees ".[0] | $READY and .accounts == \"U7654321\"" "$LIVE" 7
    client_sees ".[0] | $READY and .accounts == \"U7654321\"" "$LIVE_FORWARDED" 7
    not listens "$PAPER"
    not listens "$FORWARDED"
}

@test "a client id is given once, and again when its client is gone" {
    logged_in
    client_sees 'map(.end) == ["ready", "disconnected", "ready"] and (.[1].codes | contains([326]))' "$PAPER" 7 7 8
    jq -se '.[1] | .version == 176 and .accounts == null and .nextId == null' "$SEEN"
    client_sees 'map(.end) == ["ready", "ready", "disconnected"]' "$FORWARDED" 8 7 8
}

@test "the thirty-third client is cut off" {
    logged_in
    # shellcheck disable=SC2046 # numbers
    client_sees 'length == 33 and (.[:32] | all(.end == "ready")) and .[32].end == "disconnected"' \
        "$PAPER" $(seq 33)
    jq -se '.[32].version == null' "$SEEN"
}

@test "before the login the forwarder lets everybody in and hangs up, and the port of the API is closed" {
    knows_users
    broker_account paperuser1 passw0rd answers=drop
    gateway
    logs 'Click button: Paper Log In'
    client_sees '.[0] | .end == "refused" and .version == null' "$PAPER" 7
    listens "$FORWARDED"
    client_sees '.[0] | .end == "disconnected" and .version == null' "$FORWARDED" 7
}

@test "a rejected login leaves the API closed" {
    knows_users
    gateway TWS_PASSWORD=wrong1
    logs 'Unrecognized Username or Password'
    client_sees '.[0].end == "refused"' "$PAPER" 7
    client_sees '.[0] | .end == "disconnected" and .version == null' "$FORWARDED" 7
}

@test "the API ends with its session, and the forwarder with the container" {
    knows_users
    broker_account paperuser1 passw0rd answers=cold-restart,drop after_ms=3000
    gateway
    logs 'Configuration tasks completed'
    listens "$PAPER"
    logs 'Click button: Paper Log In' 2
    not listens "$PAPER"
    listens "$FORWARDED"
    kill "${gateways[0]}"
    wait "${gateways[0]}" || true
    not listens "$FORWARDED"

    broker_account paperuser1 passw0rd answers=crash after_ms=10
    gateway
    wait "${gateways[1]}" || true
    not listens "$PAPER"
    not listens "$FORWARDED"
}

@test "only what comes from 127.0.0.1 is heard, but for the forwarder everybody does" {
    logged_in
    client_sees '.[0] | .end == "disconnected" and .version == null' "127.0.0.2@$PAPER" 7
    client_sees ".[0] | $READY" "127.0.0.2@$FORWARDED" 7
}

@test "mode both has two APIs, each with its own account" {
    knows_users
    broker_account paperuser1 passw0rd account=DU7777777
    gateway TRADING_MODE=both TWS_USERID=liveuser1 TWS_PASSWORD=liv3pass \
        TWS_USERID_PAPER=paperuser1 TWS_PASSWORD_PAPER=passw0rd
    logs 'Configuration tasks completed' 2
    client_sees ".[0] | $READY and .accounts == \"U7654321\"" "$LIVE_FORWARDED" 7
    client_sees ".[0] | $READY and .accounts == \"DU7777777\"" "$FORWARDED" 7
}

@test "the API may name other accounts than the log, and several" {
    logged_in api_accounts=U7654321
    logs 'entitled: DU1234567 '
    client_sees ".[0] | $READY and .accounts == \"U7654321\"" "$PAPER" 7
    kill "${gateways[0]}"
    wait "${gateways[0]}" || true
    standin_files "$FILES" ports="$PORTS" api_accounts=U1 api_accounts_paper=DU1234567,DU1234568
    gateway
    logs 'Configuration tasks completed' 2
    client_sees ".[0] | $READY and .accounts == \"DU1234567,DU1234568,\"" "$PAPER" 7
}

@test "a login may be told several accounts, of which the log has the first" {
    knows_users
    broker_account paperuser1 passw0rd account=DU1234567,DU1234568
    gateway
    logs 'entitled: DU1234567 Trader Workstation Configuration \(Simulated Trading\)'
    logs 'Configuration tasks completed'
    client_sees ".[0] | $READY and .accounts == \"DU1234567,DU1234568,\"" "$PAPER" 7
}

# misbehaves SETTING END VERSION - an API with the setting `api`, as the client sees it.
misbehaves() {
    standin_files "$FILES" ports="$PORTS" api="$1"
    : >"$LOG"
    gateway
    logs 'Configuration tasks completed'
    echo "api $1"
    client_sees ".[0] | .end == \"$2\" and .version == $3 and .accounts == null" "$PAPER" 7
    kill "${gateways[-1]}"
    wait "${gateways[-1]}" || true
}

@test "the API may be silent, half dead, hang up, or not be there at all" {
    knows_users
    misbehaves none refused null
    misbehaves closed disconnected null
    misbehaves silent silent null
    misbehaves half silent 176
}

@test "the API may speak something else" {
    logged_in api=foreign
    exec {connection}<>"/dev/tcp/127.0.0.1/$PAPER"
    printf 'API\0\0\0\0\011v100..176' >&"$connection"
    [ "$(head -c 12 <&"$connection")" = "HTTP/1.1 400" ]
    exec {connection}>&-
}

@test "the API may open late, drip its bytes, and have a clock and a zone of its own" {
    logged_in api_late_ms=2500 api_byte_ms=1 api_clock_ms=3600000 "api_zone=Central European Standard Time"
    not listens "$PAPER"
    awaits_port "$PAPER"
    client_sees ".[0] | $READY" "$PAPER" 7
    jq -se '.[0].time | endswith(" Central European Standard Time")' "$SEEN"
    [ "$(($(jq -s '.[0].clock' "$SEEN") - $(date +%s)))" -gt 3500 ]
}

# probe_sees FILTER [ARGUMENT…] - what ibcred's own probe says in JSON fulfils it. Run as it was built:
# the network of the Docker daemon is not where these gateways are.
probe_sees() {
    local filter=$1
    shift
    "$BUILD/ibcred" probe --json --reveal --quiet "$@" >"$SEEN" 2>"$SEEN.err" </dev/null 3>&- || true
    jq -e "$filter" "$SEEN" >/dev/null || {
        cat "$SEEN" "$SEEN.err"
        return 1
    }
}

@test "ibcred's probe and the public client see the same" {
    logged_in
    unset IBCRED_POLICY
    cd "$BATS_TEST_TMPDIR"
    for port in "$PAPER" "$FORWARDED"; do
        client_sees ".[0] | $READY and .accounts == \"DU1234567\"" "$port" 7
        probe_sees '.state == "ready" and .server_version == 176 and .accounts == ["DU1234567"]' "127.0.0.1:$port"
    done
    client_sees '.[0].end == "refused"' "$LIVE" 7
    probe_sees '.state == "refused"' "127.0.0.1:$LIVE"
    client_sees '.[0].end == "disconnected"' "127.0.0.2@$PAPER" 7

    # Somebody else has the probe's client id.
    local connection
    exec {connection}<>"/dev/tcp/127.0.0.1/$PAPER"
    printf 'API\000\000\000\000\011v100..176\000\000\000\01571\0002\000100714\000\000' >&"$connection"
    head -c 60 <&"$connection" >/dev/null
    client_sees '.[0] | .end == "disconnected" and (.codes | contains([326]))' "$PAPER" 100714
    probe_sees '.state == "closed" and (.error | tostring | contains("326"))' "127.0.0.1:$PAPER"
    exec {connection}>&-
    probe_sees '.state == "ready"' "127.0.0.1:$PAPER"

    kill "${gateways[0]}"
    wait "${gateways[0]}" || true
    broker_account paperuser1 passw0rd answers=drop
    gateway
    logs 'Click button: Paper Log In' 2
    client_sees '.[0] | .end == "disconnected" and .version == null' "$FORWARDED" 7
    probe_sees '.state == "closed" and .server_version == null' "127.0.0.1:$FORWARDED"
}

# says BYTES - what the API answers to these (with escapes of printf) before it hangs up, each NUL
# written as a bar. Fails where it does not hang up. For a subshell, with which the connection ends.
says() {
    local connection
    set -o pipefail
    exec {connection}<>"/dev/tcp/127.0.0.1/$PAPER"
    # shellcheck disable=SC2059 # the escapes are the point
    printf "$1" >&"$connection"
    timeout 20 cat <&"$connection" | tr '\0' '|'
}

# Messages with their lengths: the handshake, the start of the API as client 7, and one without
# fields, at which the API hangs up.
HELLO='API\000\000\000\000\011v100..176'
START='\000\000\000\01071\0002\0007\000\000'
EMPTY='\000\000\000\000'

@test "the API hangs up on what no client of its time says" {
    local words answer
    logged_in
    for words in 'GET / HTTP/1.1\r\n\r\n' 'API\001' 'API\000\000\000\000\004junk' \
        'API\000\000\000\000\010v99..176' 'API\000\000\000\000\011v201..210' \
        'API\000\000\000\000\011v176..100' 'API\000\377\377\377\377' 'API\000\000\001\000\001'; do
        echo "$words"
        answer=$(says "$words")
        [ -z "$answer" ]
    done
    # After the version: not the start of the API, one that does not end, and one of no client.
    for words in '\000\000\000\00561\0001\000' '\000\000\000\00671\0002\0007' \
        '\000\000\000\01071\0002\000x\000\000'; do
        echo "$words"
        answer=$(says "$HELLO$words")
        [[ $answer =~ ^\|\|\|.176\|[^|]*\|$ ]]
    done
    [[ $(says "$HELLO$START$EMPTY") == *'15|1|DU1234567|'* ]]
    client_sees ".[0] | $READY" "$PAPER" 7
}

@test "a client that offers less is answered in its version, without the field that is newer" {
    local answer
    logged_in
    answer=$(says "${HELLO/176/150}$START$EMPTY")
    [[ $answer =~ ^\|\|\|.150\| ]]
    [[ $answer == *'4|2|-1|2158|Sec-def data farm connection is OK:secdefil|' ]]
    answer=$(says "$HELLO$START$EMPTY")
    [[ $answer == *'4|2|-1|2158|Sec-def data farm connection is OK:secdefil||' ]]
}

# --- in a container ------------------------------------------------------------------------------

@test "in a container 4002:4004 reaches the API, and 4002:4002 does not" {
    [ -z "${NO_DOCKER:-}" ] || skip "no Docker daemon can run here"
    broker_start "$BATS_TEST_TMPDIR/broker"
    broker_account paperuser1 passw0rd
    gateway_image_with_broker
    docker run -d --name gateway --network gateways -e TWS_USERID=paperuser1 -e TWS_PASSWORD=passw0rd \
        -p 127.0.0.1:4002:4004 -p 127.0.0.1:4012:4002 "$GATEWAY_IMAGE"
    broker_waits paperuser1 '.outcomes.accepted == 1'
    gateway_logs 'Configuration tasks completed'
    in_daemon_network ".[0] | $READY and .accounts == \"DU1234567\"" 4002 7
    in_daemon_network '.[0] | .end == "disconnected" and .version == null' 4012 7
}

gateway_container() {
    echo gateway
}

# As client_sees, in the network of the tests' Docker daemon.
in_daemon_network() {
    local filter=$1
    shift
    in_dockerd_network "$DOCKER_DIRECTORY" env CLIENT_MODULES="$CLIENT/node_modules" \
        timeout 60 node "$ROOT/tests/e2e/node/client.js" "$@" >"$SEEN" 2>"$SEEN.err" </dev/null 3>&-
    jq -se "$filter" "$SEEN" >/dev/null || {
        cat "$SEEN" "$SEEN.err"
        return 1
    }
}
