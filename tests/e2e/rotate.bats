#!/usr/bin/env bats
# rotate.bats - a new password's first login, with a real Docker daemon, the real docker-compose and
# SpreadPilot's compose file; the gateway and IBKR's side are stand-ins.

load up.bash

# stage PASSWORD [PROFILE]
stage() {
    IB_PASSWORD=$1 "$IBCRED" rotate "${2:-paper}" --from-env --quiet
}

# is STATES [PROFILE] - of all versions, in their order.
is() {
    local states
    states=$("$IBCRED" show "${2:-paper}" --json | jq -r '[.versions[].state] | join(" ")')
    [ "$states" = "$1" ] || {
        echo "expected $1, got $states"
        return 1
    }
}

# The user changes the password at IBKR: the broker lets in this one, and no other.
changed_at_ibkr() {
    NEW="n3w #$MARK"
    broker_account "$USERNAME" "$NEW" "$@"
}

failures() {
    [ "$(stats .failures)" = "$1" ] || {
        echo "expected $1 failures, got: $(stats -c .)"
        return 1
    }
}

due() {
    gives "$1" "$IBCRED" rotate --due --json
}

@test "the right new password: up promotes it, and the old one is never used again" {
    make_world
    gives 0 "$IBCRED" up paper
    changed_at_ibkr
    stage "$NEW"
    is 'active staged'
    # What runs is left alone, until somebody wants it anew.
    gives 0 "$IBCRED" up paper
    told 'runs already'
    told "version 2 is staged and this was not its first login; that is made by: ibcred up paper --recreate"
    is 'active staged'
    gives 0 "$IBCRED" up paper --recreate
    told 'version 2 has proven itself and is the active one now'
    is 'retired active'
    attempts 2
    charges 2
    failures 0
    written report success 2
    written rotate promoted 1
    [ "$("$IBCRED" list --json | jq -c '.[0] | [.version, .state, .proven_kind]')" = '[2,"active","paper"]' ]
    secret_is_gone
    not grep -qF -- "$MARK" "$OUT" "$ERR"
    not grep -rqaF -- "$MARK" "$IBCRED_STATE_DIR" "$DOCKER_DIRECTORY"
    gives 0 "$IBCRED" up paper --recreate
    attempts 3
    failures 0
    is 'retired active'
    not told warning
    due 0
    [ "$(cat "$OUT")" = '[]' ]
}

@test "a passphrase is asked for once: nothing in the background wants it again" {
    make_world
    printf 'pass phrase\n' >"$BATS_TEST_TMPDIR/passphrase"
    export IBCRED_VAULT=$BATS_TEST_TMPDIR/second.vault IBCRED_PASSPHRASE_FD=7
    unset IBCRED_IDENTITY_FILE
    "$IBCRED" init --passphrase --quiet 7<"$BATS_TEST_TMPDIR/passphrase"
    seal_values "$USERNAME" "$PASSWORD" 7<"$BATS_TEST_TMPDIR/passphrase"
    changed_at_ibkr
    stage "$NEW" 7<"$BATS_TEST_TMPDIR/passphrase"
    gives 0 "$IBCRED" up paper 7<"$BATS_TEST_TMPDIR/passphrase"
    told 'version 2 has proven itself'
    not grep -qi passphrase "$ERR"
    not told warning
}

@test "the wrong new password: burned, one failure, and the old one still logs in" {
    make_world rejection=failed
    gives 0 "$IBCRED" up paper
    stage "wr0ng $MARK"
    gives 77 "$IBCRED" up paper --recreate
    says "IBKR did not accept the username or the password; the container is stopped"
    told 'version 2 was rejected and is burned; the active one stays as it was'
    stopped
    is 'active burned'
    written rotate burned 1
    failures 1
    secret_is_gone
    [ "$("$IBCRED" gate paper --json 2>/dev/null | jq -c '[.decision, .failures]')" = '["wait",1]' ]
    gives 75 "$IBCRED" up paper
    attempts 2
    gives 0 "$IBCRED" up paper --wait
    attempts 3
    charges 3
    failures 1
    is 'active burned'
    [ "$("$IBCRED" gate paper --json | jq -c '[.decision, .failures]')" = '["allow",0]' ]
}

