#!/usr/bin/env bats
# secret_dir.bats - the password reaches the gateway as a file on tmpfs and is nowhere else, with a
# real Docker daemon, the real docker-compose and the override.

load lib.bash

setup() {
    [ -z "${NO_DOCKER:-}" ] || skip "no Docker daemon can run here"
    # New each time, so that whatever holds it has it from this test; and without a byte that JSON
    # writes in another way.
    MARK=$(xxd -p -l 12 /dev/urandom)
    PASSWORD="a ' \" \$HOME #1\\ $MARK"
}

teardown() {
    leave_project
}

# Put a program with the libraries it needs into the image directory $1.
copy_program() {
    local file
    for file in "$2" $(ldd "$2" | grep -oE '/[^ ]+'); do
        mkdir -p "$1$(dirname "$file")"
        cp "$(realpath "$file")" "$1$file"
    done
}

# Make the gateway's image: the stand-in behind the one thing of the image's start script that it
# does not do itself. common.sh (apply_settings) reads the password with bash and writes it into
# the configuration of IBC, at the place that IBC_INI names.
build_image() {
    local image=$BATS_TEST_TMPDIR/image
    mkdir -p "$image/home/ibgateway/ibc"
    chmod 777 "$image/home/ibgateway/ibc"
    cp "$BUILD/standin/ib-gateway" "$image/"
    copy_program "$image" /bin/bash
    copy_program "$image" /usr/bin/stat
    cat >"$image/run.sh" <<'RUN'
#!/bin/bash
set -e
password=$TWS_PASSWORD
[ -z "$TWS_PASSWORD_FILE" ] || password=$(<"$TWS_PASSWORD_FILE")
printf 'IbPassword=%s\n' "$password" >"$IBC_INI"
exec /ib-gateway
RUN
    chmod 755 "$image/run.sh"
    tar -C "$image" -c . | docker import --change 'ENTRYPOINT ["/run.sh"]' \
        --change 'USER 1000:1000' --change 'ENV IBC_INI=/home/ibgateway/ibc/config.ini' \
        - "$GATEWAY_IMAGE" >/dev/null
}

# The gateway lets in this username with this password, which is told to it on tmpfs: in the image
# it would be on the daemon's disk.
expects() {
    mkdir -p "$RUNTIME/standin"
    printf '%s' "$1" >"$RUNTIME/standin/username"
    printf '%s' "$2" >"$RUNTIME/standin/password"
    chmod -R a+rX "$RUNTIME/standin"
    printf 'services: {ib-gateway: {volumes: ["%s:/standin:ro"]}}\n' "$RUNTIME/standin" >standin.yml
}

# The password as the image must be given it: Java's properties make one backslash of two.
for_image() {
    printf %s "${1//\\/\\\\}"
}

# A project, an image, and one sealed profile that the gateway lets in.
make_world() {
    enter_project "$1" "${2:-docker-compose.override.yml}"
    build_image
    expects trader7 "$PASSWORD"
    seal_values trader7 "$PASSWORD"
}

# Start the gateway with the env file $1.
start_with() {
    compose -f docker-compose.yml -f docker-compose.override.yml -f standin.yml --env-file "$1" \
        up -d ib-gateway
}

start() {
    local directory
    directory=$("$IBCRED" inject paper --to secret-dir "$@")
    start_with "$directory/compose.env"
}

# The files below the daemon's directory that hold the password.
holders_of_the_password() {
    grep -rlaF -- "$MARK" "$DOCKER_DIRECTORY"
}

inspected() {
    docker inspect "$(gateway_container)"
    docker inspect "$GATEWAY_IMAGE"
}

# How often the log says that a login was completed.
logins() {
    docker logs "$(gateway_container)" 2>&1 | grep -c 'IBC: Login has completed$'
}

@test "the gateway logs in with the password from a file of its own user that nobody else may read" {
    make_world spreadpilot
    start
    gateway_logs 'IBC: Login has completed$'
    [ "$(docker exec "$(gateway_container)" /usr/bin/stat -c '%u %g %a' /run/ibcred/tws_password)" = \
        "1000 1000 400" ]
    [ "$(docker exec "$(gateway_container)" /usr/bin/stat -c '%u %g %a' /run/ibcred/tws_userid)" = \
        "1000 1000 400" ]
    run docker exec "$(gateway_container)" /bin/bash -c 'echo x >/run/ibcred/new'
    [ "$status" -ne 0 ]
    [[ $output == *"Read-only file system"* ]]
}

@test "neither docker inspect nor the daemon's files hold the password" {
    make_world spreadpilot
    start
    gateway_logs 'IBC: Login has completed$'

    [ -z "$(gateway_variable TWS_PASSWORD)" ]
    inspected >"$BATS_TEST_TMPDIR/inspected"
    run grep -F -- "$MARK" "$BATS_TEST_TMPDIR/inspected"
    [ "$status" -eq 1 ]
    run holders_of_the_password
    [ "$status" -eq 1 ]

    # The configuration of IBC, which is in the container, is not on the disk either.
    [ "$(docker exec "$(gateway_container)" /bin/bash -c 'echo "$(<$IBC_INI)"')" = \
        "IbPassword=$(for_image "$PASSWORD")" ]
}

@test "the same search finds the password that comes in the environment" {
    make_world spreadpilot docker-compose.env-file.yml
    start_with "$("$IBCRED" inject paper)"
    gateway_logs 'IBC: Login has completed$'

    inspected >"$BATS_TEST_TMPDIR/inspected"
    grep -qF -- "$MARK" "$BATS_TEST_TMPDIR/inspected"
    run holders_of_the_password
    [[ $output == *config.v2.json* ]]
    [[ $output == */ibc/config.ini* ]]
}

