#!/usr/bin/env bats
load lib.bash

# No daemon is asked.
swarm() {
    DOCKER_HOST=unix://$SCRATCH/nobody "$IBCRED" inject paper --to swarm "$@"
}

@test "inject --to swarm needs a service, and only it takes one" {
    make_vault
    refused 64 "needs --service NAME" swarm
    refused 64 "are for --to swarm" "$IBCRED" inject paper --service gateway
    refused 64 "are for --to swarm" "$IBCRED" inject paper --to secret-dir --secret-name x
    refused 64 "env-file, secret-dir or swarm" "$IBCRED" inject paper --to swarms
    [ "$(charges)" = 0 ]
}

@test "inject --to swarm refuses what a swarm cannot keep to" {
    make_vault
    refused 64 "--ttl does not apply" swarm --service gateway --ttl 1m
    refused 64 "--names is for an env file" swarm --service gateway --names tws
    refused 64 "--format is for an env file" swarm --service gateway --format compose
    refused 64 "mode both is not for --to swarm" swarm --service gateway --mode both
    refused 64 "mode both is not for --to swarm" env TRADING_MODE=both "$IBCRED" inject paper \
        --to swarm --service gateway
    refused 64 "give another with --secret-name" swarm --service gateway --secret-name 'a b'
    [ "$(charges)" = 0 ]
}

@test "a username that a swarm would read as a template is refused before anybody is asked" {
    "$IBCRED" init --quiet
    seal_as paper paper 'user{{.Node.ID}}'
    refused 78 "its username has '{{' in it" swarm --service gateway
    [ "$(charges)" = 0 ]
}

@test "a daemon that is away is told, nothing is charged, and nothing secret is on the way" {
    make_vault
    refused 69 "$SCRATCH/nobody" swarm --service gateway
    refused 64 "is no name of a service" swarm --service 'gate way'
    [ "$("$IBCRED" gate paper --json | jq .attempts)" = 0 ]
    [ "$(charges)" = 0 ]
}
