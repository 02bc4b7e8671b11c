#!/usr/bin/env bats
load lib.bash

# age_key FILE - an identity of age-keygen; prints its recipient.
age_key() {
    age-keygen -o "$1" 2>/dev/null
    age-keygen -y "$1"
}

# unchanged COMMAND… - the vault has the same bytes afterwards.
unchanged() {
    local before
    before=$(sha256sum "$IBCRED_VAULT")
    "$@"
    [ "$before" = "$(sha256sum "$IBCRED_VAULT")" ]
}

# password [OPTION]… - of the profile "paper".
password() {
    "$IBCRED" show paper --reveal --field IB_PASSWORD "$@"
}

@test "key new writes an identity that age-keygen knows, and never over another" {
    recipient=$("$IBCRED" key new --output laptop 2>err)
    [ "$recipient" = "$(age-keygen -y laptop)" ]
    [ "$(stat -c %a laptop)" = 600 ]
    not grep -q AGE-SECRET err
    before=$(sha256sum laptop)
    refused 73 "laptop" "$IBCRED" key new --output laptop
    [ "$before" = "$(sha256sum laptop)" ]
    ln -s nowhere dangling
    refused 73 "dangling" "$IBCRED" key new --output dangling
    [ ! -e nowhere ]
    refused 64 "operand" "$IBCRED" key new laptop2
    [ ! -e laptop2 ]
}

@test "key new without --output makes the identity that is looked for" {
    unset IBCRED_IDENTITY_FILE
    "$IBCRED" key new --json --quiet >answer
    [ "$(jq -r .identity answer)" = "$HOME/.config/ibcred/identity" ]
    [ "$(jq -r .recipient answer)" = "$(age-keygen -y .config/ibcred/identity)" ]
    [ "$(stat -c %a .config/ibcred)" = 700 ]
    "$IBCRED" init --quiet
    "$IBCRED" verify
}

@test "a key from age-keygen opens once it is added, and no more once it is removed" {
    make_vault
    recipient=$(age_key other)
    refused 77 "identity" "$IBCRED" list --identity other
    "$IBCRED" key add "$recipient" --label laptop --quiet
    [ "$(password --identity other)" = "$SECRET" ]
    cp "$IBCRED_VAULT" old.vault
    "$IBCRED" key remove laptop --yes 2>err
    grep -q "copies of the vault" err
    refused 77 "identity" "$IBCRED" list --identity other
    [ "$(password)" = "$SECRET" ]
    "$IBCRED" verify
    # The copy that its owner kept still opens, as the command said.
    IBCRED_STATE_DIR=$SCRATCH/other-state "$IBCRED" list --vault old.vault --identity other >names
    grep -q paper names
}

@test "a key is removed by its number, its recipient or its label" {
    make_vault
    for n in 1 2 3; do
        "$IBCRED" key add "$(age_key "k$n")" --label "key-$n" --quiet
    done
    "$IBCRED" key remove 2 --yes --json --quiet >answer
    [ "$(jq -r .removed.label answer)" = key-1 ]
    "$IBCRED" key remove "$(age-keygen -y k3)" --yes --json --quiet >answer
    [ "$(jq -r .removed.recipient answer)" = "$(age-keygen -y k3)" ]
    "$IBCRED" key remove key-2 --yes --quiet
    [ "$("$IBCRED" key list --json | jq length)" = 1 ]
    for n in 1 2 3; do refused 77 "" "$IBCRED" list --identity "k$n"; done
}

@test "a key that is not there, is not named for sure, or is the last, is not removed" {
    make_vault
    "$IBCRED" key add "$(age_key k1)" --label twin --expires 90d --quiet
    "$IBCRED" key add "$(age_key k2)" --label twin --expires 90d --quiet
    unchanged refused 66 "key list" "$IBCRED" key remove 4 --yes
    unchanged refused 66 "key list" "$IBCRED" key remove 0 --yes
    unchanged refused 66 "key list" "$IBCRED" key remove nobody --yes
    unchanged refused 66 "key list" "$IBCRED" key remove '' --yes
    unchanged refused 66 "key list" "$IBCRED" key remove "$(age_key k3)" --yes
    unchanged refused 64 "2 keys" "$IBCRED" key remove twin --yes
    unchanged refused 64 "never expires" "$IBCRED" key remove 1 --yes
    unchanged refused 64 "--yes" "$IBCRED" key remove 2
    unchanged refused 66 "key list" "$IBCRED" key remove 4
    unchanged refused 64 "name one key" "$IBCRED" key remove
    unchanged refused 64 "a secret" "$IBCRED" key remove "$(grep SECRET k1)" --yes
    not grep -q AGE-SECRET err
}