@test "after reap --all nothing is left on tmpfs, and the gateway goes on" {
    make_world spreadpilot
    start
    gateway_logs 'IBC: Login has completed$'
    "$IBCRED" reap --all
    [ -z "$(ls -A "$IBCRED_RUNTIME_DIR")" ]
    [ "$(gateway_inspect '{{.State.Running}}')" = true ]
    run docker exec "$(gateway_container)" /bin/bash -c 'echo /run/ibcred/*'
    [ "$output" = '/run/ibcred/*' ]
}

@test "when the lease is over the container does not start, and nothing comes to be in its place" {
    make_world spreadpilot
    start --ttl 20s
    gateway_logs 'IBC: Login has completed$'
    docker stop "$(gateway_container)"
    lease=$(readlink -f "$IBCRED_RUNTIME_DIR/paper.secrets")
    for _ in $(seq 300); do
        [ -e "$lease" ] || break
        sleep 0.1
    done
    [ ! -e "$lease" ]

    before=$(ls -lA "$IBCRED_RUNTIME_DIR")
    run docker start "$(gateway_container)"
    [ "$status" -ne 0 ]
    [ "$(ls -lA "$IBCRED_RUNTIME_DIR")" = "$before" ]
    # Compose v2 may ask for the mount in the old way, where dockerd makes what is missing.
    run docker run --rm -v "$IBCRED_RUNTIME_DIR/paper.secrets:/run/ibcred:ro" "$GATEWAY_IMAGE"
    [ "$status" -ne 0 ]
    [ "$(ls -lA "$IBCRED_RUNTIME_DIR")" = "$before" ]

    "$IBCRED" reap --all
    run docker start "$(gateway_container)"
    [ "$status" -ne 0 ]
    [ -z "$(ls -A "$IBCRED_RUNTIME_DIR")" ]
    [ "$(logins)" = 1 ]
}

@test "the next release starts the same container with the new password" {
    make_world spreadpilot
    start
    gateway_logs 'IBC: Login has completed$'
    container=$(gateway_container)
    docker stop "$container"
    "$IBCRED" report paper success --quiet

    expects trader7 "another 1$PASSWORD"
    seal_values trader7 "another 1$PASSWORD"
    start
    for _ in $(seq 100); do
        [ "$(logins)" -lt 2 ] || break
        sleep 0.1
    done
    [ "$(logins)" = 2 ]
    [ "$(gateway_container)" = "$container" ]
}

@test "what a dockerd has made in the link's place does not stop the next release" {
    make_world spreadpilot
    mkdir -m 700 "$IBCRED_RUNTIME_DIR"
    docker run --rm --entrypoint /usr/bin/stat -v "$IBCRED_RUNTIME_DIR/paper.secrets:/x:ro" \
        "$GATEWAY_IMAGE" /x
    [ -d "$IBCRED_RUNTIME_DIR/paper.secrets" ]
    start
    gateway_logs 'IBC: Login has completed$'
}

@test "in mode both the paper user's password comes as a file of its own" {
    make_world spreadpilot
    rm "$RUNTIME"/standin/username "$RUNTIME"/standin/password
    echo 'both_ms 100' >"$RUNTIME/standin/settings"
    chmod a+r "$RUNTIME/standin/settings"
    IB_USERNAME=live7 IB_PASSWORD="l1ve $PASSWORD" "$IBCRED" seal live --kind live --from-env
    echo 'modes: {live: true}' >"$BATS_TEST_TMPDIR/policy.yaml"
    IBCRED_POLICY=$BATS_TEST_TMPDIR/policy.yaml
    export IBCRED_POLICY
    start_with "$("$IBCRED" inject live --paper paper --mode both --to secret-dir)/compose.env"

    for _ in $(seq 100); do
        [ "$(logins)" -lt 2 ] || break
        sleep 0.1
    done
    [ "$(logins)" = 2 ]
    [ "$(gateway_variable TWS_USERID_PAPER)" = trader7 ]
    [ "$(docker exec "$(gateway_container)" /bin/bash -c 'echo "$(<$TWS_PASSWORD_FILE)"')" = \
        "$(for_image "l1ve $PASSWORD")" ]
    [ "$(docker exec "$(gateway_container)" /bin/bash -c 'echo "$(<$TWS_PASSWORD_PAPER_FILE)"')" = \
        "$(for_image "$PASSWORD")" ]
    inspected >"$BATS_TEST_TMPDIR/inspected"
    run grep -F -- "$MARK" "$BATS_TEST_TMPDIR/inspected"
    [ "$status" -eq 1 ]
    run holders_of_the_password
    [ "$status" -eq 1 ]
}

@test "gnzsnz's own compose file takes the password from the file too, restarts nothing, on loopback" {
    make_world gnzsnz
    TWS_USERID=old1 TWS_PASSWORD=old2 start
    gateway_logs 'IBC: Login has completed$'
    [ "$(gateway_inspect '{{.HostConfig.RestartPolicy.Name}}')" = no ]
    [ "$(gateway_inspect '{{.Config.StopTimeout}}')" = 90 ]
    [ "$(listening_addresses | sort | paste -sd ' ')" = "127.0.0.1:4001 127.0.0.1:4002 127.0.0.1:5900" ]
}

@test "without ibcred nothing starts, not even with a forgotten .env" {
    enter_project spreadpilot docker-compose.override.yml
    run compose up -d ib-gateway
    [ "$status" -ne 0 ]
    [[ $output == *"start with: ibcred up"* ]]

    echo TRADING_MODE=paper >>.env
    run compose up -d ib-gateway
    [ "$status" -ne 0 ]
    [[ $output == *"start with: ibcred up"* ]]
    [ -z "$(docker ps -aq)" ]
}
