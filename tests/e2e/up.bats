#!/usr/bin/env bats
# up.bats - `ibcred up` with a real Docker daemon, the real docker-compose, SpreadPilot's compose file
# and the override; the gateway and IBKR's side are stand-ins.

load up.bash

# Note which processes of this machine hold the mark in their arguments or their environment, the
# names of those that hold the identity, and which ones were looked at, until the file `enough` is
# there.
watch_processes() {
    printf '%s' "$MARK" >"$BATS_TEST_TMPDIR/mark"
    while [ ! -e "$BATS_TEST_TMPDIR/enough" ]; do
        grep -alFf "$BATS_TEST_TMPDIR/mark" /proc/[0-9]*/environ /proc/[0-9]*/cmdline \
            >>"$BATS_TEST_TMPDIR/holders" 2>/dev/null || true
        grep -alFf "$BATS_TEST_TMPDIR/identity.key" /proc/[0-9]*/environ /proc/[0-9]*/cmdline \
            2>/dev/null | while read -r held; do
            # Under a name that it had while it held it, not one that it became another program by.
            name=$(cat "${held%/*}/comm" 2>/dev/null) || continue
            ! grep -qaFf "$BATS_TEST_TMPDIR/identity.key" "$held" 2>/dev/null ||
                echo "$name" >>"$BATS_TEST_TMPDIR/key-holders"
        done
        cat /proc/[0-9]*/comm >>"$BATS_TEST_TMPDIR/looked-at" 2>/dev/null || true
    done
}

# The mark is in none of these files and directories, all of which can be searched.
nowhere_in() {
    local status=0
    grep -rlaF -- "$MARK" "$@" || status=$?
    [ "$status" = 1 ]
}

@test "up proves a login, and the password is nowhere else; again it charges nothing" {
    make_world
    grep '^AGE-SECRET-KEY-' "$IBCRED_IDENTITY_FILE" >"$BATS_TEST_TMPDIR/identity.key"
    watch_processes 3>&- &
    watcher=$!
    gives 0 env -u IBCRED_IDENTITY_FILE IBCRED_IDENTITY="$(cat "$BATS_TEST_TMPDIR/identity.key")" \
        "$IBCRED" up paper
    touch "$BATS_TEST_TMPDIR/enough"
    wait "$watcher"
    told 'logged in'
    [ ! -s "$OUT" ]
    attempts 1
    charges 1
    written login seen 1
    written report success 1
    runs

    secret_is_gone
    [ ! -s "$BATS_TEST_TMPDIR/holders" ]
    sort -u "$BATS_TEST_TMPDIR/key-holders"
    grep -qx ibcred "$BATS_TEST_TMPDIR/key-holders"
    not grep -vxE 'ibcred|env|bash|timeout' "$BATS_TEST_TMPDIR/key-holders"
    for name in ibcred ibcred-http docker-compose; do
        grep -qx "$name" "$BATS_TEST_TMPDIR/looked-at"
    done
    docker inspect "$GATEWAY" "$GATEWAY_IMAGE" >"$BATS_TEST_TMPDIR/inspected"
    not grep -qF -- "$MARK" "$BATS_TEST_TMPDIR/inspected"
    nowhere_in "$DOCKER_DIRECTORY" "$IBCRED_STATE_DIR" "$OUT" "$ERR" "$PROJECT"
    [ "$("$IBCRED" audit | grep -cF -- "$MARK")" = 0 ]

    gives 0 "$IBCRED" up paper --json
    told 'runs already'
    [ "$(jq -cS . "$OUT")" = "$(jq -ncS --arg id "$(gateway_container)" \
        '{container: $id, logged_in: true, mode: "paper", profile: "paper", promoted: null,
            proven: true}')" ]
    attempts 1
    charges 1
}

@test "a wrong password: exit 77 with one sentence, the container stopped, the version burned" {
    SEALED="wr0ng $MARK" make_world rejection=failed
    gives 77 "$IBCRED" up paper
    says "IBKR did not accept the username or the password; the container is stopped"
    says "ibcred seal paper"
    stopped
    version_is burned
    secret_is_gone
    attempts 1

    gives 77 "$IBCRED" up --json
    [ "$(jq .error.exit_code "$OUT")" = 77 ]
    says "is burned"
    attempts 1
    charges 1
    not grep -qF -- "$MARK" "$OUT" "$ERR"
}

