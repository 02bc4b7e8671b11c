#!/usr/bin/env bats
# The password is found nowhere but where it was sent.
load lib.bash

# nowhere FILE… - fails when the password is in one of them, in the clear or in common encodings.
nowhere() {
    local needle
    for needle in "$SECRET" "$(printf %s "$SECRET" | base64)" "$(printf %s "$SECRET" | xxd -p)"; do
        if grep -rlaF -- "$needle" "$@"; then
            return 1
        fi
    done
}

@test "after seal, inject, exec and reap the password is in no file and no output" {
    printf 'IB_USERNAME=%s\nIB_PASSWORD='"'%s'"'\n' "$NAME" "$SECRET" >.env
    {
        "$IBCRED" init
        "$IBCRED" seal paper --kind paper --from .env --scrub
        "$IBCRED" check paper
        file=$("$IBCRED" inject paper)
        grep -qF "$SECRET" "$file" # the test can fail: here it is
        "$IBCRED" inject paper || true
        "$IBCRED" report paper success
        "$IBCRED" exec paper -- true
        "$IBCRED" report paper rejected --json
        "$IBCRED" reap --all
        "$IBCRED" list --json
        "$IBCRED" show --json
        "$IBCRED" audit
    } >out 2>&1
    nowhere "$SCRATCH" "$IBCRED_RUNTIME_DIR"
    not grep -rlaF "$NAME" "$SCRATCH" "$IBCRED_RUNTIME_DIR"
}

@test "names of profiles are not readable in the vault and the ledger" {
    "$IBCRED" init --quiet
    seal_as secretprofilename paper
    "$IBCRED" inject secretprofilename >/dev/null
    not grep -aq secretprofilename "$IBCRED_VAULT"
    not grep -rlaq secretprofilename "$IBCRED_STATE_DIR"/ledger-*
}

@test "a core of ibcred, taken while it waits after a release, holds no password" {
    make_vault
    "$IBCRED" inject paper >/dev/null
    "$IBCRED" inject paper --wait >/dev/null 2>waiting &
    for _ in $(seq 100); do
        [ -s waiting ] && break
        sleep 0.05
    done
    gcore -o core $! >/dev/null 2>&1
    kill $!
    wait $! || true
    [ -s core.$! ]
    # The test can fail: the core holds what ibcred was called with.
    grep -qaF "$IBCRED_VAULT" core.$!
    nowhere core.$!
}

@test "a core of the reaper holds no password" {
    make_vault
    file=$("$IBCRED" inject paper --ttl 30s)
    pid=$(pgrep -f "reap --lease $(basename "$file")")
    gcore -o core "$pid" >/dev/null 2>&1
    "$IBCRED" reap --all --quiet
    kill "$pid"
    grep -qaF "$(basename "$file")" "core.$pid"
    nowhere "core.$pid"
}

@test "ibcred cannot be dumped or read by its own user, what it becomes can" {
    make_vault
    cp "$IBCRED" ibcred
    chmod 755 ibcred
    "$IBCRED" inject paper >/dev/null
    [ "$(id -u)" != 0 ] || chown -R 65534:65534 "$SCRATCH" "$IBCRED_RUNTIME_DIR"
    ulimit -S -c unlimited
    as_nobody ./ibcred gate paper --wait 2>waiting &
    for _ in $(seq 100); do
        [ -s waiting ] && break
        sleep 0.05
    done
    pid=$(pgrep -f '^./ibcred gate paper --wait')
    limit=$(awk '/Max core file size/ {print $5}' "/proc/$pid/limits")
    not as_nobody cat "/proc/$pid/environ"
    kill "$pid"
    wait || true
    [ "$limit" = 0 ]
    as_nobody ./ibcred gate paper --clear --quiet >/dev/null
    [ "$(as_nobody ./ibcred exec paper -- sh -c 'ulimit -S -c')" = unlimited ]
}
