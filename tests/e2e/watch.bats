#!/usr/bin/env bats
# watch.bats - `ibcred watch` of gateways that somebody else started, with a real Docker daemon, the
# real docker-compose and SpreadPilot's compose file; the gateway and IBKR's side are stand-ins.

load up.bash

# Start the gateway as one does by hand: with a release, and with Compose.
start_by_hand() {
    local directory
    directory=$("$IBCRED" inject paper --to secret-dir)
    compose --env-file "$directory/compose.env" up -d ib-gateway
}

# Start it as one did before there was ibcred; its network has other options.
start_without_ibcred() {
    docker network rm spreadpilot_default >/dev/null 2>&1 || true
    touch "$BATS_TEST_TMPDIR/other-network"
    IB_USERNAME=$USERNAME IB_PASSWORD=$PASSWORD compose -f docker-compose.yml up -d ib-gateway
}

@test "a login is written down, once, and the gateway goes on without us" {
    make_world
    start_by_hand
    in_background watch paper --container "$GATEWAY"
    await written report success 1
    await secret_is_gone
    kill -TERM "$IBCRED_PID"
    ends 143
    runs
    in_background watch paper --container "$GATEWAY"
    await told 'reading its log'
    sleep 0.5
    written login seen 1
    written report success 1
    charges 1
    attempts 1
    version_is active
    docker stop "$GATEWAY" >/dev/null
    ends 0
}

@test "a rejection stops the container: exit 77, and the version is burned" {
    make_world
    broker_account "$USERNAME" "an0ther $MARK"
    start_by_hand
    gives 77 "$IBCRED" watch --container "$GATEWAY"
    says "IBKR did not accept the username or the password; the container is stopped"
    stopped
    version_is burned
    secret_is_gone
    attempts 1
    charges 1
}

@test "IBC's own loop of logins is stopped wherever it is met, and each login is counted" {
    make_world rejection=failed
    broker_account "$USERNAME" "an0ther $MARK" rejection=failed
    start_by_hand
    broker_waits "$USERNAME" '.attempts >= 3' 20
    gives 77 "$IBCRED" watch paper --container "$GATEWAY"
    stopped
    attempts "$(stats .attempts)"
    [ "$(stats .attempts)" -le 5 ]
    seen=$("$IBCRED" audit | jq -s '[.[] | select(.event == "login")] | length')
    [ "$seen" -ge 3 ]
    version_is burned
    # What Docker kept tells of them all, to whoever reads it again.
    gives 77 "$IBCRED" watch paper --container "$GATEWAY"
    written login seen "$(stats .attempts)"
    charges 1
}

@test "a login error is about to become the next login: the container is stopped, nothing burned" {
    make_world answers=login-error
    start_by_hand
    gives 75 "$IBCRED" watch paper --container "$GATEWAY" --json
    jq -e '.error.exit_code == 75 and .error.retry_after > 0' "$OUT"
    says "Soft token=0"
    stopped
    version_is active
    [ "$(stats .attempts)" -le 2 ]
    written report rejected 0
}

@test "a gateway that was started without ibcred is charged for when its login is seen" {
    make_world answers=throttle throttle_s=20
    start_without_ibcred
    gives 75 "$IBCRED" watch paper --container "$GATEWAY"
    grep -q "restart policy 'unless-stopped'" "$ERR"
    says "IBKR asks to wait 20 s"
    stopped
    charges 0
    written login seen 1
    [ "$("$IBCRED" gate paper --json | jq -c '[.decision, .reason, .attempts]')" = '["wait","throttled",1]' ]
    # And the gate, which has heard of it, does not let the next one through.
    gives 75 "$IBCRED" up paper
    attempts 1
    charges 0
}

@test "--supervise starts it again through the gate, with a fresh release each time" {
    make_world answers=crash,crash,accept after_ms=3000
    start_by_hand
    in_background watch paper --container "$GATEWAY" --supervise
    AWAIT_SECONDS=60 await stats -e '.attempts == 3 and .history[-1].outcome == "accepted"'
    await written report success 3
    await secret_is_gone
    charges 3
    written login seen 3
    attempts 3
    not told 'warning'
    kill -INT "$IBCRED_PID"
    ends 130
    runs
    gateway_inspect '{{json .Config.Env}}' >"$BATS_TEST_TMPDIR/environment"
    not grep -qF -- "$MARK" "$BATS_TEST_TMPDIR/environment"
}

@test "what cannot be watched is refused, and left as it is" {
    make_world
    gives 66 "$IBCRED" watch paper --container nosuch
    says "nosuch"
    gives 69 env DOCKER_HOST=unix:///nonexistent/docker.sock "$IBCRED" watch paper --container "$GATEWAY"
    start_without_ibcred
    gives 77 "$IBCRED" watch paper --container "$GATEWAY" --supervise
    says "does not mount"
    gives 78 "$IBCRED" watch paper --container "$GATEWAY" --mode live
    gives 69 env IBCRED_HTTP=/nonexistent "$IBCRED" watch paper --container "$GATEWAY"
    runs
    charges 0
}

@test "a gateway whose log has lost its beginning is not stopped for that" {
    make_world
    sed -i 's|^    container_name:|    logging: {driver: json-file, options: {max-size: "200"}}\n&|' docker-compose.yml
    start_by_hand
    broker_waits "$USERNAME" '.outcomes.accepted == 1'
    sleep 1
    docker logs "$GATEWAY" >"$BATS_TEST_TMPDIR/log" 2>&1
    not grep -q Login "$BATS_TEST_TMPDIR/log"
    # A line of much later is all that is left: the stand-in itself has nothing more to say.
    pid=$(docker inspect -f '{{.State.Pid}}' "$GATEWAY")
    sleep 11
    echo 'nothing of note' >"/proc/$pid/fd/1"
    sleep 0.5
    in_background watch paper --container "$GATEWAY"
    AWAIT_SECONDS=40 await told 'does not reach back to its start'
    sleep 2
    runs
    kill -0 "$IBCRED_PID"
    written report unknown 0
    attempts 1
}
