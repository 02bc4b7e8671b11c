#!/usr/bin/env bats
# By which kind of account a version was proven, and what becomes of one that contradicts its kind.
load lib.bash

# attest PROFILE MODE KIND SEEN_NS - as a gateway that is watched tells it.
attest() {
    "$(dirname "$IBCRED")/tests/tools/attest_login" "$@"
}

# proven [FILTER] - of the first profile, as `list --json` has it.
proven() {
    "$IBCRED" list --json | jq -r ".[0] | ${1:-.proven_kind}"
}

# column PROFILE - what `list` has under PROVEN.
column() {
    "$IBCRED" list >listing
    local at
    at=$(head -1 listing | grep -bo PROVEN | cut -d: -f1)
    grep "^$1 " listing | cut -c "$((at + 1))-"
}

TODAY='[0-9]{4}-[0-9]{2}-[0-9]{2}'

@test "a version that never logged in is told as such" {
    make_vault
    [ "$(column paper)" = - ]
    [ "$(proven '[.proven_at, .proven_kind, .contradicts] | tojson')" = '[null,null,false]' ]
    "$IBCRED" show paper | grep -q ', never proven, fields'
}

@test "a success proves the version, by no kind that was seen" {
    make_vault
    "$IBCRED" inject paper >/dev/null
    "$IBCRED" report paper success --quiet
    column paper | grep -qxE "$TODAY"
    [ "$(proven '.proven_kind')" = null ]
    "$IBCRED" show paper | grep -qE ", last proven ${TODAY}T[0-9:.]+Z, fields"
}

@test "list and show say when a version was last proven, and by which kind of account" {
    make_vault
    "$IBCRED" inject paper >/dev/null
    [ "$(attest paper paper paper 5)" = agrees ]
    column paper | grep -qxE "$TODAY paper"
    "$IBCRED" show paper | grep -qE ", last proven ${TODAY}T[0-9:.]+Z by a paper account, fields"
    [ "$(proven)" = paper ]
    [ "$(proven .contradicts)" = false ]
    proven .proven_at | grep -qE "^${TODAY}T"
    [ "$(proven .proven_at)" = "$("$IBCRED" show paper --json | jq -r '.versions[0].proven_at')" ]
    [ "$("$IBCRED" show paper --json | jq -r '.versions[0].proven_kind')" = paper ]
    [ "$("$IBCRED" audit | jq -r 'select(.event == "attest") | .mode + " " + .verdict')" = 'paper attested' ]
}

@test "a live account under paper is told by list and show, and nothing is released" {
    make_vault
    "$IBCRED" inject paper >/dev/null
    "$IBCRED" report paper success --quiet
    [ "$(attest paper paper live 5)" = contradicts ]
    [ "$(attest paper paper live 5)" = again ]
    column paper | grep -qxE "$TODAY live, contradicts paper"
    "$IBCRED" show paper | grep -q ' by a live account, which contradicts paper, fields'
    [ "$(proven .contradicts)" = true ]
    [ "$("$IBCRED" show paper --json | jq -r '.versions[0] | [.proven_kind, .contradicts] | tojson')" = '["live",true]' ]
    refused 77 "another kind than was asked for" "$IBCRED" inject paper
    refused 77 "gate paper --clear" "$IBCRED" inject paper --wait
    status=0
    "$IBCRED" gate paper --json >answer 2>err || status=$?
    [ "$status" = 77 ]
    [ "$(jq -r '.decision + " " + .reason' answer)" = "hold contradicted" ]
    [ "$("$IBCRED" audit | jq -s '[.[] | select(.event == "attest" and .verdict == "contradicted")] | length')" = 1 ]
    [ "$(charges)" = 1 ]
}

@test "a success after a contradiction opens nothing" {
    make_vault
    "$IBCRED" inject paper >/dev/null
    attest paper paper live 5
    "$IBCRED" report paper success --quiet
    refused 77 "another kind" "$IBCRED" inject paper
}

@test "a contradiction is remembered by the vault where the state directory is lost" {
    make_vault
    "$IBCRED" inject paper >/dev/null
    attest paper paper live 5
    rm -r "$IBCRED_STATE_DIR"
    refused 77 "another kind than was asked for" "$IBCRED" inject paper
    refused 77 "another kind than was asked for" "$IBCRED" exec paper -- true
    status=0
    "$IBCRED" check paper --json >answer 2>err || status=$?
    [ "$status" = 77 ]
    [ "$(jq -c '[.checks[] | select(.ok | not) | .check]' answer)" = '["gate"]' ]
    seal_as paper paper "$NAME" another-pass1
    refused 77 "another kind than was asked for" "$IBCRED" inject paper
}

@test "a person clears a contradiction, and the version has to be proven anew" {
    make_vault
    "$IBCRED" inject paper >/dev/null
    attest paper paper live 5
    "$IBCRED" gate paper --clear --json --quiet >answer
    [ "$(jq -r .decision answer)" = allow ]
    [ "$(column paper)" = - ]
    [ "$(proven '[.proven_at, .proven_kind] | tojson')" = '[null,null]' ]
    "$IBCRED" inject paper >/dev/null
}

@test "sealed under its right kind and cleared, the username is released again, and only there" {
    make_vault
    policy 'modes: {paper: true, live: true}'
    "$IBCRED" inject paper >/dev/null
    attest paper paper live 5
    seal_as real live
    refused 77 "gate real --clear" "$IBCRED" inject real --mode live
    "$IBCRED" gate real --clear --quiet >/dev/null
    refused 77 "another kind" "$IBCRED" inject paper
    "$IBCRED" inject real --mode live >/dev/null
}

@test "a person may report a contradiction" {
    make_vault
    "$IBCRED" inject paper >/dev/null
    [ "$("$IBCRED" report paper contradicted --json --quiet | jq -r .outcome)" = contradicted ]
    refused 77 "another kind" "$IBCRED" inject paper
    "$IBCRED" gate paper --clear --quiet >/dev/null
    "$IBCRED" inject paper >/dev/null
}

@test "the vault is not written at each login, and is where the proof is a day old" {
    make_vault
    generation() { "$IBCRED" verify --json | jq .generation; }
    "$IBCRED" report paper success --quiet
    attest paper paper paper 5
    before=$(generation)
    "$IBCRED" report paper success --quiet
    attest paper paper paper 6
    [ "$(generation)" = "$before" ]
    # A static program cannot be preloaded over; this is the same one with shared libraries.
    preloadable=$(dirname "$IBCRED")/preloadable/ibcred
    export FAKETIME_DONT_FAKE_MONOTONIC=1 DONT_FAKE_MONOTONIC=1
    faketime -f +23h "$preloadable" report paper success --quiet
    [ "$(generation)" = "$before" ]
    faketime -f +25h "$preloadable" report paper success --quiet
    [ "$(generation)" = "$((before + 1))" ]
    [ "$(proven)" = paper ]
}
