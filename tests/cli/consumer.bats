#!/usr/bin/env bats
# consumer.bats - credentials reach the image in the bytes that it needs, in whatever format.

# shellcheck disable=SC1003,SC2016 # backslashes and dollars of passwords are meant literally
# shellcheck disable=SC1090 # what is sourced is made by the test

load lib.bash

BACKSLASH='pa5s\word'

# A compose file in this directory whose gateway is this image.
compose_file() {
    printf 'services:\n  gateway:\n    image: %s\n' "$1" >docker-compose.yml
}


make_backslash_vault() {
    "$IBCRED" init --quiet
    seal_as paper paper "$NAME" "$BACKSLASH"
}

@test "a backslash is doubled for the gnzsnz image, found from the compose file, and for no other" {
    make_backslash_vault
    compose_file ghcr.io/gnzsnz/ib-gateway:10.30.1t
    "$IBCRED" inject paper >path 2>err
    grep -qxF 'IB_PASSWORD=pa5s\\word' "$(cat path)"
    grep -qF 'written as the gnzsnz image reads them, by docker-compose.yml' err
    "$IBCRED" report paper success --quiet
    compose_file ghcr.io/code-hustler-ft3d/ibg-controller:0.6
    "$IBCRED" inject paper >path
    grep -qxF 'IB_PASSWORD=pa5s\word' "$(cat path)"
}

@test "compose files decide only where Compose reads, and all gateways in them agree" {
    make_backslash_vault
    compose_file ghcr.io/gnzsnz/ib-gateway
    refused 78 "IB_PASSWORD has a backslash" "$IBCRED" inject paper --format shell
    printf '  other:\n    image: me/ibg-controller\n' >>docker-compose.yml
    refused 78 "IB_PASSWORD has a backslash" "$IBCRED" inject paper
    compose_file ghcr.io/gnzsnz/ib-gateway
    printf '  own:\n    build: .\n    environment: [TWS_USERID=x]\n' >>docker-compose.yml
    refused 78 "IB_PASSWORD has a backslash" "$IBCRED" inject paper
    compose_file ghcr.io/gnzsnz/ib-gateway
    printf '  mongo:\n    image: mongo\n' >>docker-compose.yml
    "$IBCRED" inject paper >path
    grep -qxF 'IB_PASSWORD=pa5s\\word' "$(cat path)"
    [ "$(charges)" = 1 ]
}

@test "what images read differently is not released for one that nobody knows" {
    make_backslash_vault
    for given in no file; do
        [ "$given" = no ] || compose_file registry.example/gateway
        refused 78 "IB_PASSWORD has a backslash" "$IBCRED" inject paper
        refused 78 "--consumer" "$IBCRED" exec paper -- true
    done
    [ "$(charges)" = 0 ]
    [ "$(deliveries)" = 0 ]
    "$IBCRED" exec paper --consumer raw -- sh -c '[ "$IB_PASSWORD" = "pa5s\\word" ]'
}

@test "--consumer comes before the policy, and the policy before the image" {
    make_backslash_vault
    compose_file ghcr.io/gnzsnz/ib-gateway
    policy 'delivery: {consumer: raw}'
    "$IBCRED" exec paper -- sh -c 'printf %s "$IB_PASSWORD"' >out
    [ "$(cat out)" = "$BACKSLASH" ]
    "$IBCRED" report paper success --quiet
    "$IBCRED" exec paper --consumer gnzsnz -- sh -c 'printf %s "$IB_PASSWORD"' >out
    [ "$(cat out)" = 'pa5s\\word' ]
    "$IBCRED" report paper success --quiet
    refused 64 "--consumer is 'java'" "$IBCRED" exec paper --consumer java -- true
}

@test "a password that every image reads alike needs nobody to be named" {
    make_vault
    for format in compose compose-v1 compose-v2 docker systemd shell json; do
        "$IBCRED" inject paper --format "$format" >path
        grep -q IB_PASSWORD "$(cat path)"
        "$IBCRED" report paper success --quiet
    done
    [ "$(jq -r .IB_PASSWORD "$(cat path)")" = "$SECRET" ]
}

@test "each format is read by its own reader" {
    "$IBCRED" init --quiet
    seal_as paper paper "$NAME" 'a"b $x `id` #c='\''d'
    "$IBCRED" inject paper --format shell >path
    [ "$(. "$(cat path)" && printf %s "$IB_PASSWORD")" = 'a"b $x `id` #c='\''d' ]
    "$IBCRED" report paper success --quiet
    "$IBCRED" inject paper --format docker >path
    grep -qxF 'IB_PASSWORD=a"b $x `id` #c='\''d' "$(cat path)"
    "$IBCRED" report paper success --quiet
    "$IBCRED" inject paper --format json >path
    [ "$(jq -r .IB_PASSWORD "$(cat path)")" = 'a"b $x `id` #c='\''d' ]
    [ "$(jq -r .TRADING_MODE "$(cat path)")" = paper ]
}

@test "a format that is for something else is refused before anything is charged" {
    make_vault
    refused 64 "--to secret-dir" "$IBCRED" inject paper --format secret-file
    refused 64 "--to env-file" "$IBCRED" inject paper --to secret-dir --format docker
    refused 64 "it must be compose" "$IBCRED" inject paper --format dotenv
    refused 64 "it must be compose" "$IBCRED" seal paper --stdin --format docker
    [ "$(charges)" = 0 ]
    [ "$(deliveries)" = 0 ]
}

@test "a variable in the environment stops only what Compose will read" {
    make_vault
    export IB_PASSWORD=another
    refused 78 "environment has another IB_PASSWORD" "$IBCRED" inject paper
    "$IBCRED" inject paper --format docker >path
    grep -qxF "IB_PASSWORD=$SECRET" "$(cat path)"
}

@test "the files of a secret directory hold what the image must read" {
    make_backslash_vault
    compose_file ghcr.io/gnzsnz/ib-gateway
    "$IBCRED" inject paper --to secret-dir >path 2>/dev/null
    [ "$(cat "$(cat path)/tws_password")" = 'pa5s\\word' ]
}

@test "seal and check warn of the ways that are closed to a value, by field and consumer" {
    "$IBCRED" init --quiet
    jq -n --arg u "$NAME" '{IB_USERNAME: $u, IB_PASSWORD: " pa5sword"}' |
        "$IBCRED" seal paper --kind paper --stdin --json >answer 2>err
    grep -q "IB_PASSWORD has a blank.* which the gnzsnz image drops" err
    [ "$(jq -c '[.warnings[] | [.field, .consumer, .format]]' answer)" = \
        '[["IB_PASSWORD","gnzsnz",null]]' ]
    not grep -q pa5sword answer err
    compose_file ghcr.io/gnzsnz/ib-gateway
    status=0
    "$IBCRED" check paper --json >answer 2>err || status=$?
    [ "$status" = 78 ]
    [ "$(jq -r '.checks[] | select(.check == "delivery") | .ok' answer)" = false ]
    [ "$(jq -r '.warnings[0].consumer' answer)" = gnzsnz ]
    not grep -q pa5sword answer err
}

@test "a value that every way carries is sealed without a word about it" {
    "$IBCRED" init --quiet
    jq -n --arg u "$NAME" --arg p "$SECRET" '{IB_USERNAME: $u, IB_PASSWORD: $p}' |
        "$IBCRED" seal paper --kind paper --stdin --json >answer 2>err
    [ "$(jq -c .warnings answer)" = '[]' ]
    [ "$(cat err)" = "paper: version 1 is sealed" ]
}
