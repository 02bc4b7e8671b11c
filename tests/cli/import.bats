#!/usr/bin/env bats
load lib.bash

line() { # PROFILE PASSWORD
    jq -nc --arg n "$1" --arg p "$2" \
        '{profile: $n, kind: "paper", fields: {IB_USERNAME: ("user" + $n), IB_PASSWORD: $p}}'
}

@test "import seals many profiles in one write" {
    "$IBCRED" init --quiet
    for n in a b c; do line "$n" "pw-$n"; done >lines
    "$IBCRED" import lines --json --quiet >answer
    [ "$(jq .profiles answer)" = 3 ]
    [ "$(jq .generation answer)" = 2 ]
    [ "$("$IBCRED" show b --reveal --field IB_PASSWORD | cat)" = pw-b ]
    line b new | "$IBCRED" import --quiet
    [ "$("$IBCRED" show b --json | jq '.versions | length')" = 2 ]
}

@test "one bad line and nothing is sealed; it is named" {
    make_vault
    before=$(sha256sum "$IBCRED_VAULT")
    for bad in '{' '[]' '{"profile":"x"}' '{"profile":"x","kind":"demo","fields":{}}' \
        '{"profile":"x","kind":"paper","fields":{"IB_USERNAME":1,"IB_PASSWORD":"p"}}' \
        '{"profile":"x","kind":"paper","fields":{"IB_USERNAME":"u","IB_PASSWORD":"p"},"extra":1}' \
        '{"profile":"x","kind":"paper","fields":{"IB_USERNAME":"DU1234567","IB_PASSWORD":"p"}}'; do
        {
            line a 1
            echo "$bad"
        } >lines
        status=0
        "$IBCRED" import lines >out 2>err || status=$?
        [ "$status" = 65 ] || [ "$status" = 64 ]
        grep -q "lines:2" err
    done
    {
        line a 1
        line a 2
    } >lines
    refused 65 "lines:2" "$IBCRED" import lines
    : >lines
    refused 65 "no profile" "$IBCRED" import lines
    refused 66 "none" "$IBCRED" import none
    [ "$before" = "$(sha256sum "$IBCRED_VAULT")" ]
}