@test "the only key is not removed, and the sentence says that it is the only one" {
    make_vault
    unchanged refused 64 "nobody could open" "$IBCRED" key remove 1 --yes
}

@test "who is asked about a key is told which one it is" {
    make_vault
    "$IBCRED" key add "$(age_key k1)" --label laptop --quiet
    on_terminal n -- "$IBCRED" key remove 2 >shown || true
    grep -q "Remove recipient $(age-keygen -y k1) 'laptop'" shown
    [ "$("$IBCRED" key list --json | jq length)" = 2 ]
    on_terminal '' -- "$IBCRED" key remove laptop >shown || true
    grep -q "not confirmed; nothing was changed" shown
    on_terminal y -- "$IBCRED" key remove laptop >shown
    [ "$("$IBCRED" key list --json | jq length)" = 1 ]
    refused 66 "no vault" "$IBCRED" key remove 1 --vault "$SCRATCH/nothing"
}

@test "a recipient that has two slots loses both" {
    unset IBCRED_IDENTITY_FILE
    twice=$(age_key twice)
    once=$(age_key once)
    "$IBCRED" init --quiet --recipient "$twice" --recipient "$once" --recipient "$twice"
    "$IBCRED" key remove 1 --yes --quiet --identity once
    refused 77 "" "$IBCRED" list --identity twice
    [ "$("$IBCRED" key list --json --identity once | jq length)" = 1 ]
}

@test "who removes the key in use is warned, and is out" {
    make_vault
    "$IBCRED" key add "$(age_key other)" --quiet
    "$IBCRED" key remove 1 --yes 2>err
    grep -q "warning.*opens the vault no more" err
    refused 77 "" "$IBCRED" list
    "$IBCRED" list --identity other
}

@test "key list shows each key, when it was made and when it ends" {
    make_vault
    "$IBCRED" key add "$(age_key k1)" --label "ops laptop" --expires 2099-01-31 --quiet
    IBCRED_NEW_PASSPHRASE_FD=3 "$IBCRED" key add --passphrase --label phrase \
        --expires 2099-01-31T18:00:00Z --quiet 3<<<'correct horse'
    "$IBCRED" key list --json >keys
    jq -e '[.[].number] == [1, 2, 3]' keys
    jq -e '[.[].type] == ["recipient", "recipient", "passphrase"]' keys
    jq -e '[.[].label] == [null, "ops laptop", "phrase"]' keys
    jq -e '[.[].expires] == [null, "2099-01-31T00:00:00.000Z", "2099-01-31T18:00:00.000Z"]' keys
    jq -e '[.[].expired] == [false, false, false]' keys
    [ "$(jq -r '.[1].recipient' keys)" = "$(age-keygen -y k1)" ]
    jq -e '.[2].recipient == null and (.[0].created | length == 24)' keys
    "$IBCRED" key list >table
    [ "$(wc -l <table)" = 4 ]
    grep -q "^  2 .*$(age-keygen -y k1).*2099-01-31T00:00:00Z  ops laptop$" table
    grep -q "^  1 .*never" table
    refused 64 "no operand" "$IBCRED" key list 1
}

@test "an expired key opens nothing, is shown as such, and goes with the next data key" {
    make_vault
    preloadable=$(dirname "$IBCRED")/preloadable/ibcred
    "$IBCRED" key add "$(age_key guest)" --label guest --expires 1h --quiet
    "$IBCRED" list --identity guest >/dev/null
    refused 77 "expired at" faketime -f +61m "$preloadable" list --identity guest
    faketime -f +61m "$preloadable" key list >table
    grep -q EXPIRED table
    faketime -f +61m "$preloadable" key rotate 2>err
    grep -q "1 expired key is out" err
    "$IBCRED" key list --json | jq -e 'length == 1'
    [ "$(password)" = "$SECRET" ]
}