@test "throttled: exit 75 with the seconds left; --wait waits them at the gate, and logs in" {
    make_world answers=throttle,accept throttle_s=30
    gives 75 "$IBCRED" up paper --json
    jq -e '.error | .exit_code == 75 and .retry_after >= 5 and .retry_after <= 31' "$OUT"
    says "IBKR asks to wait 30 s"
    stopped
    secret_is_gone
    gives 75 "$IBCRED" up paper
    attempts 1

    # On a terminal a bar empties; Ctrl-C ends the wait, and nothing was released.
    run "$ROOT/tests/tools/type_answers.py" -- timeout --foreground -s INT 12 "$IBCRED" up --wait
    [[ $output == *$'\r['*'##'*'] '*' s'* ]]
    attempts 1
    charges 1

    gives 0 "$IBCRED" up paper --wait
    told 'must wait'
    not grep -q '##' "$ERR"
    attempts 2
    charges 2
    version_is active
}

@test "a second factor that nobody confirms: exit 75, and the container stopped" {
    make_world answers=second-factor-timeout second_factor_ms=300
    gives 75 "$IBCRED" up paper --json
    jq -e '.error.retry_after > 0' "$OUT"
    says "nobody confirmed the second factor in time; the container is stopped"
    stopped
    secret_is_gone
    attempts 1
    written report 2fa-timeout 1
}

@test "an account of the other kind: exit 78, and the container stopped" {
    make_world account=U1234567
    gives 78 "$IBCRED" up paper --json
    [ "$(jq .error.exit_code "$OUT")" = 78 ]
    says "its log names live account U*****67"
    stopped
    secret_is_gone
    attempts 1
}

@test "what the image refuses: exit 69, and the charge is taken back" {
    make_world
    sed -i 's/TRADING_MODE: .*/TRADING_MODE: demo/' docker-compose.override.yml
    gives 69 "$IBCRED" up paper
    says "Invalid TRADING_MODE: demo"
    secret_is_gone
    attempts 0
    charges 1
    written take-back 'done' 1
    [ "$("$IBCRED" gate paper --json | jq -c '[.decision, .attempts]')" = '["allow",0]' ]
}

@test "what stands in the way before a release: nothing is charged" {
    make_world
    gives 78 "$IBCRED" up paper --service nosuch
    says "no service 'nosuch'"
    gives 69 env DOCKER_HOST=unix:///nonexistent/docker.sock "$IBCRED" up paper
    says "service 'ib-gateway'"
    gives 69 env IBCRED_HTTP=/nonexistent "$IBCRED" up paper
    says "/nonexistent"
    mv docker-compose.override.yml aside
    gives 78 "$IBCRED" up paper
    says "lay docker-compose.override.yml beside it"
    rm docker-compose.yml
    gives 69 "$IBCRED" up paper --json
    says "compose file"
    [ "$(jq .error.exit_code "$OUT")" = 69 ]
    charges 0
    [ -z "$(docker ps -aq)" ]
    secret_is_gone
}

@test "an image that is not there: Compose fails, the charge is taken back, the secret gone" {
    make_world
    sed -i 's|image: .*|image: nosuch.invalid/gateway|' docker-compose.yml
    gives 69 "$IBCRED" up paper
    says "docker-compose did not start service 'ib-gateway'"
    charges 1
    written take-back 'done' 1
    attempts 0
    secret_is_gone
    "$IBCRED" gate paper
}

@test "a service that mounts no release is not mistaken for the gateway" {
    make_world
    cat >>docker-compose.yml <<'YAML'
  other:
    image: ghcr.io/gnzsnz/ib-gateway:latest
    environment: [TRADING_MODE=paper]
    restart: "no"
YAML
    IB_USERNAME=x TRADING_MODE=paper IBCRED_SECRET_DIR=/x compose up -d other
    gives 78 "$IBCRED" up paper --service other
    says "no service 'other' that mounts"
    charges 0
    [ -n "$(docker ps -q)" ]
}

@test "--service, --recreate, and what stands after -- for Compose" {
    make_world
    sed -i 's/^  ib-gateway:/  gateway2:/' docker-compose.yml docker-compose.override.yml
    gives 0 "$IBCRED" up paper --service gateway2
    first=$(gateway_container)
    gives 0 "$IBCRED" up paper --service gateway2 --recreate
    told 'stopping the container that runs'
    attempts 2
    docker stop "$GATEWAY"
    gives 0 "$IBCRED" up paper --service gateway2 -- --force-recreate
    attempts 3
    [ "$(gateway_container)" != "$first" ]
    docker stop "$GATEWAY"
    gives 69 "$IBCRED" up paper --service gateway2 -- --no-start
    grep -qF -- '--no-start' "$ERR"
    written take-back 'done' 1
    attempts 3
    secret_is_gone
}

