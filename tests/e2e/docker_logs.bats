#!/usr/bin/env bats
# docker_logs.bats - logs through docker.h: nothing is lost or told twice, whatever is cut.

load docker.bash

@test "a log is followed with both streams while it is written, up to its end and into the next run" {
    run_gateway "$COUNT" -- 0.02 50
    in_background logs gw -
    await grep -q 'end of log' "$ERR"
    told_everything
    [ "$(told out | wc -l)" -eq 50 ]
    docker start gw >/dev/null
    await has_lines "$OUT" 200
    [ "$(told err | wc -l)" -eq 100 ]
    docker rm -f gw >/dev/null
    await ended "$CALL_PID"
    grep -q '^not-found: ' "$ERR"
}

@test "times are the daemon's, and since begins at the very line" {
    run_gateway "$COUNT" -- 0.01 20
    docker wait gw
    "$CALL" drain gw - >"$OUT"
    docker logs -t gw >"$BATS_TEST_TMPDIR/kept" 2>/dev/null
    local stamp text ns
    while read -r stamp text; do
        ns=$(date -d "$stamp" +%s%N)
        grep -qxF "$ns $text" "$OUT" || { echo "no $ns $text"; cat "$OUT"; return 1; }
    done <"$BATS_TEST_TMPDIR/kept"
    stamp=$(sed -n '10s/ .*//p' "$BATS_TEST_TMPDIR/kept")
    "$CALL" drain gw "$stamp" >"$OUT"
    [ "$(told out | head -n 1)" = "out 10" ]
    [ "$(told out | wc -l)" -eq 11 ]
    # The same moment, told in another zone.
    "$CALL" drain gw "$(TZ=UTC-2 date -d "$stamp" +%Y-%m-%dT%H:%M:%S.%N+02:00)" >"$OUT"
    [ "$(told out | wc -l)" -eq 11 ]
    # A nanosecond later it is the next.
    "$CALL" drain gw "${stamp%??}$(printf '%01dZ' $(((${stamp: -2:1} + 1) % 10)))" >"$OUT"
    [ "${stamp: -2:1}" = 9 ] || [ "$(told out | wc -l)" -eq 10 ]
}

@test "a run is followed from its first line on, without the run before" {
    run_gateway 'echo out $RANDOM; exec sleep 1000'
    local round line
    for ((round = 0; round < 5; round++)); do
        await eval '[ "$(docker logs gw | wc -l)" -gt '"$round"' ]'
        line=$(docker logs gw | tail -n 1)
        in_background logs gw run
        await has_lines "$OUT" 1
        sleep 0.3
        [ "$(told out)" = "$line" ] || { echo "run $round: $line"; cat "$OUT"; return 1; }
        kill "$CALL_PID"
        docker restart -t 0 gw >/dev/null
    done
}

@test "the log of a TTY is told without carriage returns" {
    # shellcheck disable=SC2016 # the container's shell expands this
    run_gateway 'i=0; while [ $i -lt 30 ]; do i=$((i + 1)); echo out $i; done; echo; printf "a\rb"' -t
    docker wait gw
    "$CALL" drain gw - >"$OUT"
    seq -f 'out %g' 30 | diff - <(told out)
    [ "$(wc -l <"$OUT")" -eq 32 ]
    [ "$(tail -n 2 "$OUT" | head -n 1 | cut -d' ' -f2-)" = "" ]
    [ "$(tail -n 1 "$OUT" | cut -d' ' -f2-)" = $'a\rb' ]
    not grep -q $'\r$' "$OUT"
}

