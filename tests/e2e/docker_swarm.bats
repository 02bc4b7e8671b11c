#!/usr/bin/env bats
# docker_swarm.bats - secrets and services of a swarm through docker.h.

load docker.bash

# Make the daemon a swarm of its own, once.
become_manager() {
    docker info -f '{{.Swarm.LocalNodeState}}' | grep -qx active ||
        docker swarm init --advertise-addr 127.0.0.1 --listen-addr 127.0.0.1 >/dev/null
}

leave_swarm() {
    docker service rm gateway >/dev/null 2>&1 || true
    docker swarm leave --force >/dev/null 2>&1 || true
}

@test "a daemon that is no swarm manager refuses secrets and services" {
    leave_swarm
    local words="this Docker daemon is no swarm manager"
    SECRET=value refused_as refused "$words" "$CALL" secret-create tws_v1
    refused_as refused "$words" "$CALL" secret-list profile paper
    refused_as refused "$words" "$CALL" secret-remove tws_v1
    refused_as refused "$words" "$CALL" service-secret gateway tws_password
    refused_as refused "$words" "$CALL" service-update gateway id tws_v1 tws_password
}

@test "secrets are made once, listed by label and removed when nothing uses them" {
    become_manager
    local id other
    id=$(SECRET='pa5s"\w0rd' "$CALL" secret-create tws_v1 ibcred.profile=paper ibcred.version=1)
    other=$(SECRET=x "$CALL" secret-create tws_v2 'ibcred.profile=paper two' ibcred.version=2)
    SECRET=x refused_as create "the swarm has a secret tws_v1 already" "$CALL" secret-create tws_v1
    [ "$("$CALL" secret-list ibcred.profile paper)" = "$id tws_v1 1" ]
    [ "$("$CALL" secret-list ibcred.profile 'paper two')" = "$other tws_v2 2" ]
    [ -z "$("$CALL" secret-list ibcred.profile live)" ]
    SECRET='' refused_as usage "has 0 bytes" "$CALL" secret-create tws_v3
    SECRET=x refused_as usage "is no name of a secret" "$CALL" secret-create 'tws v3'

    docker service create --detach --no-resolve-image --name gateway --secret tws_v1 box \
        sleep 1000 >/dev/null
    refused_as refused "in use" "$CALL" secret-remove "$id"
    "$CALL" secret-remove "$other"
    "$CALL" secret-remove "$other"
    [ "$(docker secret ls -q)" = "$id" ]
    leave_swarm
}

# What the task that runs finds in its file and its environment.
task_says() {
    docker exec "$(docker ps -q --filter label=com.docker.swarm.service.name=gateway)" "$@"
}

task_reads() {
    [ "$(task_says cat /run/secrets/tws_password)" = "$1" ]
}

@test "a service is moved to another secret with one update, and its task reads every byte of it" {
    become_manager
    local first second value index
    # More than one piece of base64, and bytes that JSON would escape.
    value=$(printf 'p"\\ä$%.0s' {1..700})
    first=$(SECRET=one "$CALL" secret-create tws_v1 ibcred.version=1)
    second=$(SECRET=$value "$CALL" secret-create tws_v2 ibcred.version=2)
    printf x | docker secret create unrelated - >/dev/null
    docker service create --detach --no-resolve-image --name gateway --secret unrelated \
        --secret source=tws_v1,target=tws_password -e TWS_PASSWORD=plain -e KEEP=1 -e CHANGE=old \
        --restart-max-attempts 7 box sleep 1000 >/dev/null
    await task_reads one
    [ "$("$CALL" service-secret gateway tws_password)" = tws_v1 ]
    [ "$("$CALL" service-secret gateway unrelated)" = unrelated ]
    [ -z "$("$CALL" service-secret gateway other)" ]
    refused_as not-found "service nobody" "$CALL" service-secret nobody tws_password

    "$CALL" service-update gateway "$second" tws_v2 tws_password -TWS_PASSWORD -ABSENT CHANGE=new \
        TWS_PASSWORD_FILE=/run/secrets/tws_password
    await task_reads "$value"
    [ "$("$CALL" service-secret gateway tws_password)" = tws_v2 ]
    docker service inspect gateway | jq .[0].Spec >"$OUT"
    [ "$(jq -c '.TaskTemplate.ContainerSpec.Env' "$OUT")" = \
        '["KEEP=1","CHANGE=new","TWS_PASSWORD_FILE=/run/secrets/tws_password"]' ]
    jq -e '.TaskTemplate.RestartPolicy | .Condition == "none" and .MaxAttempts == 7' "$OUT"
    jq -e '.UpdateConfig | .Order == "stop-first" and .FailureAction == "pause" and .Parallelism == 1' "$OUT"
    jq -e '.TaskTemplate.ContainerSpec.Secrets | length == 2 and (.[] | select(.File.Name ==
        "tws_password") | .File.UID == "1000" and .File.GID == "1000" and .File.Mode == 256)' "$OUT"

    # The same once more is no update.
    index=$(docker service inspect -f '{{.Version.Index}}' gateway)
    "$CALL" service-update gateway "$second" tws_v2 tws_password -TWS_PASSWORD CHANGE=new \
        TWS_PASSWORD_FILE=/run/secrets/tws_password
    [ "$(docker service inspect -f '{{.Version.Index}}' gateway)" = "$index" ]
    "$CALL" secret-remove "$first"
    leave_swarm
}

@test "a service that is changed by somebody else in between is to be tried again" {
    become_manager
    local id proxy=$DOCKER_DIRECTORY/proxy.sock
    id=$(SECRET=one "$CALL" secret-create tws_v1)
    docker service create --detach --no-resolve-image --name gateway box sleep 1000 >/dev/null
    "$ROOT/tests/tools/docker_proxy.py" "$proxy" "$DOCKER_DIRECTORY/docker.sock" \
        '^POST /v[0-9.]+/services/gateway/update' \
        'docker service update --detach --label-add other=1 gateway >&2' >"$OUT.proxy" 3>&- &
    remember $!
    await grep -q listening "$OUT.proxy"
    refused_as wait "service gateway was changed by somebody else" \
        env DOCKER_HOST="unix://$proxy" "$CALL" service-update gateway "$id" tws_v1 tws_password
    DOCKER_HOST="unix://$proxy" "$CALL" service-update gateway "$id" tws_v1 tws_password
    [ "$("$CALL" service-secret gateway tws_password)" = tws_v1 ]
    [ "$(docker service inspect -f '{{.Spec.Labels.other}}' gateway)" = 1 ]
    leave_swarm
}
