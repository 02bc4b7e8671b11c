#!/usr/bin/env bats
# Webhooks: who is told, how it is put, and what becomes of a server that does not answer.

load lib

# What nobody may read anywhere: a webhook's address is its password.
TOKEN=T0KENinTheURL

setup() {
    SCRATCH=$(mktemp -d "${TMPDIR:-/tmp}/ibcred-notify.XXXXXX")
    NOTIFY_SEND=$(dirname "$(realpath "$IBCRED")")/tests/tools/notify_send
    export IBCRED_HTTP=${IBCRED_HTTP:-$(dirname "$(realpath "$IBCRED")")/ibcred-http}
    unset http_proxy https_proxy all_proxy HTTP_PROXY HTTPS_PROXY ALL_PROXY
    "$BATS_TEST_DIRNAME/../tools/webhook_recorder.py" "$SCRATCH" >/dev/null 2>&1 3>&- &
    RECORDER=$!
    for _ in $(seq 100); do
        [ -e "$SCRATCH/port" ] && break
        sleep 0.1
    done
    HOOKS=http://127.0.0.1:$(cat "$SCRATCH/port")
}

teardown() {
    kill "$RECORDER" 2>/dev/null || true
    wait "$RECORDER" 2>/dev/null || true
    rm -rf "$SCRATCH"
}

# targets LINES - make them the policy's.
targets() {
    printf 'notify:\n%s\n' "$1" >"$SCRATCH/policy.yaml"
}

# tell NOTICE TEXT - leaves the sentences of failures in `said`; none may hold the token.
tell() {
    "$NOTIFY_SEND" send "$SCRATCH/policy.yaml" "$@" >"$SCRATCH/said" 2>"$SCRATCH/err"
    cat "$SCRATCH/said" "$SCRATCH/err"
    [ ! -s "$SCRATCH/err" ] && not grep -qF -- "$TOKEN" "$SCRATCH/said"
}

# told NOTICE TEXT - nobody failed.
told() {
    tell "$@" && [ ! -s "$SCRATCH/said" ]
}

# failed LINE INDEX WORDS - that line of `said` is about the target at INDEX, and goes on with WORDS.
failed() {
    sed -n "$1p" "$SCRATCH/said" | grep -F "notify[$2] of the policy was not told of $3"
}

# body N - the JSON of request N.
body() {
    sed -n 4p "$SCRATCH/request-$1"
}

requests() {
    find "$SCRATCH" -name 'request-*' | wc -l
}

@test "a webhook is told in JSON" {
    targets "  - webhook: $HOOKS/status/204?$TOKEN"
    told throttled 'profile '\''paper-1'\'': IBKR asks to "wait" – 59 s'
    [ "$(sed -n 1,3p "$SCRATCH/request-1")" = "POST
/status/204?$TOKEN
application/json" ]
    body 1 | jq -e --arg host "$(hostname)" '. == {notice: "throttled", profile: "paper-1",
        mode: "paper", container: "ib-gateway", time: "2026-11-18T11:06:40.123Z", host: $host,
        text: "profile '\''paper-1'\'': IBKR asks to \"wait\" – 59 s"}'
}

@test "Slack is told a text, in which nothing calls everybody" {
    targets "  - {webhook: '$HOOKS/status/200', format: slack}"
    told held '<!channel> is held'
    body 1 | jq -e --arg host "$(hostname)" \
        '. == {text: "ibcred on \($host): &lt;!channel&gt; is held"}'
}

@test "the URL may lie in a file of its own, which only its owner can write" {
    printf '%s \r\nanother line\n' "$HOOKS/status/200/$TOKEN" >"$SCRATCH/url"
    targets "  - webhook_file: $SCRATCH/url"
    chmod 600 "$SCRATCH/url"
    told held text
    [ "$(sed -n 2p "$SCRATCH/request-1")" = "/status/200/$TOKEN" ]
    chmod 620 "$SCRATCH/url"
    tell held text
    failed 1 0 "'held': webhook_file '$SCRATCH/url' can be written by others"
    [ "$(requests)" = 1 ]
}