@test "an expiry that is malformed or over is refused" {
    make_vault
    recipient=$(age_key other)
    for when in soon 2099-02-30 2099-1-1 99-01-01 2099-01-31T18:00Z 2099-01-31T18:00:00 -1d 1w \
        2099-01-31x '' 40000d 2099-01-31T18:00:00+0; do
        unchanged refused 64 "--expires" "$IBCRED" key add "$recipient" --expires "$when"
    done
    for when in 0 2020-01-31; do
        unchanged refused 64 "expired before" "$IBCRED" key add "$recipient" --expires "$when"
    done
}

@test "what is no key, or has been added, is not added" {
    make_vault
    unchanged refused 64 "recipient" "$IBCRED" key add ssh-ed25519
    unchanged refused 64 "recipient" "$IBCRED" key add "$(grep SECRET "$IBCRED_IDENTITY_FILE")"
    not grep -q AGE-SECRET err
    unchanged refused 64 "already" "$IBCRED" key add "$(age-keygen -y "$IBCRED_IDENTITY_FILE")"
    unchanged refused 64 "which key" "$IBCRED" key add
    unchanged refused 64 "which key" "$IBCRED" key add "$(age_key k1)" --passphrase
    unchanged refused 64 "label" "$IBCRED" key add "$(age_key k2)" --label "$(printf '%065d' 1)"
    unchanged refused 64 "label" "$IBCRED" key add "$(age_key k3)" --label $'two\nlines'
    refused 66 "no vault" "$IBCRED" key add "$(age_key k4)" --vault none
    refused 64 "what to do" "$IBCRED" key
    refused 64 "what to do" "$IBCRED" key frobnicate
}

@test "a passphrase is added through a descriptor, and opens" {
    make_vault
    IBCRED_NEW_PASSPHRASE_FD=3 "$IBCRED" key add --passphrase --quiet 3<<<'correct horse'
    unset IBCRED_IDENTITY_FILE
    IBCRED_PASSPHRASE_FD=3 "$IBCRED" verify 3<<<'correct horse'
    # One passphrase opens, and another is added.
    IBCRED_PASSPHRASE_FD=3 IBCRED_NEW_PASSPHRASE_FD=4 "$IBCRED" key add --passphrase --quiet \
        3<<<'correct horse' 4<<<'battery staple'
    IBCRED_PASSPHRASE_FD=3 "$IBCRED" verify 3<<<'battery staple'
    IBCRED_NEW_PASSPHRASE_FD=3 "$IBCRED" init --passphrase --vault v2 --quiet 3<<<'second'
    IBCRED_PASSPHRASE_FD=3 "$IBCRED" verify --vault v2 3<<<'second'
    export IBCRED_IDENTITY_FILE=$SCRATCH/identity
    # shellcheck disable=SC2016
    IBCRED_NEW_PASSPHRASE_FD=9 "$IBCRED" exec paper -- bash -c '[ ! -e /proc/$$/fd/9 ]' 9<<<'x'
    unchanged refused 64 "one descriptor" env IBCRED_PASSPHRASE_FD=0 IBCRED_NEW_PASSPHRASE_FD=0 \
        "$IBCRED" key add --passphrase
    unchanged refused 64 "empty passphrase" env IBCRED_NEW_PASSPHRASE_FD=0 \
        "$IBCRED" key add --passphrase
    unchanged refused 64 "no terminal" setsid -w "$IBCRED" key add --passphrase
}

@test "a passphrase is asked for twice on the terminal" {
    make_vault
    on_terminal 'correct horse' 'correct horse' -- "$IBCRED" key add --passphrase >typescript
    not grep -q 'correct horse' typescript
    unchanged not on_terminal one two -- "$IBCRED" key add --passphrase >typescript
    grep -q "not the same twice" typescript
    unset IBCRED_IDENTITY_FILE
    IBCRED_PASSPHRASE_FD=3 "$IBCRED" verify 3<<<'correct horse'
}

