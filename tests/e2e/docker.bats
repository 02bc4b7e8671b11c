#!/usr/bin/env bats
# docker.bats - containers and their events through docker.h, against a real daemon.

load docker.bash

@test "inspect tells the fields of a running container as Docker does" {
    run_gateway 'exec sleep 1000' --restart on-failure:3 -e TRADING_MODE=paper -e TWS_USERID=trader7 \
        -e TWS_PASSWORD=secret -e TWS_PASSWORD_FILE=/x -v "$BATS_TEST_TMPDIR:/run/secrets:ro"
    "$CALL" inspect gw >"$OUT"
    grep -qx "id=$(docker inspect -f '{{.Id}}' gw)" "$OUT"
    grep -qx "started_at=$(docker inspect -f '{{.State.StartedAt}}' gw)" "$OUT"
    for line in name=gw running=1 restarting=0 tty=0 exit_code=0 out_of_memory=0 finished_at= \
        restart_policy=on-failure restart_count=0 trading_mode=paper username=trader7 \
        password_in_environment=1 "mount=$BATS_TEST_TMPDIR:/run/secrets"; do
        grep -qxF "$line" "$OUT" || { echo "no $line"; cat "$OUT"; return 1; }
    done
    not grep -q secret= "$OUT"
}

@test "inspect tells how a container ended, and what it is without any settings" {
    run_gateway 'exit 3' -t -e TWS_PASSWORD=
    docker wait gw
    "$CALL" inspect "$(docker inspect -f '{{.Id}}' gw)" >"$OUT"
    for line in name=gw running=0 tty=1 exit_code=3 restart_policy=no trading_mode= username= \
        password_in_environment=0 "finished_at=$(docker inspect -f '{{.State.FinishedAt}}' gw)"; do
        grep -qxF "$line" "$OUT" || { echo "no $line"; cat "$OUT"; return 1; }
    done
    not grep -q mount= "$OUT"
}

@test "a port is reached as it is published, else at the container's own address" {
    docker network create reach >/dev/null
    NETWORK=reach run_gateway 'exec sleep 1000' -p 127.0.0.1::4004 -p 4003
    [ "$("$CALL" reach gw 4004)" = "127.0.0.1 $(docker port gw 4004 | cut -d: -f2)" ]
    [ "$("$CALL" reach gw 4003)" = "127.0.0.1 $(docker port gw 4003 | head -n 1 | sed 's/.*://')" ]
    [ "$("$CALL" reach gw 5900)" = "$(docker inspect -f \
        '{{range .NetworkSettings.Networks}}{{.IPAddress}}{{end}}' gw) 5900" ]
}

@test "a port is reached at the host whose network it shares, and not at all without a network" {
    NETWORK=host run_gateway 'exec sleep 1000'
    [ "$("$CALL" reach gw 4004)" = "127.0.0.1 4004" ]
    docker rm -f gw
    run_gateway 'exec sleep 1000'
    [ -z "$("$CALL" reach gw 4004)" ]
}

@test "a container that Docker restarts over and over is running, restarting, and counted" {
    run_gateway 'exit 1' --restart always
    is_restarting() {
        "$CALL" inspect gw >"$OUT" && grep -qx restarting=1 "$OUT" && grep -qx running=1 "$OUT" &&
            not grep -qx restart_count=0 "$OUT"
    }
    await is_restarting
}

@test "what is not there is not found, and what is no name is not asked for" {
    refused_as not-found "container nobody: Docker knows no such thing" "$CALL" inspect nobody
    refused_as not-found "container nobody" "$CALL" stop nobody 1
    refused_as not-found "container nobody" "$CALL" start nobody
    refused_as not-found "container nobody" "$CALL" restart nobody 1
    refused_as not-found "container nobody" "$CALL" logs nobody -
    refused_as not-found "container nobody" "$CALL" events nobody 1
    refused_as usage "'../info' is no name of a container" "$CALL" inspect ../info
    refused_as usage "'yesterday' is no time" "$CALL" logs nobody yesterday
}

@test "stop gives the grace it is told to, start and stop do nothing twice, restart restarts" {
    run_gateway 'trap "" TERM; while :; do sleep 1; done' --stop-timeout 6
    # The milliseconds that COMMAND… takes.
    taken() {
        local start=${EPOCHREALTIME/./}
        "$@" || return 1
        echo $(((${EPOCHREALTIME/./} - start) / 1000))
    }
    local milliseconds started
    milliseconds=$(taken "$CALL" stop gw 1)
    [ "$milliseconds" -ge 900 ] && [ "$milliseconds" -le 4500 ]
    [ "$(docker inspect -f '{{.State.ExitCode}}' gw)" = 137 ]
    "$CALL" stop gw 1
    "$CALL" start gw
    started=$(docker inspect -f '{{.State.StartedAt}}' gw)
    "$CALL" start gw
    [ "$(docker inspect -f '{{.State.StartedAt}}' gw)" = "$started" ]
    "$CALL" restart gw 0
    [ "$(docker inspect -f '{{.State.StartedAt}}' gw)" != "$started" ]
    # Without a grace it is the container's own.
    milliseconds=$(taken "$CALL" stop gw -1)
    [ "$milliseconds" -ge 5500 ]
}

@test "a start that fails for another reason is not a container that is missing" {
    docker network create --driver null other 2>/dev/null || docker network create other >/dev/null
    docker create --name gw --network other box sh >/dev/null
    docker network rm other >/dev/null
    refused_as unavailable "container gw: " "$CALL" start gw
    grep -q "not found" "$ERR"
}

@test "events of the one container are told once each, across a cut and another container" {
    run_gateway 'exec sleep 1000'
    in_background events gw 7
    await grep -q following "$OUT"
    docker run --rm --network none box echo other >/dev/null
    docker stop -t 0 gw >/dev/null
    await grep -qx stop "$OUT"
    local helper
    for helper in $(pgrep -P "$CALL_PID"); do
        kill -KILL "$helper"
    done
    docker start gw >/dev/null
    docker kill gw >/dev/null
    await ended "$CALL_PID"
    # Without a grace Docker 20.10 sends both signals.
    printf '%s\n' following kill kill die stop start kill die | diff - "$OUT"
}

@test "events go on when the daemon was away" {
    run_gateway 'exec sleep 1000' --restart no
    in_background events gw 1
    await grep -q following "$OUT"
    dockerd_end "$DOCKER_DIRECTORY" KILL
    await grep -q '^unavailable: ' "$ERR"
    dockerd_start "$DOCKER_DIRECTORY"
    sleep 1
    docker start gw >/dev/null
    await ended "$CALL_PID"
    not grep -vqx -e following -e start -e die -e stop -e kill "$OUT"
}
