#!/usr/bin/env bats
# sinks.bats - real programs read what the sinks write: of 10,000 values each way, every one arrives
# byte for byte or is refused. Prints the counts. SEED=… makes other values.

load docker.bash

setup() {
    export SYSTEMD_ENVIRONMENT=$BUILD/tests/tools/systemd_environment
    # 10,000 secret files are made in a moment there.
    TMPDIR=$(make_tmpfs_directory)
    export TMPDIR
}

teardown() {
    rm -rf "$TMPDIR"
}

# Values go by format $1, written for the image of consumer $2.
delivers() {
    local rows=$BATS_TEST_TMPDIR/rows status=0
    # docker-compose and its libraries belong to the system's Python.
    /usr/bin/python3 "$ROOT/tests/tools/sink_delivery.py" "$BUILD/tests/tools/sink_roundtrip" \
        "$1" "$2" >"$rows" || status=$?
    sed 's/^/# /' "$rows" >&3
    [ "$status" -ne 77 ] || skip "$(grep '^missing: ' "$rows")"
    return "$status"
}

@test "docker-compose 1.29 reads what is written for v1 and v2 at once" {
    delivers compose raw
}

@test "docker-compose 1.29 reads what is written for v1" {
    delivers compose-v1 raw
}

@test "docker run --env-file reads what is written for it" {
    delivers docker raw
}

@test "systemd reads what is written for EnvironmentFile=" {
    delivers systemd raw
}

@test "dash, bash and busybox source what is written for sh" {
    delivers shell raw
}

@test "jq and Python read what is written as JSON" {
    delivers json raw
}

@test "bash reads a secret file" {
    delivers secret-file raw
}

@test "gnzsnz's image makes a config.ini of secret files from which Java reads the sealed values" {
    delivers secret-file gnzsnz
}

@test "gnzsnz's image makes the same of its environment, set by docker-compose" {
    delivers compose gnzsnz
}

@test "gnzsnz's image makes the same of its environment, set by docker run" {
    delivers docker gnzsnz
}

@test "ibg-controller's image is given the sealed values" {
    delivers docker ibg-controller
}

@test "what is written for an unknown image comes out right in each" {
    delivers compose unknown
}

@test "a secret file for an unknown image comes out right in each" {
    delivers secret-file unknown
}