@test "key rotate seals everything anew and needs each passphrase" {
    make_vault
    IBCRED_NEW_PASSPHRASE_FD=3 "$IBCRED" key add --passphrase --label phrase --quiet \
        3<<<'correct horse'
    cp "$IBCRED_VAULT" old.vault
    unchanged refused 64 "no terminal" setsid -w "$IBCRED" key rotate
    IBCRED_PASSPHRASE_FD=0 unchanged refused 77 "key 2" "$IBCRED" key rotate
    IBCRED_PASSPHRASE_FD=3 "$IBCRED" key rotate --json --quiet 3<<<'correct horse' >answer
    jq -e '.generation == 4 and .expired == 0 and .removed == null' answer
    [ "$(password)" = "$SECRET" ]
    unset IBCRED_IDENTITY_FILE
    IBCRED_PASSPHRASE_FD=3 "$IBCRED" verify 3<<<'correct horse'
    # Nothing behind the header and the vault's id is as it was.
    cmp -l -i 56 old.vault "$IBCRED_VAULT" >differences || true
    [ "$(wc -l <differences)" -gt $((($(stat -c %s old.vault) - 56) * 9 / 10)) ]
    refused 64 "no operand" "$IBCRED" key rotate paper
}

@test "a key is removed beside any number of passphrases" {
    make_vault
    for phrase in 'correct horse' 'battery staple' 'third of them'; do
        IBCRED_NEW_PASSPHRASE_FD=3 "$IBCRED" key add --passphrase --quiet --label "${phrase%% *}" \
            3<<<"$phrase"
    done
    "$IBCRED" key add "$(age_key lost)" --label lost --quiet
    IBCRED_PASSPHRASE_FD=3 unchanged refused 77 "key 3" "$IBCRED" key remove lost --yes \
        3<<<'correct horse'
    IBCRED_PASSPHRASE_FD=3 unchanged refused 77 "key 4" "$IBCRED" key remove lost --yes \
        3<<<$'correct horse\nbattery staple\nno'
    IBCRED_PASSPHRASE_FD=3 "$IBCRED" key remove lost --yes --quiet \
        3<<<$'correct horse\nbattery staple\nthird of them'
    on_terminal 'third of them' 'correct horse' -- "$IBCRED" key remove battery --yes >typescript
    grep -q 'Passphrase of key 2, correct' typescript
    unset IBCRED_IDENTITY_FILE
    IBCRED_PASSPHRASE_FD=3 "$IBCRED" verify 3<<<'correct horse'
    IBCRED_PASSPHRASE_FD=3 "$IBCRED" verify 3<<<'third of them'
    IBCRED_PASSPHRASE_FD=3 refused 77 "passphrase" "$IBCRED" verify 3<<<'battery staple'
}

@test "each change of keys is one line of audit, without a secret" {
    make_vault
    recipient=$(age_key other)
    "$IBCRED" key add "$recipient" --label laptop --quiet
    "$IBCRED" key remove laptop --yes --quiet
    "$IBCRED" key rotate --quiet
    "$IBCRED" audit >log
    jq -se '[.[] | select(.event | startswith("key")) | .event]
        == ["key-add", "key-remove", "key-rotate"]' log
    grep '"key-add"' log | grep -q "$recipient 'laptop'"
    not grep -qE 'AGE-SECRET' log
    "$IBCRED" audit verify >/dev/null
}

@test "keys outlive each other's changes: writers and rotations at once lose nothing" {
    make_vault
    pids=()
    for n in 1 2 3 4 5 6; do
        seal_as "writer$n" paper "user$n" &
        pids+=($!)
        "$IBCRED" key rotate --quiet &
        pids+=($!)
        "$IBCRED" key add "$(age_key "k$n")" --quiet &
        pids+=($!)
    done
    for pid in "${pids[@]}"; do wait "$pid"; done
    "$IBCRED" verify --json --quiet >answer
    jq -e '.profiles == 7 and .keys == 7 and .generation == 20' answer
    for n in 1 2 3 4 5 6; do "$IBCRED" show "writer$n" --identity "k$n" >/dev/null; done
}