@test "only webhooks that want the notice are told" {
    targets "  - {webhook: '$HOOKS/status/200/a', on: [held]}
  - {webhook: '$HOOKS/status/200/b', on: [recovered]}
  - {webhook: '$HOOKS/status/200/c'}"
    told recovered text
    [ "$(requests)" = 2 ]
    [ "$(sed -n 2p "$SCRATCH/request-1")" = /status/200/b ]
    [ "$(sed -n 2p "$SCRATCH/request-2")" = /status/200/c ]
}

@test "an answer other than 2xx is a failure that names the target, and the next one is told" {
    targets "  - webhook: $HOOKS/status/500/$TOKEN
  - webhook: $HOOKS/status/302/$TOKEN
  - webhook: $HOOKS/status/404/$TOKEN
  - webhook: $HOOKS/status/201/$TOKEN"
    tell rejected text
    [ "$(wc -l <"$SCRATCH/said")" = 3 ]
    failed 1 0 "'rejected': its webhook answered with HTTP status 500"
    failed 2 1 "'rejected': its webhook answered with HTTP status 302"
    failed 3 2 "'rejected': its webhook answered with HTTP status 404"
    [ "$(requests)" = 4 ]
}

@test "a server that hangs costs its time-out and no more" {
    targets "  - {webhook: '$HOOKS/hang/$TOKEN', timeout: 1s}
  - {webhook: '$HOOKS/status/200', timeout: 1s}"
    start=$EPOCHREALTIME
    tell held text
    took=$(((${EPOCHREALTIME/./} - ${start/./}) / 1000))
    echo "took $took ms"
    failed 1 0 "'held': its webhook did not answer within 1 s"
    [ "$(wc -l <"$SCRATCH/said")" = 1 ]
    [ "$took" -ge 950 ]
    [ "$took" -lt 10000 ]
    [ "$(requests)" = 2 ]
}

@test "an answer that never ends does not keep anybody once its status is known" {
    targets "  - {webhook: '$HOOKS/slow-body', timeout: 20s}"
    start=$SECONDS
    told held text
    [ $((SECONDS - start)) -lt 5 ]
}

@test "nobody there, no HTTP, a connection cut: told in words without the address" {
    targets "  - {webhook: 'http://127.0.0.1:1/$TOKEN', timeout: 5s}
  - {webhook: '$HOOKS/garbage/$TOKEN', timeout: 5s}
  - {webhook: '$HOOKS/close/$TOKEN', timeout: 5s}
  - {webhook: 'http://$TOKEN.invalid/', timeout: 5s}"
    tell held text
    [ "$(grep -c 'its webhook cannot be reached or does not speak HTTP' "$SCRATCH/said")" = 4 ]
    not grep -qE '127\.0\.0\.1|invalid' "$SCRATCH/said"
}

@test "without ibcred-http a webhook fails, and says so" {
    targets "  - webhook: $HOOKS/status/200/$TOKEN"
    export IBCRED_HTTP=$SCRATCH/none
    tell held text
    failed 1 0 "'held': " | grep -F "$SCRATCH/none"
    [ "$(requests)" = 0 ]
}

@test "whoever starts the telling goes on at once; its failure is a line on stderr" {
    targets "  - {webhook: '$HOOKS/hang/$TOKEN', timeout: 2s}"
    start=$EPOCHREALTIME
    "$NOTIFY_SEND" start "$SCRATCH/policy.yaml" held text >"$SCRATCH/out" 2>"$SCRATCH/err"
    took=$(((${EPOCHREALTIME/./} - ${start/./}) / 1000))
    echo "took $took ms"
    [ "$took" -lt 1000 ]
    [ ! -s "$SCRATCH/err" ]
    for _ in $(seq 100); do
        [ -s "$SCRATCH/err" ] && break
        sleep 0.1
    done
    [ "$(wc -l <"$SCRATCH/err")" = 1 ]
    grep -F "ibcred: notify[0] of the policy was not told of 'held': its webhook did not answer within 2 s" "$SCRATCH/err"
    not grep -qF -- "$TOKEN" "$SCRATCH/err"
    [ ! -s "$SCRATCH/out" ]
}
