#!/usr/bin/env bats
# docker_address.bats - reaching a daemon through docker.h, and losing it.

load docker.bash

@test "a socket that is missing, that nobody listens on or that is not for this user is told apart" {
    refused_as unavailable "there is no Docker socket /nowhere/docker.sock" \
        env DOCKER_HOST=unix:///nowhere/docker.sock "$CALL" inspect gw
    local dead=$DOCKER_DIRECTORY/dead.sock
    python3 -c 'import socket, sys; socket.socket(socket.AF_UNIX).bind(sys.argv[1])' "$dead"
    refused_as unavailable "nobody listens on the Docker socket $dead" \
        env DOCKER_HOST="unix://$dead" "$CALL" inspect gw
    # The tree may lie where nobody can go.
    mkdir "$DOCKER_DIRECTORY/programs"
    cp "$CALL" "$BUILD/ibcred-http" "$DOCKER_DIRECTORY/programs/"
    refused_as refused "this user may not use the Docker socket $DOCKER_DIRECTORY/docker.sock" \
        as_nobody env -u IBCRED_HTTP DOCKER_HOST="$DOCKER_HOST" \
        "$DOCKER_DIRECTORY/programs/docker_call" inspect gw
    refused_as usage "ibcred does not speak ssh" env DOCKER_HOST=ssh://root@host "$CALL" inspect gw
    refused_as unavailable "ibcred-http" env IBCRED_HTTP=/nowhere "$CALL" inspect gw
}

# A user to whom modes mean something, in a directory that everybody may enter.
as_nobody() {
    chmod 755 "$DOCKER_DIRECTORY"
    setpriv --reuid=65534 --regid=65534 --clear-groups "$@"
}

@test "one connection survives a daemon that is killed in the middle of a call" {
    dockerd_end "$DOCKER_DIRECTORY" TERM
    dockerd_start "$DOCKER_DIRECTORY" --live-restore
    run_gateway 'trap "" TERM; while :; do sleep 1; done'
    mkfifo "$BATS_TEST_TMPDIR/calls"
    "$CALL" <"$BATS_TEST_TMPDIR/calls" >"$OUT" 2>"$ERR" 3>&- &
    remember $!
    exec 7>"$BATS_TEST_TMPDIR/calls"
    printf 'inspect gw\nstop gw 60\n' >&7
    await grep -q '= 0' "$OUT"
    sleep 1
    dockerd_end "$DOCKER_DIRECTORY" KILL
    await grep -q '= 69' "$OUT"
    printf 'inspect gw\n' >&7
    await has_lines "$ERR" 2
    dockerd_start "$DOCKER_DIRECTORY" --live-restore
    printf 'inspect gw\nrest\ninspect gw\n' >&7
    exec 7>&-
    await calls_gave '= 0= 69= 69= 0= 0= 0'
    dockerd_end "$DOCKER_DIRECTORY" TERM
}

@test "one connection survives a helper that is killed, in a call and between two" {
    run_gateway 'trap "" TERM; while :; do sleep 1; done'
    mkfifo "$BATS_TEST_TMPDIR/calls"
    "$CALL" <"$BATS_TEST_TMPDIR/calls" >"$OUT" 2>"$ERR" 3>&- &
    local caller=$!
    remember "$caller"
    exec 7>"$BATS_TEST_TMPDIR/calls"
    printf 'stop gw 60\n' >&7
    sleep 1
    kill -KILL "$(pgrep -P "$caller")"
    await grep -q '= 69' "$OUT"
    printf 'inspect gw\n' >&7
    await grep -q '= 0' "$OUT"
    kill -KILL "$(pgrep -P "$caller")"
    sleep 0.2
    printf 'inspect gw\n' >&7
    exec 7>&-
    await calls_gave '= 69= 0= 0'
}

@test "tcp is spoken in the clear" {
    dockerd_end "$DOCKER_DIRECTORY" TERM
    dockerd_start "$DOCKER_DIRECTORY" --host tcp://127.0.0.1:2375
    run_gateway "$COUNT" -- 0.01 20
    docker wait gw
    in_dockerd_network "$DOCKER_DIRECTORY" env DOCKER_HOST=tcp://127.0.0.1 "$CALL" drain gw - >"$OUT"
    told_everything
    refused_as unavailable "the Docker daemon at tcp://127.0.0.1:2374 cannot be reached" \
        in_dockerd_network "$DOCKER_DIRECTORY" env DOCKER_HOST=tcp://127.0.0.1:2374 \
        "$CALL" inspect gw
    dockerd_end "$DOCKER_DIRECTORY" TERM
}

# A certificate for $2 in $1/$2, signed by the authority in $1.
make_certificate() {
    local directory=$1/$2
    mkdir -p "$directory"
    openssl req -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -subj "/CN=$2" \
        -keyout "$directory/key.pem" -out "$directory/request.pem" 2>/dev/null
    openssl x509 -req -in "$directory/request.pem" -CA "$1/ca.pem" -CAkey "$1/ca-key.pem" \
        -CAcreateserial -days 2 -out "$directory/cert.pem" \
        -extfile <(printf 'subjectAltName=IP:127.0.0.1\nextendedKeyUsage=%s\n' "$3") 2>/dev/null
    cp "$1/ca.pem" "$directory/"
}

make_authority() {
    mkdir -p "$1"
    openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 -subj "/CN=$2" \
        -keyout "$1/ca-key.pem" -out "$1/ca.pem" 2>/dev/null
}

@test "tcp with DOCKER_CERT_PATH is TLS, both sides proven" {
    local ours=$BATS_TEST_TMPDIR/ours theirs=$BATS_TEST_TMPDIR/theirs
    make_authority "$ours" "tests"
    make_authority "$theirs" "others"
    make_certificate "$ours" server serverAuth
    make_certificate "$ours" client clientAuth
    make_certificate "$theirs" client clientAuth
    dockerd_end "$DOCKER_DIRECTORY" TERM
    dockerd_start "$DOCKER_DIRECTORY" --host tcp://127.0.0.1:2376 --tlsverify \
        --tlscacert "$ours/ca.pem" --tlscert "$ours/server/cert.pem" --tlskey "$ours/server/key.pem"
    run_gateway "$COUNT" -- 0.01 20
    docker wait gw
    secured() {
        local certificates=$1
        shift
        in_dockerd_network "$DOCKER_DIRECTORY" env DOCKER_HOST=tcp://127.0.0.1:2376 \
            DOCKER_CERT_PATH="$certificates" "$CALL" "$@"
    }
    secured "$ours/client" drain gw - >"$OUT"
    told_everything
    # An authority that did not sign the daemon's certificate, and a certificate of another's.
    refused_as unavailable "tcp://127.0.0.1:2376 cannot be reached" \
        secured "$theirs/client" inspect gw
    cp "$ours/ca.pem" "$theirs/client/ca.pem"
    refused_as unavailable "tcp://127.0.0.1:2376 cannot be reached" \
        secured "$theirs/client" inspect gw
    refused_as unavailable "wants TLS, and $BATS_TEST_TMPDIR/none/ca.pem cannot be read" \
        secured "$BATS_TEST_TMPDIR/none" inspect gw
    # Not in the clear to a port that wants TLS.
    refused_as unavailable "tcp://127.0.0.1:2376" in_dockerd_network "$DOCKER_DIRECTORY" \
        env DOCKER_HOST=tcp://127.0.0.1:2376 "$CALL" inspect gw
    dockerd_end "$DOCKER_DIRECTORY" TERM
}
