#!/usr/bin/env bats
# What others can write is not trusted; what cannot be written stops the release.
load lib.bash

@test "a vault, identity, policy or state directory that others can write is refused" {
    make_vault
    policy 'ttl: {default: 1m}'
    for file in "$IBCRED_VAULT" "$IBCRED_IDENTITY_FILE" "$IBCRED_POLICY" "$IBCRED_STATE_DIR"; do
        mode=$(stat -c %a "$file")
        for bad in g+w o+w; do
            chmod "$bad" "$file"
            refused 77 "$file" "$IBCRED" inject paper
            chmod "$mode" "$file"
        done
    done
    "$IBCRED" inject paper >/dev/null
    "$IBCRED" report paper success --quiet
    "$IBCRED" reap --all --quiet
    for file in "$IBCRED_STATE_DIR"/ledger-* "$IBCRED_STATE_DIR"/audit-*; do
        chmod g+w "$file"
        refused 77 "others" "$IBCRED" inject paper
        chmod g-w "$file"
    done
    [ "$(deliveries)" = 0 ]
    "$IBCRED" inject paper >/dev/null
}

@test "a missing or damaged vault, identity or policy has its exit code" {
    refused 66 "$IBCRED_VAULT" "$IBCRED" list
    make_vault
    refused 66 "none" "$IBCRED" list --vault none
    refused 66 "none" "$IBCRED" list --identity none
    refused 66 "none" "$IBCRED" list --policy none
    echo garbage >bad
    refused 65 "bad" "$IBCRED" list --vault bad
    refused 65 "bad:1" "$IBCRED" list --identity bad
    printf 'gate:\n  max_failure: 3\n' >bad
    refused 78 "bad:2:3" "$IBCRED" list --policy bad
    age-keygen -o other 2>/dev/null
    refused 77 "$IBCRED_VAULT" "$IBCRED" list --identity other
}

@test "an unwritable state directory, ledger or audit log: no release" {
    make_vault
    "$IBCRED" inject paper >/dev/null
    "$IBCRED" report paper success --quiet
    "$IBCRED" reap --all --quiet
    cp "$IBCRED" ibcred
    chmod 755 ibcred
    if [ "$(id -u)" = 0 ]; then
        chown -R 65534:65534 "$SCRATCH" "$IBCRED_RUNTIME_DIR"
    fi
    for file in "$IBCRED_STATE_DIR"/ledger-* "$IBCRED_STATE_DIR"/audit-*; do
        chmod 400 "$file"
        status=0
        as_nobody ./ibcred inject paper >out 2>err || status=$?
        chmod 600 "$file"
        [ "$status" = 74 ]
        [ ! -s out ]
    done
    rm -r "$IBCRED_STATE_DIR"
    mkdir -m 500 "$IBCRED_STATE_DIR"
    [ "$(id -u)" != 0 ] || chown 65534:65534 "$IBCRED_STATE_DIR"
    status=0
    as_nobody ./ibcred inject paper >out 2>err || status=$?
    [ "$status" = 73 ] || [ "$status" = 74 ]
    [ ! -s out ]
    [ "$(as_nobody find "$IBCRED_RUNTIME_DIR" -name 'lease-*' | wc -l)" = 0 ]
}

