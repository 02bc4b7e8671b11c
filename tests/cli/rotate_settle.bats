#!/usr/bin/env bats
# rotate_settle.bats - the ledger decides about a staged version, whatever the vault has heard of it.
load rotate.bash

# try_cut_off OUTCOME - the same, and the power goes before the vault has heard of it: the ledger
# has the outcome, the vault is the one of before.
try_cut_off() {
    local before
    before=$(mktemp -d "$SCRATCH/before.XXXXXX")
    "$IBCRED" inject paper --staged >/dev/null
    cp -p "$IBCRED_VAULT" "$IBCRED_STATE_DIR"/vault-*.seen "$before"
    "$IBCRED" report paper "$1" --quiet
    cp -p "$before/ibcred.vault" "$IBCRED_VAULT"
    cp -p "$before"/vault-*.seen "$IBCRED_STATE_DIR"
    [[ $(states) == *staged ]]
}

@test "a success that the vault has not heard of: everybody takes it for promoted" {
    make_vault
    stage
    try_cut_off success
    refused 77 'version 2 has logged in' "$IBCRED" rotate paper --abort
    is 'retired active'
    audited promoted 2
    [ "$(password)" = "$NEW" ]
}

@test "--resume writes into the vault what the ledger has decided, and says it once" {
    make_vault
    stage
    try_cut_off success
    "$IBCRED" rotate --resume --json >answer 2>err
    [ "$(jq -c '.[0] | [.profile, .staging, .version, .brought, .behind, .message]' answer)" = \
        '["paper","promoted",2,0,0,null]' ]
    grep -q 'version 2 had logged in; it is the active one now' err
    is 'retired active'
    [ "$("$IBCRED" rotate --resume --json 2>err)" = '[]' ]
    [ ! -s err ]
}

@test "so does the next release, and the next password" {
    make_vault
    stage
    try_cut_off success
    [ "$(password)" = "$NEW" ]
    is 'retired active'
    "$IBCRED" report paper success --quiet
    stage third-pass3
    try_cut_off success
    is 'retired active staged'
    stage fourth-pass4
    is 'retired retired active staged'
}

@test "a rejection that the vault has not heard of: it is burned, and never released" {
    make_vault
    stage
    try_cut_off rejected
    refused 66 'no staged version' "$IBCRED" inject paper --staged
    is 'active burned'
    audited burned 2
    [ "$(gate .failures || true)" = 1 ]
}

@test "--resume and --abort say of a rejection that it is burned" {
    make_vault
    stage
    try_cut_off rejected
    "$IBCRED" rotate --resume 2>err
    grep -q 'version 2 had been rejected; it is burned, and the active one stays' err
    is 'active burned'
    "$IBCRED" gate paper --clear --quiet >/dev/null
    stage third-pass3
    try_cut_off rejected
    "$IBCRED" rotate --abort 2>err
    grep -q 'version 3 was rejected and is burned already; the active one stays' err
    is 'active burned burned'
}

@test "--resume without anything to do is silent, and looks after all profiles" {
    make_vault
    refused 66 nosuch "$IBCRED" rotate nosuch --resume
    "$IBCRED" rotate --resume >out 2>err
    [ ! -s out ]
    [ ! -s err ]
    seal_as second paper user-2
    seal_as third paper user-3
    stage
    stage "$NEW" third
    status=0
    "$IBCRED" rotate --resume --json >answer 2>err || status=$?
    [ "$status" = 75 ]
    [ "$(jq -c '[.[] | [.profile, .staging, .version]]' answer)" = \
        '[["paper","staged",2],["third","staged",2]]' ]
    [ "$(grep -c '^ibcred: ' err)" = 1 ]
    try success
    status=0
    "$IBCRED" rotate third --resume --json >answer 2>err || status=$?
    [ "$status" = 75 ]
    "$IBCRED" inject third --staged >/dev/null
    "$IBCRED" rotate --resume --json >answer 2>err || true
    [ "$(jq -c '[.[] | [.profile, .staging]]' answer)" = '[["third","tried"]]' ]
    "$IBCRED" rotate paper --resume
}

@test "sealing while one is staged drops it" {
    make_vault
    stage
    seal_as paper paper "$NAME" sealed-pass3
    is 'retired retired active'
    refused 66 'no staged version' "$IBCRED" inject paper --staged
    [ "$(password)" = sealed-pass3 ]
    not grep -q warning err
    # And what its login comes to, which was on its way, does not bring it back.
    "$IBCRED" gate paper --clear --quiet >/dev/null
    stage fourth-pass4
    "$IBCRED" inject paper --staged >/dev/null
    seal_as paper paper "$NAME" fifth-pass5
    "$IBCRED" report paper success --quiet
    is 'retired retired retired retired active'
    "$IBCRED" rotate --resume
}
