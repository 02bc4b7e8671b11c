#!/usr/bin/env bats
# supervise.bats - `ibcred up --supervise`: what it goes on after, what it waits for, whom it tells.

load up.bash

@test "SIGTERM leaves a gateway that is logged in running, and the next up charges nothing" {
    make_world
    in_background up paper --supervise --json
    await told 'logged in'
    await secret_is_gone
    kill -TERM "$IBCRED_PID"
    ends 143
    runs
    told 'is logged in and goes on' || { cat "$ERR"; false; }
    in_background up paper --supervise
    await told 'runs already'
    sleep 1
    kill -0 "$IBCRED_PID"
    attempts 1
    charges 1
}

@test "a container that is removed or stopped by hand is started again, with a charge for each start" {
    make_world
    in_background up paper --supervise
    await told 'logged in'
    docker rm -f "$GATEWAY" >/dev/null
    AWAIT_SECONDS=40 await stats -e '.attempts == 2'
    docker stop "$GATEWAY" >/dev/null
    AWAIT_SECONDS=40 await stats -e '.attempts == 3'
    await written report success 3
    charges 3
    attempts 3
    written login seen 3
    await secret_is_gone
    kill -0 "$IBCRED_PID"
}

# The policy's notify: a line of each notice in the file `notices`, and what stood beside it.
notify_policy() {
    cat >"$BATS_TEST_TMPDIR/notify" <<'SCRIPT'
#!/bin/sh
echo "$IBCRED_NOTICE" >>"$0.notices"
{ env; cat; } >>"$0.text"
SCRIPT
    chmod 755 "$BATS_TEST_TMPDIR/notify"
    policy "notify: [{command: [$BATS_TEST_TMPDIR/notify]}]"
}

noticed() {
    [ "$(paste -sd ' ' "$BATS_TEST_TMPDIR/notify.notices")" = "$1" ]
}

# notices WORDS - these were told, each once and in this order, and none of them holds a secret.
notices() {
    await noticed "$1"
    not grep -qaF -- "$MARK" "$BATS_TEST_TMPDIR/notify.text"
}

@test "rejected and held: one notice each; a new password goes on by itself, and that is told" {
    SEALED="wr0ng $MARK" make_world rejection=failed
    notify_policy
    in_background up paper --supervise
    await told 'is burned'
    notices 'rejected held'
    sleep 6
    attempts 1
    seal_values "$USERNAME" "$PASSWORD"
    AWAIT_SECONDS=40 await told 'logged in'
    notices 'rejected held recovered'
    attempts 2
    charges 2
    version_is active
}

@test "failures up to the budget hold the account, and gate --clear goes on by itself" {
    make_world answers=second-factor-timeout,second-factor-timeout,throttle,expiry second_factor_ms=200 \
        throttle_s=2
    notify_policy
    sed -i 's/^gate:/gate:\n  max_failures: 2/' "$IBCRED_POLICY"
    in_background up paper --supervise
    AWAIT_SECONDS=60 await told 'is held'
    attempts 2
    notices held
    "$IBCRED" gate paper --clear
    AWAIT_SECONDS=60 await told 'logged in'
    notices 'held throttled password-expiry recovered'
    attempts 4
    charges 4
}

@test "a password that had logged in is not burned by a rejection at an automatic restart" {
    make_world answers=crash,reject,accept after_ms=1000
    notify_policy
    in_background up paper --supervise
    AWAIT_SECONDS=60 await stats -e '.attempts == 2'
    await written report failed 1
    version_is active
    AWAIT_SECONDS=60 await stats -e '.attempts == 3'
    await written report success 2
    written report rejected 0
    version_is active
    kill -0 "$IBCRED_PID"
    charges 3
}

@test "killed -9 at random moments: each login is written down once, and is one of the broker's" {
    make_world answers=crash,drop,accept after_ms=800
    for _ in 1 2 3 4 5; do
        in_background up paper --supervise
        sleep "$((RANDOM % 5)).$((RANDOM % 10))"
        kill -KILL "$IBCRED_PID"
    done
    in_background up paper --supervise
    AWAIT_SECONDS=120 await stats -e '.history[-1].outcome == "accepted" and .attempts >= 3'
    await written login seen "$(stats .attempts)"
    await written report success "$(stats '[.history[] | select(.outcome == "accepted")] | length')"
    attempts "$(stats .attempts)"
    runs
    version_is active
    AWAIT_SECONDS=150 await secret_is_gone
}