@test "a full disk: no release, and nothing charged" {
    make_vault
    [ "$(id -u)" = 0 ] || skip "needs root to mount a small tmpfs"
    mkdir small
    mount -t tmpfs -o size=16k,mode=700 none small || skip "cannot mount here"
    cp -p "$IBCRED_STATE_DIR"/* small/
    status=0
    dd if=/dev/zero of=small/filler bs=1k count=64 2>/dev/null || true
    IBCRED_STATE_DIR=$SCRATCH/small "$IBCRED" inject paper >out 2>err || status=$?
    rm small/filler
    released=$(IBCRED_STATE_DIR=$SCRATCH/small "$IBCRED" gate paper --json 2>/dev/null | jq -r .decision)
    umount small
    [ "$status" = 74 ]
    [ ! -s out ]
    [ "$(deliveries)" = 0 ]
    [ "$released" = allow ]
}

@test "a full runtime directory: no release, and nothing charged" {
    make_vault
    [ "$(id -u)" = 0 ] || skip "needs root to mount a small tmpfs"
    mkdir small
    mount -t tmpfs -o size=8k,mode=700 none small || skip "cannot mount here"
    dd if=/dev/zero of=small/filler bs=1k count=64 2>/dev/null || true
    status=0
    IBCRED_RUNTIME_DIR=$SCRATCH/small "$IBCRED" inject paper >out 2>err || status=$?
    umount small
    [ "$status" = 73 ]
    [ ! -s out ]
    "$IBCRED" gate paper | grep -q allow
}

@test "an edited, shortened or gapped audit log is found" {
    make_vault
    "$IBCRED" inject paper >/dev/null
    "$IBCRED" report paper success --quiet
    "$IBCRED" audit verify
    log=$(echo "$IBCRED_STATE_DIR"/audit-*.jsonl)
    cp "$log" good
    sed -i 's/"allowed"/"refused"/' "$log"
    status=0; "$IBCRED" audit verify >/dev/null 2>err || status=$?
    [ "$status" = 65 ]
    sed 2d good >"$log"
    status=0; "$IBCRED" audit verify >/dev/null 2>err || status=$?
    [ "$status" = 65 ]
    sed '$d' good >"$log"
    status=0; "$IBCRED" audit verify >/dev/null 2>err || status=$?
    [ "$status" = 65 ]
    refused 65 "audit" "$IBCRED" inject paper
    cat good >"$log"
    "$IBCRED" audit verify
    "$IBCRED" inject paper >/dev/null
}

@test "an edited ledger stops the release" {
    make_vault
    "$IBCRED" inject paper >/dev/null
    "$IBCRED" report paper throttled=600 --quiet
    ledger=$(echo "$IBCRED_STATE_DIR"/ledger-*.log)
    sed -i 's/600/001/' "$ledger"
    refused 65 "ledger" "$IBCRED" inject paper
}

@test "a vault older than one seen is refused, and taken on purpose" {
    make_vault
    cp -p "$IBCRED_VAULT" old
    seal_as second paper
    cp -p old "$IBCRED_VAULT"
    refused 65 "older" "$IBCRED" inject paper
    refused 65 "older" "$IBCRED" list
    "$IBCRED" verify --accept-older >/dev/null
    "$IBCRED" inject paper >/dev/null
}

@test "the identity may come from a variable or from systemd" {
    make_vault
    key=$(tail -1 "$IBCRED_IDENTITY_FILE")
    mkdir credentials
    mv "$IBCRED_IDENTITY_FILE" credentials/ibcred-identity
    unset IBCRED_IDENTITY_FILE
    refused 77 "" "$IBCRED" list
    IBCRED_IDENTITY=$key "$IBCRED" list >/dev/null
    CREDENTIALS_DIRECTORY=$SCRATCH/credentials "$IBCRED" list >/dev/null
    IBCRED_IDENTITY=$key "$IBCRED" exec paper -- env >seen
    not grep -q AGE-SECRET seen
    "$IBCRED" gate paper --clear --quiet --identity credentials/ibcred-identity >/dev/null
    CREDENTIALS_DIRECTORY=$SCRATCH/credentials "$IBCRED" exec paper -- env >seen
    not grep -q CREDENTIALS_DIRECTORY seen
}

@test "a full disk while sealing: the vault stays as it was" {
    make_vault
    [ "$(id -u)" = 0 ] || skip "needs root to mount a small tmpfs"
    mkdir small
    mount -t tmpfs -o size=16k,mode=700 none small
    cp -p "$IBCRED_VAULT" small/vault
    dd if=/dev/zero of=small/filler bs=1k count=64 2>/dev/null || true
    status=0
    echo '{"IB_USERNAME":"u2","IB_PASSWORD":"p2"}' |
        "$IBCRED" seal second --kind paper --stdin --vault small/vault 2>err || status=$?
    rm small/filler
    "$IBCRED" verify --vault small/vault >/dev/null
    left=$(ls small)
    umount small
    [ "$status" = 74 ]
    [ "$left" = vault ]
}

@test "a reader beside a writer is never told of an older copy" {
    make_vault
    (for n in $(seq 60); do seal_as paper paper "$NAME" "pass-$n"; done) &
    writer=$!
    while kill -0 "$writer" 2>/dev/null; do
        "$IBCRED" list >/dev/null
    done
    wait "$writer"
}

@test "a runtime directory that others can write is not swept, and no linked file wiped" {
    make_vault
    echo precious >"$SCRATCH/precious"
    mkdir -m 777 "$IBCRED_RUNTIME_DIR/open"
    lease="lease-00000000-1-0123456789abcdef.env"
    echo secret >"$IBCRED_RUNTIME_DIR/open/$lease"
    refused 77 "others" env IBCRED_RUNTIME_DIR="$IBCRED_RUNTIME_DIR/open" "$IBCRED" reap --all
    [ -e "$IBCRED_RUNTIME_DIR/open/$lease" ]
    echo precious >"$IBCRED_RUNTIME_DIR/target"
    ln "$IBCRED_RUNTIME_DIR/target" "$IBCRED_RUNTIME_DIR/$lease"
    "$IBCRED" reap --quiet
    [ ! -e "$IBCRED_RUNTIME_DIR/$lease" ]
    [ "$(cat "$IBCRED_RUNTIME_DIR/target")" = precious ]
}
