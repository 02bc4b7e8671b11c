#!/usr/bin/env bats
# The keys of every answer: what scripts may rely on.
load lib.bash

keys() { jq -c 'keys'; }

@test "every command that answers has stable keys" {
    [ "$("$IBCRED" init --json --quiet | keys)" = '["identity","passphrase","recipients","vault"]' ]
    [ "$(jq -n '{IB_USERNAME: "u", IB_PASSWORD: "p"}' |
        "$IBCRED" seal paper --kind paper --stdin --json --quiet | keys)" = \
        '["generation","profile","version","warnings"]' ]
    [ "$("$IBCRED" verify --json | keys)" = '["generation","intact","keys","profiles"]' ]
    [ "$("$IBCRED" list --json | jq -c '.[0] | keys')" = \
        '["account","contradicts","kind","profile","proven_at","proven_kind","sealed","state","version"]' ]
    [ "$("$IBCRED" show --json | keys)" = '["account","copies","created","kind","profile","versions"]' ]
    [ "$("$IBCRED" show --json | jq -c '.versions[0] | keys')" = \
        '["contradicts","expires_at","fields","proven_at","proven_kind","sealed","since","state","version"]' ]
    [ "$("$IBCRED" check --json | keys)" = '["checks","mode","profile","version","warnings"]' ]
    [ "$("$IBCRED" check --json | jq -c '.checks[0] | keys')" = \
        '["check","exit_code","message","ok"]' ]
    [ "$("$IBCRED" inject --json | keys)" = \
        '["mode","path","profile","staged","to","ttl","version"]' ]
    [ "$("$IBCRED" report paper success --json --quiet | keys)" = \
        '["burned","outcome","profile","promoted","vault_marked"]' ]
    [ "$(IB_PASSWORD=An0ther-1 "$IBCRED" rotate --from-env --json --quiet | keys)" = \
        '["generation","profile","state","version","warnings"]' ]
    [ "$("$IBCRED" rotate --resume --json --quiet 2>/dev/null | jq -c '.[0] | keys')" = \
        '["behind","brought","message","profile","staging","version"]' ]
    [ "$("$IBCRED" rotate --abort --json --quiet | keys)" = '["aborted","profile","version"]' ]
    [ "$("$IBCRED" key list --json | jq -c '.[0] | keys')" = \
        '["created","expired","expires","label","number","recipient","type"]' ]
    [ "$("$IBCRED" key rotate --json --quiet | keys)" = '["expired","generation","removed"]' ]
    [ "$("$IBCRED" provision github --repo o/r --dry-run --json --quiet | keys)" = \
        '["behind","done","forge","profile","secrets"]' ]
    [ "$("$IBCRED" provision github --repo o/r --dry-run --json --quiet |
        jq -c '.secrets[0] | keys')" = '["field","message","name","result","target"]' ]
    [ "$("$IBCRED" gate --json | keys)" = \
        '["attempts","decision","failures","max_attempts","max_failures","profile","reason","wait_seconds"]' ]
    [ "$("$IBCRED" probe 127.0.0.1:1 --json 2>/dev/null | keys)" = \
        '["account_count","accounts","connect_ms","error","host","kind","message","offset_seconds","port","ready_ms","server_time","server_version","state"]' ]
    printf 'services: {ib-gateway: {image: a, restart: always}}\n' >compose.yml
    "$IBCRED" doctor --files-only --json >answer || [ $? = 1 ]
    [ "$(keys <answer)" = '["errors","files","findings","notes","warnings"]' ]
    [ "$(jq -c '.findings[0] | keys' answer)" = \
        '["column","file","fixable","instead","line","message","rule","severity","why"]' ]
    [ "$("$IBCRED" audit verify --json | keys)" = '["intact","lines"]' ]
    [ "$("$IBCRED" reap --json --quiet | keys)" = '["ended"]' ]
    [ "$("$IBCRED" remove paper --yes --json --quiet | keys)" = '["generation","removed"]' ]
}

@test "an answer is one JSON document, also when it says no" {
    make_vault
    "$IBCRED" inject >/dev/null
    for command in "inject" "gate" "check" "show none" "report paper nonsense"; do
        # shellcheck disable=SC2086 # words on purpose
        "$IBCRED" $command --json 2>/dev/null | jq -s -e 'length == 1' >/dev/null
    done
}

@test "help and version need nothing" {
    env -i "$IBCRED" --version | grep -q '^ibcred '
    env -i "$IBCRED" --help | grep -q inject
    for command in init seal import rotate export list show remove verify key unlock lock check inject exec \
        ci provision report gate reap audit; do
        "$IBCRED" "$command" --help | grep -q "usage: ibcred $command"
    done
    status=0
    "$IBCRED" nonsense >out 2>err || status=$?
    [ "$status" = 64 ]
    [ ! -s out ]
    grep -q nonsense err
}
