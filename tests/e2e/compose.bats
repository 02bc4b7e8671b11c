#!/usr/bin/env bats
# compose.bats - from SpreadPilot's .env through the vault to a gateway's login, with a real Docker
# daemon and the real docker-compose.

# shellcheck disable=SC1003 # a backslash at the end of a password is meant literally

load lib.bash

setup() {
    [ -z "${NO_DOCKER:-}" ] || skip "no Docker daemon can run here"
}

teardown() {
    leave_project
}

@test "SpreadPilot's unchanged .env and compose file bring exactly the sealed values to the gateway" {
    enter_project spreadpilot
    gateway_expects your_ib_username your_ib_password
    "$IBCRED" seal paper --kind paper --from .env

    compose --env-file "$("$IBCRED" inject paper --mode paper --ttl 2m)" up -d ib-gateway

    gateway_logs 'IBC: Login has completed$'
    [ "$(gateway_container)" = "$(docker inspect -f '{{.Id}}' spreadpilot-ib-gateway)" ]
    [ "$(gateway_variable TRADING_MODE)" = paper ]
    cmp docker-compose.yml "$ROOT/tests/e2e/spreadpilot/docker-compose.yml"
    cmp .env "$ROOT/tests/e2e/spreadpilot/.env"
}

@test "the container holds the gateway's variables, the paper user's empty, and nothing else of the vault" {
    enter_project spreadpilot
    gateway_expects your_ib_username your_ib_password
    "$IBCRED" seal paper --kind paper --from .env

    compose --env-file "$("$IBCRED" inject paper --mode paper --ttl 2m)" up -d ib-gateway

    [ "$(gateway_variable_names | paste -sd ' ')" = \
        "TRADING_MODE TWS_PASSWORD TWS_PASSWORD_PAPER TWS_USERID TWS_USERID_PAPER" ]
    [ -z "$(gateway_variable TWS_USERID_PAPER)$(gateway_variable TWS_PASSWORD_PAPER)" ]
    run gateway_inspect '{{json .}}'
    [[ $output != *MONGO* ]]
}

@test "the gateway is never restarted, may take its time to log out, and binds to loopback only" {
    enter_project spreadpilot
    gateway_expects your_ib_username your_ib_password
    "$IBCRED" seal paper --kind paper --from .env

    compose --env-file "$("$IBCRED" inject paper --mode paper --ttl 2m)" up -d ib-gateway

    [ "$(gateway_inspect '{{.HostConfig.RestartPolicy.Name}}')" = no ]
    [ "$(gateway_inspect '{{.Config.StopTimeout}}')" = 90 ]
    [ "$(gateway_inspect '{{json .NetworkSettings.Ports}}')" = \
        '{"4002/tcp":[{"HostIp":"127.0.0.1","HostPort":"4002"}]}' ]
    [ "$(listening_addresses)" = 127.0.0.1:4002 ]
}

@test "gnzsnz's own compose file gets the sealed values, no restart and loopback too" {
    enter_project gnzsnz
    gateway_expects 'gnzuser1' 'g0od "password" $HOME'
    seal_values 'gnzuser1' 'g0od "password" $HOME'

    compose --env-file "$("$IBCRED" inject paper --mode paper --ttl 2m)" up -d ib-gateway

    gateway_logs 'IBC: Login has completed$'
    [ "$(gateway_inspect '{{.HostConfig.RestartPolicy.Name}}')" = no ]
    [ "$(listening_addresses | sort | paste -sd ' ')" = "127.0.0.1:4001 127.0.0.1:4002 127.0.0.1:5900" ]
}

@test "exec brings the sealed values to the gateway, whatever an old .env still says" {
    enter_project spreadpilot
    gateway_expects 'execuser1' 'ex3c ${HOME} \ "end\'
    seal_values 'execuser1' 'ex3c ${HOME} \ "end\'

    "$IBCRED" exec paper --mode paper -- docker-compose up -d ib-gateway </dev/null

    gateway_logs 'IBC: Login has completed$'
    [ "$(gateway_variable_names | paste -sd ' ')" = \
        "TRADING_MODE TWS_PASSWORD TWS_PASSWORD_PAPER TWS_USERID TWS_USERID_PAPER" ]
}

@test "without ibcred nothing starts, not even with a forgotten .env" {
    enter_project spreadpilot

    run compose up -d ib-gateway
    [ "$status" -ne 0 ]
    [[ $output == *"start with: ibcred exec paper"* ]]
    [ -z "$(docker ps -aq)" ]

    rm .env
    run compose up -d ib-gateway
    [ "$status" -ne 0 ]
    [[ $output == *"start with: ibcred exec paper"* ]]
    [ -z "$(docker ps -aq)" ]
}

@test "looking, stopping and taking down need no credentials" {
    enter_project spreadpilot
    gateway_expects your_ib_username your_ib_password
    "$IBCRED" seal paper --kind paper --from .env
    compose --env-file "$("$IBCRED" inject paper --mode paper --ttl 2m)" up -d ib-gateway
    rm .env

    run compose -f docker-compose.yml ps
    [[ $output == *spreadpilot-ib-gateway*Up* ]]
    compose -f docker-compose.yml stop
    compose -f docker-compose.yml down
    [ -z "$(docker ps -aq)" ]
}

@test "a gateway that expects another password reports a rejected login" {
    enter_project spreadpilot
    gateway_expects your_ib_username another_passw0rd
    "$IBCRED" seal paper --kind paper --from .env

    compose --env-file "$("$IBCRED" inject paper --mode paper --ttl 2m)" up -d ib-gateway

    gateway_logs 'IBC: detected dialog entitled: Unrecognized Username or Password; event=Opened$'
    run docker logs "$(gateway_container)"
    [[ $output != *"Login has completed"* ]]
}
