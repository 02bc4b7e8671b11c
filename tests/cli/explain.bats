#!/usr/bin/env bats
# ibcred watch --explain: what is made of a log.
load lib.bash

log() {
    cat <<'LOG'
.> Starting IBC in paper mode, with params:
2026-11-22 09:14:08:520 IBC: Login attempt: 1
2026-11-22 09:14:12:356 IBC: Too many failed login attempts. Please wait 4 minutes & 47 seconds before attempting
2026-11-22 09:14:12:357 IBC: nothing of note
2026-11-22 09:14:13:356 IBC: Login error message:
2026-11-22 09:14:13:357 IBC: Cold restart in progress
2026-11-22 09:14:14:356 IBC: Login error message:
LOG
}

@test "a log is explained event by event, without a vault" {
    log >gateway.log
    "$IBCRED" watch --explain gateway.log >events 2>sum
    diff -u - events <<'EVENTS'
     1  starting               text="paper"  [image starts IBC]
     2  attempt                number=1  [IBC attempt]
     3  throttled              seconds=287  [IBC too many failed logins]
     6  login-error            [IBC login error]
     6  cold-restart           [IBC cold restart]
     7  login-error            [IBC login error]
EVENTS
    [ "$(cat sum)" = "7 lines, 6 events" ]
}

@test "with --json every event is an object on a line" {
    log | "$IBCRED" watch --explain - --json --quiet >events
    [ "$(jq -s length events)" = 6 ]
    [ "$(jq -c 'select(.event == "throttled")' events)" = \
        '{"line":3,"event":"throttled","rule":"IBC too many failed logins","number":null,"seconds":287,"text":""}' ]
}

@test "a line of any length and any bytes is read, and nothing of it drives a terminal" {
    {
        head -c 300000 /dev/zero
        printf '\n2026-11-22 09:14:12:356 IBC: Login failed\r\n'
        printf '.> Invalid TRADING_MODE: \033[31m\377\n'
        printf '2026-11-22 09:14:12:356 IBC: Login has completed'
    } >gateway.log
    "$IBCRED" watch --explain gateway.log --quiet >events
    diff -u - events <<'EVENTS'
     2  rejected               [IBC login failed]
     3  misconfigured          text="Invalid TRADING_MODE: ?[31m?"  [image refuses the trading mode]
     4  success                [IBC login completed]
EVENTS
}

@test "an empty log has nothing to tell" {
    [ "$("$IBCRED" watch --explain - 2>&1 </dev/null)" = "0 lines, 0 events" ]
}

@test "rules of one's own replace the built-in ones, and their faults have a place" {
    cat >rules.yaml <<'RULES'
sources:
  - {name: other, prefix: 'other: '}
rules:
  - {name: over, event: halted, source: other, pattern: 'over'}
RULES
    chmod 600 rules.yaml
    printf 'other: over\n2026-11-22 09:14:12:356 IBC: Login failed\n' >gateway.log
    IBCRED_LOG_RULES=rules.yaml "$IBCRED" watch --explain gateway.log --quiet >events
    [ "$(cat events)" = "     1  halted                 [over]" ]
    "$IBCRED" watch --explain gateway.log --log-rules rules.yaml --quiet >again
    cmp events again
    sed -i "s/'over'/'(over'/" rules.yaml
    refused 78 "rules.yaml:4:57:" "$IBCRED" watch --explain gateway.log --log-rules rules.yaml
    chmod 666 rules.yaml
    refused 77 "rules.yaml" "$IBCRED" watch --explain gateway.log --log-rules rules.yaml
}

@test "a log that is not there is said so" {
    refused 66 "gone.log" "$IBCRED" watch --explain gone.log
}