@test "a line longer than Docker's own limit is cut once, and the next line is whole" {
    run_gateway 'seq -s, 1 9000; echo next; printf "%08192d\n" 0; printf "%08193d\n" 0'
    docker wait gw
    "$CALL" drain gw - >"$OUT"
    [ "$(wc -l <"$OUT")" -eq 4 ]
    sed -n 1p "$OUT" | grep -qE '^[0-9]+ \(cut\) 1,2,3,'
    sed -n 1p "$OUT" | cut -d' ' -f3- | tr -d '\n' | wc -c | grep -qx 8192
    sed -n 2p "$OUT" | grep -qE '^[0-9]+ next$'
    sed -n 3p "$OUT" | grep -qE '^[0-9]+ 0{10}'
    sed -n 4p "$OUT" | grep -qE '^[0-9]+ \(cut\) 0{10}'
}

@test "a log that Docker does not keep is refused" {
    run_gateway 'exec sleep 1000' --log-driver none
    refused_as refused "log of container" "$CALL" logs gw -
    grep -q 'does not support reading' "$ERR"
}

@test "no line that Docker keeps is lost or told twice when the daemon is killed and started while its containers live" {
    dockerd_end "$DOCKER_DIRECTORY" TERM
    dockerd_start "$DOCKER_DIRECTORY" --live-restore
    run_gateway "$COUNT" -- 0.01
    in_background logs gw -
    await has_lines "$OUT" 50
    dockerd_end "$DOCKER_DIRECTORY" KILL
    await grep -q '^unavailable: ' "$ERR"
    dockerd_start "$DOCKER_DIRECTORY" --live-restore
    local lines
    lines=$(wc -l <"$OUT")
    await has_lines "$OUT" $((lines + 100))
    dockerd_end "$DOCKER_DIRECTORY" TERM
    dockerd_start "$DOCKER_DIRECTORY" --live-restore
    lines=$(wc -l <"$OUT")
    await has_lines "$OUT" $((lines + 100))
    docker stop -t 0 gw >/dev/null
    await grep -q 'end of log' "$ERR"
    told_what_docker_keeps
    grep -qE '^unavailable: (nobody listens on|there is no) .*docker\.sock' "$ERR"
    dockerd_end "$DOCKER_DIRECTORY" TERM
}

@test "a container that the daemon takes down with it is followed on when both are back" {
    run_gateway "$COUNT" --restart always -- 0.02
    in_background logs gw -
    await has_lines "$OUT" 20
    dockerd_end "$DOCKER_DIRECTORY" TERM
    dockerd_start "$DOCKER_DIRECTORY"
    twice() {
        [ "$(told out | grep -cx 'out 10')" -eq 2 ]
    }
    await twice
    docker stop -t 0 gw >/dev/null
    await grep -q 'end of log' "$ERR"
    docker logs gw 2>/dev/null | diff - <(told out)
    docker logs gw 2>&1 >/dev/null | diff - <(told err)
}

@test "a helper that is killed is replaced, and no line is lost or told twice" {
    run_gateway "$COUNT" -- 0.01
    in_background logs gw -
    local lines helper
    for _ in 1 2 3; do
        lines=$(wc -l <"$OUT")
        await has_lines "$OUT" $((lines + 50))
        for helper in $(pgrep -P "$CALL_PID"); do
            kill -KILL "$helper"
        done
    done
    lines=$(wc -l <"$OUT")
    await has_lines "$OUT" $((lines + 50))
    docker stop -t 0 gw >/dev/null
    await grep -q 'end of log' "$ERR"
    told_everything
}

@test "a container removed by hand while it is followed is gone" {
    run_gateway "$COUNT" -- 0.05
    in_background logs gw -
    await has_lines "$OUT" 10
    docker rm -f gw >/dev/null
    await ended "$CALL_PID"
    grep -q '^not-found: container ' "$ERR"
}

@test "another container of the same name is not taken for the one that was followed" {
    run_gateway "$COUNT" -- 0.05
    in_background logs gw -
    await has_lines "$OUT" 10
    docker rm -f gw >/dev/null
    run_gateway 'echo other; exec sleep 1000'
    await ended "$CALL_PID"
    not grep -q other "$OUT"
}
