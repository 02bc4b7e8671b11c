#!/usr/bin/env bats
load lib.bash

@test "init makes a vault and an identity that only the owner can read" {
    run "$IBCRED" init --quiet
    [ "$status" = 0 ]
    [ -z "$output" ]
    [ "$(stat -c %a "$IBCRED_VAULT")" = 600 ]
    [ "$(stat -c %a "$IBCRED_IDENTITY_FILE")" = 600 ]
    "$IBCRED" verify
}

@test "the identity is one that age-keygen knows" {
    "$IBCRED" init --json --quiet >answer
    [ "$(jq -r '.recipients[0]' answer)" = "$(age-keygen -y "$IBCRED_IDENTITY_FILE")" ]
    [ "$(jq -r .identity answer)" = "$IBCRED_IDENTITY_FILE" ]
}

@test "a vault for keys from age-keygen opens with each of them and with no other" {
    for n in 1 2 3; do age-keygen -o "key$n" 2>/dev/null; done
    unset IBCRED_IDENTITY_FILE
    "$IBCRED" init --quiet --recipient "$(age-keygen -y key1)" --recipient "$(age-keygen -y key2)"
    [ ! -e .config/ibcred/identity ]
    "$IBCRED" verify --identity key1
    "$IBCRED" verify --identity key2
    refused 77 "" "$IBCRED" verify --identity key3
}

@test "an existing vault and an existing identity are left alone" {
    "$IBCRED" init --quiet
    before=$(sha256sum "$IBCRED_VAULT" "$IBCRED_IDENTITY_FILE")
    refused 73 "already" "$IBCRED" init
    [ "$before" = "$(sha256sum "$IBCRED_VAULT" "$IBCRED_IDENTITY_FILE")" ]
    "$IBCRED" init --quiet --vault second.vault
    "$IBCRED" verify --vault second.vault
}

@test "a vault that cannot be made leaves no identity behind" {
    refused 73 "cannot be created" "$IBCRED" init --vault "$SCRATCH/none/such.vault"
    [ ! -e "$IBCRED_IDENTITY_FILE" ]
}

@test "a passphrase opens the vault, a wrong one does not" {
    unset IBCRED_IDENTITY_FILE
    IBCRED_PASSPHRASE_FD=3 "$IBCRED" init --passphrase --quiet 3<<<'correct horse'
    IBCRED_PASSPHRASE_FD=3 "$IBCRED" verify 3<<<'correct horse'
    IBCRED_PASSPHRASE_FD=3 run "$IBCRED" verify 3<<<'wrong horse'
    [ "$status" = 77 ]
    refused 64 "descriptor" env IBCRED_PASSPHRASE_FD=77 "$IBCRED" verify
    refused 64 "empty passphrase" env IBCRED_PASSPHRASE_FD=0 "$IBCRED" init --passphrase --vault v2
    [ ! -e v2 ]
}

@test "the passphrase is asked for on the terminal, twice when it is new" {
    unset IBCRED_IDENTITY_FILE
    on_terminal one one -- "$IBCRED" init --passphrase --quiet >typescript
    on_terminal one -- "$IBCRED" verify >>typescript
    grep -q intact typescript
    not grep -qw one typescript
    on_terminal one two -- "$IBCRED" init --passphrase --vault v2 >typescript || true
    grep -q "not the same twice" typescript
    [ ! -e v2 ]
}

@test "a malformed recipient is refused" {
    for key in age1 AGE1QQ "$(age-keygen 2>/dev/null | tail -1)" ssh-ed25519 ''; do
        status=0
        "$IBCRED" init --recipient "$key" >out 2>err || status=$?
        [ "$status" = 64 ]
        not grep -q SECRET err
    done
    [ ! -e "$IBCRED_VAULT" ]
}
