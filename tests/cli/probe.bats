#!/usr/bin/env bats
# probe.bats - ibcred probe against gateways that answer in every way there is.

load lib

# serve NAME MODE OPTION… - start one and remember it; `port NAME` is where.
start() {
    local name=$1
    shift
    "$BATS_TEST_DIRNAME/../tools/api_server.py" "$SCRATCH/$name" "$@" >"$SCRATCH/$name.out" 2>&1 3>&- &
    SERVERS+=($!)
}

serve() {
    start "$@"
    for _ in $(seq 200); do
        [ -e "$SCRATCH/$1" ] && return
        sleep 0.05
    done
    cat "$SCRATCH/$1.out"
    return 1
}

port() {
    cat "$SCRATCH/$1"
}

# A port that was free a moment ago.
free_port() {
    python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])'
}

teardown() {
    [ ${#SERVERS[@]} -eq 0 ] || kill "${SERVERS[@]}" 2>/dev/null || true
    rm -rf "$SCRATCH" "$IBCRED_RUNTIME_DIR"
}

# answers MODE CODE STATE WORDS - what a probe of such a gateway exits with, finds and says.
answers() {
    local status=0
    serve "$1" "$1"
    "$IBCRED" probe ":$(port "$1")" --timeout "${TIMEOUT:-5s}" --json >"$SCRATCH/answer" 2>"$SCRATCH/err" ||
        status=$?
    if [ "$status" != "$2" ] || [ "$(jq -r .state "$SCRATCH/answer")" != "$3" ] ||
        ! jq -e --arg words "$4" '.message | contains($words)' "$SCRATCH/answer" >/dev/null; then
        echo "$1: exit $status, $(cat "$SCRATCH/answer" "$SCRATCH/err")"
        return 1
    fi
}

@test "a gateway that is logged in tells version, time, accounts and kind" {
    serve gateway ready
    "$IBCRED" probe "127.0.0.1:$(port gateway)" --json >answer
    jq . answer
    [ "$(jq -c '[.state, .host, .server_version, .accounts, .account_count, .kind, .error]' answer)" = \
        '["ready","127.0.0.1",176,["DU*****67"],1,"paper",null]' ]
    [ "$(jq .port answer)" = "$(port gateway)" ]
    jq -e '.offset_seconds | fabs <= 2' answer
    jq -e '.connect_ms > 0 and .ready_ms >= .connect_ms' answer
    jq -e '.server_time | test("^[0-9]{8} [0-9:]{8} UTC$")' answer
    jq -e '.message | contains("logged in to 1 account, paper")' answer
    "$IBCRED" probe ":$(port gateway)" >answer
    for line in 'state     ready' 'version   176' 'accounts  DU\*\*\*\*\*67' 'kind      paper'; do
        grep -qx "$line" answer
    done
}

@test "accounts are masked unless they are asked for" {
    serve gateway mixed
    "$IBCRED" probe ":$(port gateway)" >answer 2>&1
    "$IBCRED" probe ":$(port gateway)" --json >>answer 2>&1
    grep -q 'DU\*\*\*\*\*67 U\*\*\*\*\*21' answer
    not grep -E 'U[0-9]' answer
    [ "$("$IBCRED" probe ":$(port gateway)" --reveal --json | jq -c .accounts)" = \
        '["DU1234567","U7654321"]' ]
    "$IBCRED" probe ":$(port gateway)" --reveal | grep -qx 'accounts  DU1234567 U7654321'
}

@test "an account of odd characters is not shown and proves nothing" {
    serve gateway unknown
    [ "$("$IBCRED" probe ":$(port gateway)" --reveal --json | jq -c '[.accounts, .kind]')" = \
        '[["DU1234567","All","?"],null]' ]
    refused_after_answer 78 "not all known" --expect paper
}

# refused_after_answer CODE WORDS OPTION… - the answer is told, and then why it is not good.
refused_after_answer() {
    local code=$1 words=$2 status=0
    shift 2
    "$IBCRED" probe ":$(port gateway)" "$@" >out 2>err || status=$?
    if [ "$status" != "$code" ] || [ ! -s out ] || ! grep -qF -- "$words" err; then
        echo "exit $status: $(cat out err)"
        return 1
    fi
}

@test "more accounts than are kept are counted, and all of them prove" {
    serve gateway many
    [ "$("$IBCRED" probe ":$(port gateway)" --json | jq -c '[(.accounts | length), .account_count, .kind]')" = \
        '[64,70,"paper"]' ]
    "$IBCRED" probe ":$(port gateway)" | grep -q ' and 6 more$'
}

@test "--expect passes what is proven and nothing else" {
    serve gateway ready
    "$IBCRED" probe ":$(port gateway)" --expect paper >/dev/null
    refused_after_answer 78 "live accounts are expected" --expect live
    "$IBCRED" probe ":$(port gateway)" --expect live --json >out 2>err || true
    [ "$(jq -r '.state + " " + .kind' out)" = "ready paper" ]
    jq -e '.message | contains("live accounts are expected")' out
}

@test "--expect is contradicted by accounts of both kinds" {
    serve gateway mixed
    refused_after_answer 78 "mixed" --expect paper
    refused_after_answer 78 "mixed" --expect live
}

@test "a live gateway is live" {
    serve gateway live
    "$IBCRED" probe ":$(port gateway)" --expect live >/dev/null
    refused_after_answer 78 "logged in to live ones" --expect paper
}

@test "refused: nothing listens on that port" {
    refused_port=$(free_port)
    status=0
    "$IBCRED" probe ":$refused_port" --json >answer 2>err || status=$?
    [ "$status" = 69 ]
    [ "$(jq -r .state answer)" = refused ]
    [ "$(jq -c '[.accounts, .kind, .server_version, .server_time, .offset_seconds, .connect_ms, .ready_ms]' answer)" = \
        '[[],null,null,null,null,null,null]' ]
    grep -qF "nothing listens on 127.0.0.1:$refused_port" err
    "$IBCRED" probe ":$refused_port" >answer 2>err || true
    grep -qx 'state     refused' answer
}

@test "not-listening: no such host, no way to it, or nobody takes the connection" {
    status=0
    "$IBCRED" probe nosuchhost.invalid:4002 --json >answer 2>err || status=$?
    [ "$status $(jq -r .state answer)" = "69 not-listening" ]
    jq -e '.message | contains("nosuchhost.invalid:4002 cannot be reached")' answer
    # A queue that is full and never emptied: further connections are dropped on the way.
    python3 -c '
import socket, sys, time
listener = socket.socket()
listener.bind(("127.0.0.1", 0))
listener.listen(0)
port = listener.getsockname()[1]
fill = []
for _ in range(3):
    client = socket.socket()
    client.setblocking(False)
    client.connect_ex(("127.0.0.1", port))
    fill.append(client)
time.sleep(0.2)
print(port, file=open(sys.argv[1] + ".new", "w"))
import os
os.rename(sys.argv[1] + ".new", sys.argv[1])
time.sleep(600)' "$SCRATCH/full" 3>&- &
    SERVERS+=($!)
    for _ in $(seq 200); do
        [ -e "$SCRATCH/full" ] && break
        sleep 0.05
    done
    status=0
    "$IBCRED" probe ":$(port full)" --timeout 300ms --json >answer 2>err || status=$?
    [ "$status $(jq -r .state answer)" = "69 not-listening" ]
}

@test "closed: it accepts and hangs up, and why that may be" {
    answers closed 69 closed "TrustedIPs"
    answers reset 69 closed "TrustedIPs"
    answers closed-later 69 closed "greets and hangs up"
}

@test "closed: the client id is in use" {
    answers in-use 69 closed "with client id 100714"
    [ "$(jq .error.code "$SCRATCH/answer")" = 326 ]
    jq -e '.error.text | contains("already in use")' "$SCRATCH/answer"
}

@test "silent: it accepts and does not answer in time" {
    TIMEOUT=300ms
    answers silent 69 silent "says nothing"
    answers silent-later 69 silent "greets but names no account"
    answers drip 69 silent "does not end what it began to say"
    answers no-account 69 silent "1100"
}

@test "foreign: it speaks something else" {
    answers http 69 foreign "does not speak the TWS API"
    answers ssh 69 foreign "does not speak the TWS API"
    answers noise 69 foreign "does not speak the TWS API"
    answers oversize 69 foreign "does not speak the TWS API"
    answers zero 69 foreign "does not speak the TWS API"
    answers flood 69 foreign "too much"
    answers protobuf 69 foreign "version 201 where 100 to 176 were offered"
    answers cut 69 foreign "in the middle of its first message"
}

@test "the clock's offset is told in the gateway's own zone, or not at all" {
    serve gateway ahead
    "$IBCRED" probe ":$(port gateway)" --json >answer
    jq -e '.offset_seconds >= 3598 and .offset_seconds <= 3602' answer
    "$IBCRED" probe ":$(port gateway)" | grep -qE '^offset    (1 h|59 min).* ahead$'
    serve elsewhere elsewhere
    [ "$("$IBCRED" probe ":$(port elsewhere)" --json | jq -c '[.offset_seconds, .state]')" = \
        '[null,"ready"]' ]
}

@test "the client id is the policy's, and the connection is closed in good order" {
    policy 'api: {client_id: 4711}'
    serve gateway ready
    "$IBCRED" probe ":$(port gateway)" >/dev/null
    for _ in $(seq 100); do
        [ -s "$SCRATCH/gateway.log" ] && break
        sleep 0.05
    done
    [ "$(cat "$SCRATCH/gateway.log")" = "4711 end" ]
}

@test "the port is the policy's for the mode" {
    serve gateway ready
    policy "api: {ports: {paper: $(port gateway), live: $(free_port)}}"
    [ "$("$IBCRED" probe --json | jq .port)" = "$(port gateway)" ]
    [ "$("$IBCRED" probe localhost --mode paper --json | jq -r '.host + " " + .state')" = "localhost ready" ]
    status=0
    "$IBCRED" probe --mode live >/dev/null 2>&1 || status=$?
    [ "$status" = 69 ]
    refused 64 "mode both" "$IBCRED" probe --mode both
    TRADING_MODE=both refused 64 "mode both" "$IBCRED" probe
    TRADING_MODE=both "$IBCRED" probe ":$(port gateway)" >/dev/null
}

@test "quiet means no word, only the exit code" {
    serve gateway live
    silence() { # CODE OPTION…
        local code=$1 status=0
        shift
        "$IBCRED" probe "$@" >out 2>&1 || status=$?
        [ "$status" = "$code" ] && [ ! -s out ]
    }
    silence 0 -q ":$(port gateway)"
    silence 0 --quiet ":$(port gateway)" --expect live
    silence 78 -q ":$(port gateway)" --expect paper
    silence 69 -q ":$(free_port)"
}

@test "--wait tries again until the gateway is there" {
    late=$(free_port)
    start gateway ready --port "$late" --after 1.5
    "$IBCRED" probe ":$late" --wait 60 --json >answer 2>err
    [ "$(jq -r .state answer)" = ready ]
    grep -q "waiting at most" err
}

@test "--wait ends with 69 when its time is over" {
    status=0
    "$IBCRED" probe ":$(free_port)" --wait 2 >answer 2>err || status=$?
    [ "$status" = 69 ]
    grep -qx 'state     refused' answer
}

@test "--wait does not wait for what will not change" {
    serve gateway live
    status=0
    timeout 60 "$IBCRED" probe ":$(port gateway)" --wait 1h --expect paper >/dev/null 2>&1 || status=$?
    [ "$status" = 78 ]
}

@test "what cannot be meant is refused with the reason" {
    refused 64 "no address" "$IBCRED" probe "host:port"
    refused 64 "no address" "$IBCRED" probe ":0"
    refused 64 "no address" "$IBCRED" probe "::1"
    refused 64 "--expect is 'both'" "$IBCRED" probe --expect both
    refused 64 "--timeout is '0s'" "$IBCRED" probe --timeout 0s
    refused 64 "--timeout is '2h'" "$IBCRED" probe --timeout 2h
    refused 64 "--wait is 'ever'" "$IBCRED" probe --wait ever
    refused 64 "operand" "$IBCRED" probe a b
}