@test "a supervisor does both by itself: a wrong one is burned, a right one promoted" {
    make_world rejection=failed
    in_background up paper --supervise
    await told 'logged in'
    stage "wr0ng $MARK"
    docker stop "$GATEWAY" >/dev/null
    AWAIT_SECONDS=60 await stats -e '.attempts == 3 and .history[-1].outcome == "accepted"'
    failures 1
    is 'active burned'
    await written report success 2
    changed_at_ibkr rejection=failed
    stage "$NEW"
    docker stop "$GATEWAY" >/dev/null
    AWAIT_SECONDS=60 await stats -e '.attempts == 4'
    await is 'retired burned active'
    failures 1
    attempts 4
    written rotate burned 1
    written rotate promoted 1
    # Back to one that had logged in once: it is as new as any other, and burned by one rejection.
    stage "$PASSWORD"
    docker stop "$GATEWAY" >/dev/null
    AWAIT_SECONDS=60 await stats -e '.attempts == 6 and .history[-1].outcome == "accepted"'
    failures 2
    is 'retired burned active burned'
    await written report success 4
    await secret_is_gone
    kill -0 "$IBCRED_PID"
}

@test "a login that nobody saw, for ibcred was killed: the next up reads of it, and promotes" {
    make_world
    changed_at_ibkr
    stage "$NEW"
    in_background up paper
    await told 'released for mode paper and charged'
    kill -KILL "$IBCRED_PID"
    broker_waits "$USERNAME" '.outcomes.accepted == 1' 60
    gives 75 "$IBCRED" rotate --resume
    gives 75 "$IBCRED" rotate --abort
    is 'active staged'
    gives 0 "$IBCRED" up paper
    is 'retired active'
    attempts 1
    charges 1
}

@test "by hand: inject --staged, Compose, and watch" {
    make_world
    changed_at_ibkr
    stage "$NEW"
    directory=$("$IBCRED" inject paper --staged --to secret-dir)
    compose --env-file "$directory/compose.env" up -d ib-gateway
    in_background watch paper --container "$GATEWAY"
    await told 'version 2 has proven itself'
    is 'retired active'
    attempts 1
    written rotate promoted 1
}

@test "mode both: of two users one has a new password, and each is decided about by itself" {
    make_world
    broker_account "live$USERNAME" "l1ve $MARK" kind=live
    IB_USERNAME=live$USERNAME IB_PASSWORD="l1ve $MARK" "$IBCRED" seal live --kind live --from-env --quiet
    policy 'modes: {live: true}'
    stage "wr0ng $MARK"
    gives 77 "$IBCRED" up live --paper paper --mode both
    stopped
    is 'active burned' paper
    is active live
    failures 1
    changed_at_ibkr
    stage "$NEW"
    gives 0 "$IBCRED" up live --paper paper --mode both --wait
    is 'retired burned active' paper
    is active live
    failures 1
    [ "$(broker_stats "live$USERNAME" .failures)" = 0 ]
    written rotate promoted 1
    secret_is_gone
}

@test "a notice of IBC's that the password ends makes it due, whatever its age" {
    make_world answers=expiry,accept
    due 0
    gives 0 "$IBCRED" up paper
    told 'password ends soon'
    due 75
    jq -e '.[0] | .profile == "paper" and .version == 1 and .state == "due" and .expires_at != null' "$OUT"
    says "the password of profile 'paper' is due"
    changed_at_ibkr
    stage "$NEW"
    due 75
    [ "$(jq '.[0].staged' "$OUT")" = 2 ]
    gives 0 "$IBCRED" up paper --recreate
    due 0
}

# A container whose log has these lines, and that goes on.
start_talker() {
    local tree=$BATS_TEST_TMPDIR/talker
    mkdir -p "$tree/bin"
    cp /bin/busybox "$tree/bin/"
    tar -C "$tree" -c . | docker import - talker:latest >/dev/null
    printf '%s\n' "$@" >"$BATS_TEST_TMPDIR/lines"
    docker run -d --name gw --network none -e LINES="$(cat "$BATS_TEST_TMPDIR/lines")" talker:latest \
        /bin/busybox sh -c 'echo "$LINES"; exec /bin/busybox sleep 1000' >/dev/null
}

@test "so does one of ibg-controller's, by the days that it tells" {
    make_world
    start_talker '09:14:03 [INFO] [paper] Launching Gateway' \
        '09:14:33 [WARNING] [paper] ALERT_PASSWORD_EXPIRED status=warning mode=paper days_remaining=20' \
        '09:14:34 [INFO] [paper] Login complete. Entering monitor loop.'
    in_background watch paper --container gw --mode paper
    await told 'ends in 20 days'
    await written report success 1
    due 0
    jq -e '.[0] | .state == "soon" and
        ((.expires_at | sub("\\.[0-9]+"; "") | fromdate) - now | . > 19.9 * 86400 and . < 20.1 * 86400)' "$OUT"
    policy 'rotation: {warn: 21d}'
    due 75
    [ "$(jq -r '.[0].state' "$OUT")" = due ]
    kill -TERM "$IBCRED_PID"
    ends 143
    attempts 0
}
