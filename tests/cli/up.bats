#!/usr/bin/env bats
# ibcred up and watch: what is said before Docker is asked for anything.
load lib.bash

@test "--help names each option of up and watch" {
    "$IBCRED" up --help >help
    for option in --mode --paper --service --ttl --log-rules --wait --recreate --supervise; do
        grep -qe "^  $option\b" help
    done
    "$IBCRED" watch --help >help
    for option in --container --mode --paper --ttl --log-rules --supervise --explain; do
        grep -qe "^  $option\b" help
    done
}

@test "misuse is exit 64, one sentence" {
    make_vault
    refused 64 "no option '--nosuch'" "$IBCRED" up --nosuch
    refused 64 "a value is missing after '--service'" "$IBCRED" up paper --service
    refused 64 "one operand too many" "$IBCRED" up paper other
    refused 64 "there is no container to watch" "$IBCRED" watch paper
    refused 64 "one operand too many" "$IBCRED" watch paper other --container x
    refused 64 "no option '--recreate'" "$IBCRED" watch paper --container x --recreate
}

# A directory of nothing but what the tests themselves need, as the PATH.
path_with() {
    mkdir -p "$SCRATCH/bin"
    local program
    for program in "$@"; do
        printf '#!/bin/sh\n%s\n' "${program#*=}" >"$SCRATCH/bin/${program%%=*}"
        chmod 755 "$SCRATCH/bin/${program%%=*}"
    done
}

@test "without docker and docker-compose: exit 69, and nothing is charged" {
    make_vault
    path_with
    refused 69 "neither 'docker compose' nor 'docker-compose' can be run here" \
        env PATH="$SCRATCH/bin" "$IBCRED" up paper
    # A docker without the plug-in, and a docker-compose that does not start.
    path_with 'docker=exit 1' 'docker-compose=exit 3'
    refused 69 "neither 'docker compose' nor 'docker-compose' can be run here" \
        env PATH="$SCRATCH/bin" "$IBCRED" up paper
    [ "$(charges)" = 0 ]
    [ "$(deliveries)" = 0 ]
}

# A Compose that prints these lines when it is asked for the configuration.
compose_says() {
    printf '%s\n' "$@" >"$SCRATCH/config"
    path_with "docker-compose=case \$1 in version) ;; config) while IFS= read -r l; do echo \"\$l\"; done <$SCRATCH/config ;; *) echo 'no daemon here' >&2; exit 1 ;; esac"
}

up() {
    env PATH="$SCRATCH/bin" "$IBCRED" up paper "$@"
}

@test "only a service that mounts the release itself is started" {
    make_vault
    link=$(realpath "$IBCRED_RUNTIME_DIR")/paper.secrets
    compose_says 'services:' '  ib-gateway:' '    image: x' '  other:' '    volumes:' "    - $link:/run/ibcred:ro"
    refused 78 "no service 'ib-gateway' that mounts" up
    refused 78 "no service 'oth' that mounts" up --service oth
    refused 69 "no daemon here" up --service other
    # As Docker Compose v2 prints it, and quoted.
    compose_says 'name: x' 'services:' "  '7':" '    volumes:' '      - type: bind' "        source: $link" \
        'volumes:' '  data:' "    x: $link"
    refused 69 "no daemon here" up --service 7
    refused 78 "no service 'data' that mounts" up --service data
    [ "$(charges)" = 0 ]
    [ "$(deliveries)" = 0 ]
}

@test "a compose file that cannot be read: exit 69, without its values" {
    make_vault
    path_with "docker-compose=[ \$1 = version ] || { echo 'value $SECRET' >&2; exit 1; }"
    refused 69 "docker-compose cannot read the compose file in this directory" up
    not grep -qF "$SECRET" err
    [ "$(charges)" = 0 ]
}

@test "no vault, no rules, no such mode" {
    make_vault
    compose_says 'services:'
    refused 66 "/nonexistent" up --log-rules /nonexistent
    refused 64 "TRADING_MODE is 'demo'" env TRADING_MODE=demo PATH="$SCRATCH/bin" "$IBCRED" up paper
    refused 64 "--paper is for mode both" up --paper paper
    refused 66 "$SCRATCH/none" env PATH="$SCRATCH/bin" IBCRED_VAULT="$SCRATCH/none" "$IBCRED" up paper
    [ "$(charges)" = 0 ]
}

@test "watch without a daemon: exit 69" {
    make_vault
    refused 69 "/nonexistent/docker.sock" \
        env DOCKER_HOST=unix:///nonexistent/docker.sock "$IBCRED" watch paper --container x
    refused 69 "/nonexistent/helper" env IBCRED_HTTP=/nonexistent/helper "$IBCRED" watch paper --container x
}
