#!/usr/bin/env bats
load lib.bash

# In a container the kernel may refuse its keyrings.
setup_file() {
    unset IBCRED_IDENTITY IBCRED_POLICY
    probe=$(mktemp -d "${TMPDIR:-/tmp}/ibcred-cli.XXXXXX")
    IBCRED=${IBCRED:-$BATS_TEST_DIRNAME/../../build/ibcred}
    export HOME=$probe IBCRED_STATE_DIR=$probe/state
    IBCRED_PASSPHRASE_FD=3 "$IBCRED" init --passphrase --vault "$probe/v" --quiet 3<<<'horse'
    KEYRING=yes
    IBCRED_PASSPHRASE_FD=3 "$IBCRED" unlock --vault "$probe/v" --ttl 1s --quiet 3<<<'horse' ||
        KEYRING=no
    export KEYRING
    rm -rf "$probe"
}

# passphrase_vault - that nothing else opens, with one profile.
passphrase_vault() {
    [ "$KEYRING" = yes ] || skip "the kernel gives no keyring here"
    unset IBCRED_IDENTITY_FILE
    IBCRED_PASSPHRASE_FD=3 "$IBCRED" init --passphrase --quiet 3<<<'correct horse'
    jq -n --arg p "$SECRET" '{IB_USERNAME: "trader7", IB_PASSWORD: $p}' |
        IBCRED_PASSPHRASE_FD=3 "$IBCRED" seal paper --kind paper --stdin --quiet 3<<<'correct horse'
}

unlock() {
    IBCRED_PASSPHRASE_FD=3 "$IBCRED" unlock "$@" 3<<<'correct horse'
}

# asks COMMAND… - wants a passphrase, and there is nobody.
asks() {
    refused 64 "no terminal" setsid -w "$@"
    grep -q IBCRED_PASSPHRASE_FD "$SCRATCH/err"
}

@test "an unlocked vault opens without a question until it is locked" {
    passphrase_vault
    asks "$IBCRED" list
    unlock 2>err
    grep -q "15 min" err
    [ "$("$IBCRED" show paper --reveal --field IB_PASSWORD </dev/null)" = "$SECRET" ]
    seal_as second paper
    "$IBCRED" lock
    asks "$IBCRED" list
}

@test "an unlocked vault opens in another session with another environment, as from cron" {
    passphrase_vault
    unlock --quiet
    env -i HOME="$HOME" IBCRED_STATE_DIR="$IBCRED_STATE_DIR" setsid -w \
        "$IBCRED" list --vault "$IBCRED_VAULT" </dev/null >names
    grep -q paper names
    "$IBCRED" lock --quiet
}

@test "lock needs no key, and says whether there was anything to lock" {
    passphrase_vault
    "$IBCRED" lock --json --quiet | jq -e '.was_unlocked == false'
    unlock --quiet
    "$IBCRED" lock --json --quiet | jq -e '.was_unlocked == true'
    "$IBCRED" lock 2>err
    grep -q "was not unlocked" err
    refused 66 "none" "$IBCRED" lock --vault none
    refused 64 "operand" "$IBCRED" lock "$IBCRED_VAULT"
}

@test "unlock asks, even while the vault is unlocked, and a wrong answer changes nothing" {
    passphrase_vault
    unlock --ttl 1m --json --quiet >answer
    jq -e '.ttl == 60' answer
    asks "$IBCRED" unlock --ttl 24h
    IBCRED_PASSPHRASE_FD=0 refused 77 "passphrase" "$IBCRED" unlock
    "$IBCRED" list >/dev/null </dev/null
    on_terminal 'correct horse' -- "$IBCRED" unlock >typescript
    not grep -q 'correct horse' typescript
    "$IBCRED" lock --quiet
}

@test "a time that is none or too long is refused" {
    passphrase_vault
    for ttl in 0 25h 1441m 2d x ''; do
        refused 64 "--ttl" "$IBCRED" unlock --ttl "$ttl"
    done
    refused 64 "operand" "$IBCRED" unlock 15m
    asks "$IBCRED" list
}

@test "after the time is over somebody is asked again" {
    passphrase_vault
    unlock --ttl 2s --quiet
    for _ in $(seq 100); do
        setsid -w "$IBCRED" list </dev/null >/dev/null 2>&1 || break
        sleep 0.2
    done
    asks "$IBCRED" list
}

@test "a new data key ends what was unlocked" {
    passphrase_vault
    unlock --quiet
    IBCRED_PASSPHRASE_FD=3 "$IBCRED" key rotate --quiet 3<<<'correct horse'
    asks "$IBCRED" list
    "$IBCRED" lock --json --quiet | jq -e '.was_unlocked == false'
}

@test "one vault that is unlocked opens no other, and another user finds nothing" {
    passphrase_vault
    unlock --quiet
    IBCRED_PASSPHRASE_FD=3 "$IBCRED" init --passphrase --vault other.vault --quiet 3<<<'other'
    asks "$IBCRED" list --vault other.vault
    [ "$(id -u)" = 0 ] || skip "needs root"
    cp "$IBCRED" ibcred
    cp "$IBCRED_VAULT" nobodys.vault
    mkdir state-of-nobody
    chown 65534:65534 nobodys.vault state-of-nobody
    chmod 755 "$SCRATCH" ibcred
    IBCRED_STATE_DIR=$SCRATCH/state-of-nobody refused 64 "no terminal" \
        setsid -w setpriv --reuid=65534 --regid=65534 --clear-groups \
        ./ibcred list --vault nobodys.vault
    "$IBCRED" lock --quiet
}
