#!/usr/bin/env bats
load lib.bash

@test "exec gives the child exactly the sealed values" {
    make_vault
    [ "$("$IBCRED" exec paper -- sh -c 'printf %s "$IB_PASSWORD"')" = "$SECRET" ]
}

@test "exec hands on the environment but nothing of ibcred's own" {
    make_vault
    export KEEP=me IB_PASSWORD=stale
    "$IBCRED" exec paper -- env >seen
    grep -qx KEEP=me seen
    grep -qx "IB_PASSWORD=$SECRET" seen
    not grep -q '^IBCRED_' seen
    not grep -q stale seen
    [ "$(grep -c '^IB_PASSWORD=' seen)" = 1 ]
}

@test "argv arrives as given, without a shell" {
    make_vault
    "$IBCRED" exec paper -- printf '[%s]' 'a b' '$HOME' '*' '' '--' '-x' >seen
    [ "$(cat seen)" = '[a b][$HOME][*][][--][-x]' ]
}

@test "the profile may be left out before --" {
    make_vault
    [ "$("$IBCRED" exec -- sh -c 'echo $TRADING_MODE')" = paper ]
}

@test "the exit status is the child's, 128+n for a signal" {
    make_vault
    for code in 0 1 7 127 255; do
        status=0
        "$IBCRED" exec paper -- sh -c "exit $code" || status=$?
        [ "$status" = "$code" ]
        "$IBCRED" report paper success --quiet
    done
    status=0
    "$IBCRED" exec paper -- sh -c 'kill -KILL $$' || status=$?
    [ "$status" = 137 ]
}

@test "signals reach the command" {
    make_vault
    for signal in TERM INT HUP USR1 QUIT; do
        env --default-signal "$IBCRED" exec paper -- bash -c \
            "trap 'echo got >got; exit 42' $signal; touch ready; while :; do sleep 0.05; done" &
        pid=$!
        for _ in $(seq 100); do
            [ -e ready ] && break
            sleep 0.05
        done
        kill "-$signal" "$pid"
        status=0
        wait "$pid" || status=$?
        [ "$status" = 42 ]
        [ -e got ]
        rm -f ready got
        "$IBCRED" report paper success --quiet
    done
}

@test "no descriptor of ibcred's leaks into the child" {
    make_vault
    bash -c 'ls /proc/$$/fd' >expected
    "$IBCRED" exec paper -- bash -c 'ls /proc/$$/fd' >seen
    diff expected seen
}

@test "the passphrase's descriptor is not handed on, asked for or not" {
    "$IBCRED" init --quiet --vault both.vault
    jq -n '{IB_USERNAME: "u", IB_PASSWORD: "p"}' |
        "$IBCRED" seal paper --kind paper --stdin --quiet --vault both.vault
    IBCRED_PASSPHRASE_FD=9 "$IBCRED" exec paper --vault both.vault -- \
        bash -c '[ ! -e /proc/$$/fd/9 ]' 9<<<'horse'
    unset IBCRED_IDENTITY_FILE
    IBCRED_PASSPHRASE_FD=9 "$IBCRED" init --passphrase --quiet 9<<<'horse'
    IBCRED_PASSPHRASE_FD=9 "$IBCRED" seal paper --kind paper --stdin --quiet \
        9<<<'horse' <<<'{"IB_USERNAME":"u","IB_PASSWORD":"p"}'
    IBCRED_PASSPHRASE_FD=9 "$IBCRED" exec paper -- bash -c '[ ! -e /proc/$$/fd/9 ]' 9<<<'horse'
}

@test "a command that is not there costs no attempt" {
    make_vault
    refused 66 "no-such-command" "$IBCRED" exec paper -- no-such-command
    refused 64 "no command" "$IBCRED" exec paper --
    refused 64 "no command" "$IBCRED" exec paper
    printf 'exit 0' >script
    chmod +x script
    refused 66 "cannot be run" "$IBCRED" exec paper -- ./script
    printf '#!/no/such/interpreter\n' >script2
    chmod +x script2
    refused 66 "cannot be run" "$IBCRED" exec paper -- ./script2
    "$IBCRED" exec paper -- true
}

@test "exec writes no file" {
    make_vault
    "$IBCRED" exec paper -- sh -c "find '$IBCRED_RUNTIME_DIR' -type f | wc -l >seen"
    [ "$(cat seen)" = 0 ]
}

@test "ibcred becomes the command: one process, so signals and job control are exact" {
    make_vault
    "$IBCRED" exec paper -- sh -c 'echo $$ >pid; sleep 5' &
    for _ in $(seq 100); do
        [ -s pid ] && break
        sleep 0.05
    done
    [ "$(cat pid)" = $! ]
    [ "$(readlink "/proc/$!/exe")" != "$IBCRED" ]
    kill $!
    wait $! || true
}

@test "what the policy only warns of is said before the command runs" {
    "$IBCRED" init --quiet
    seal_as live live liveuser
    policy '{modes: {paper: true}, live_user_in_paper: warn}'
    "$IBCRED" exec live --mode paper -- sh -c 'echo ran >&2' 2>err
    head -1 err | grep -q "warning: .*live user"
    tail -1 err | grep -qx ran
}
