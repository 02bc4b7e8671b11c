#!/usr/bin/env bats
# standin.bats - the gateway stand-in takes its credentials by the rules of the image it stands for.

load lib.bash

setup() {
    [ -z "${NO_DOCKER:-}" ] || skip "no Docker daemon can run here"
    gateway_expects paperuser1 passw0rd
    SECRET=$BATS_TEST_TMPDIR/secret
}

teardown() {
    docker rm -f gateway >/dev/null 2>&1 || true
}

# Start the stand-in with these options of docker-run, its secret file in place.
start_gateway() {
    [ ! -e "$SECRET" ] || chmod 644 "$SECRET"
    docker run -d --name gateway --network none -v "$BATS_TEST_TMPDIR:/run/secrets:ro" "$@" \
        "$GATEWAY_IMAGE"
    gateway_container() { echo gateway; }
}

@test "it logs in with the expected password from the environment" {
    start_gateway -e TWS_USERID=paperuser1 -e TWS_PASSWORD=passw0rd
    gateway_logs '^[-0-9]{10} [0-9:]{8}:[0-9]{3} IBC: Login has completed$'
}

@test "it logs in with the expected password from a file, without the newlines at its end" {
    printf 'passw0rd\n\n' >"$SECRET"
    start_gateway -e TWS_USERID=paperuser1 -e TWS_PASSWORD_FILE=/run/secrets/secret
    gateway_logs 'IBC: Login has completed$'
}

@test "a carriage return in the file is part of the password" {
    printf 'passw0rd\r\n' >"$SECRET"
    start_gateway -e TWS_USERID=paperuser1 -e TWS_PASSWORD_FILE=/run/secrets/secret
    gateway_logs 'IBC: detected dialog entitled: Unrecognized Username or Password; event=Opened$'
}

@test "both ways at once are an error, as is a file that is not there" {
    run docker run --rm --network none -e TWS_USERID=u -e TWS_PASSWORD=p -e TWS_PASSWORD_FILE=/f \
        "$GATEWAY_IMAGE"
    [ "$status" -eq 1 ]
    [[ $output == *"error: both TWS_PASSWORD and TWS_PASSWORD_FILE are set (but are exclusive)"* ]]

    run docker run --rm --network none -e TWS_USERID=u -e TWS_PASSWORD_FILE=/f "$GATEWAY_IMAGE"
    [ "$status" -eq 1 ]
    [[ $output == *"/f: No such file or directory"* ]]
}

@test "with an empty password it waits and tries no login" {
    start_gateway -e TWS_USERID=paperuser1
    gateway_logs 'IBC: Setting password$'
    run docker logs gateway
    [[ $output != *"Login attempt"* ]]
    [ "$(gateway_inspect '{{.State.Running}}')" = true ]
}

@test "a rejected login leaves it at its dialog until it is told to stop" {
    start_gateway -e TWS_USERID=paperuser1 -e TWS_PASSWORD=wrong1
    gateway_logs 'Unrecognized Username or Password'
    [ "$(gateway_inspect '{{.State.Running}}')" = true ]
    docker stop -t 5 gateway
    [ "$(gateway_inspect '{{.State.ExitCode}}')" = 143 ]
}

@test "a trading mode that is none ends it" {
    run docker run --rm --network none -e TRADING_MODE=demo "$GATEWAY_IMAGE"
    [ "$status" -eq 1 ]
    [[ $output == *".> Invalid TRADING_MODE: demo"* ]]
}