# What an interruption must leave behind, whenever it came: no container that runs, no secret, and no
# login or release of which nothing is written down.
nothing_is_half_done() {
    secret_is_gone
    [ -z "$(docker ps -q)" ]
    [ "$("$IBCRED" audit | jq -s '[.[] | select(.event == "release" and .verdict == "allowed")] | length')" \
        = "$("$IBCRED" audit | jq -s '[.[] | select(.event == "report" or .event == "take-back")] | length')" ]
    [ "$("$IBCRED" gate paper --json | jq -r .reason)" != in-flight ]
    written login seen "$(stats .attempts)"
}

@test "Ctrl-C before the verdict: the container is stopped, the secret gone, and that is written down" {
    make_world answers=drop
    in_background up paper
    broker_waits "$USERNAME" '.attempts == 1' 20
    kill -INT "$IBCRED_PID"
    ends 130
    nothing_is_half_done
    written report unknown 1
    stopped
}

@test "Ctrl-C at any moment leaves nothing half-done" {
    make_world answers=drop
    for moment in 0.6 1.8 2.6 3.2; do
        in_background up paper
        sleep "$moment"
        kill -INT "$IBCRED_PID"
        ends 130
        nothing_is_half_done
        "$IBCRED" gate paper --clear --quiet
    done
}

@test "a silent drop: time-out on time, though the helper is killed and the daemon's stream is cut" {
    make_world answers=drop
    "$ROOT/tests/tools/docker_proxy.py" "$BATS_TEST_TMPDIR/proxy" "${DOCKER_HOST#unix://}" \
        'GET /nothing' true >"$BATS_TEST_TMPDIR/proxy.log" 3>&- &
    proxy=$!
    echo "$proxy" >>"$PIDS"
    await grep -q listening "$BATS_TEST_TMPDIR/proxy.log"
    direct=$DOCKER_HOST
    export DOCKER_HOST=unix://$BATS_TEST_TMPDIR/proxy
    in_background up paper
    export DOCKER_HOST=$direct
    broker_waits "$USERNAME" '.attempts == 1' 20
    begun=$SECONDS
    for _ in 1 2 3; do
        sleep 1
        kill_helpers
    done
    sleep 1
    kill -KILL "$proxy"
    sleep 4
    rm "$BATS_TEST_TMPDIR/proxy"
    "$ROOT/tests/tools/docker_proxy.py" "$BATS_TEST_TMPDIR/proxy" "${direct#unix://}" \
        'GET /nothing' true >"$BATS_TEST_TMPDIR/proxy.log" 3>&- &
    echo $! >>"$PIDS"
    ends 75 60
    told 'ibcred: warning: '
    [ $((SECONDS - begun)) -ge 25 ]
    [ $((SECONDS - begun)) -le 45 ]
    says "nothing was heard of the login in time; the container is stopped"
    stopped
    secret_is_gone
    attempts 1
    written login seen 1
    written report unknown 1
}

# --- two users ---

make_both() {
    make_world
    broker_account "live$USERNAME" "l1ve $MARK" kind=live
    IB_USERNAME=live$USERNAME IB_PASSWORD="l1ve $MARK" "$IBCRED" seal live --kind live --from-env --quiet
    policy 'modes: {live: true}'
}

@test "mode both: two users log in with a release, each with files of his own" {
    make_both
    gives 0 "$IBCRED" up live --paper paper --mode both --json
    [ "$(jq -r .mode "$OUT")" = both ]
    attempts 1
    [ "$(broker_stats "live$USERNAME" '.outcomes.accepted, .history[0].mode' | paste -sd ' ')" = "1 live" ]
    [ "$(stats '.outcomes.accepted, .history[0].mode' | paste -sd ' ')" = "1 paper" ]
    docker inspect "$GATEWAY" | jq -e --arg user "$USERNAME" '.[0].Config.Env |
        index("TWS_USERID_PAPER=\($user)") and index("TWS_PASSWORD_PAPER_FILE=/run/ibcred/tws_password_paper")'
    secret_is_gone
    written report success 2
    charges 2
}

@test "mode both: one of two is rejected, and the container is stopped" {
    make_both
    broker_account "$USERNAME" "an0ther $MARK"
    gives 77 "$IBCRED" up live --paper paper --mode both
    says "IBKR did not accept"
    stopped
    version_is burned paper
    version_is active live
    secret_is_gone
}
