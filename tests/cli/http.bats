#!/usr/bin/env bats
# http.bats - ibcred-http, through the library, against real servers.

load lib

# The helper is chosen by a variable: the tests' tool does not lie beside it.
setup_file() {
    export CERTIFICATES=$BATS_FILE_TMPDIR
    make_certificates >/dev/null 2>&1
    serve plain
    serve secure --certificate "$CERTIFICATES/server.pem" --key "$CERTIFICATES/server.key"
    serve misnamed --certificate "$CERTIFICATES/elsewhere.pem" --key "$CERTIFICATES/elsewhere.key"
    serve mutual --certificate "$CERTIFICATES/server.pem" --key "$CERTIFICATES/server.key" \
        --client-ca "$CERTIFICATES/ca.pem"
    serve old --certificate "$CERTIFICATES/server.pem" --key "$CERTIFICATES/server.key" \
        --most-tls 1.1
    serve local --unix "$BATS_FILE_TMPDIR/server.sock"
}

teardown_file() {
    local pid
    for pid in "$BATS_FILE_TMPDIR"/*.pid; do
        kill "$(cat "$pid")" || true
    done
}

# serve NAME OPTION… - start a server and wait until it listens; `port NAME` is where.
serve() {
    local name=$1
    shift
    "$BATS_TEST_DIRNAME/../tools/http_server.py" "$BATS_FILE_TMPDIR/$name.port" "$@" \
        >"$BATS_FILE_TMPDIR/$name.log" 2>&1 3>&- &
    echo $! >"$BATS_FILE_TMPDIR/$name.pid"
    for _ in $(seq 200); do
        [ -e "$BATS_FILE_TMPDIR/$name.port" ] && return
        sleep 0.05
    done
    cat "$BATS_FILE_TMPDIR/$name.log"
    return 1
}

port() {
    cat "$BATS_FILE_TMPDIR/$1.port"
}

plain() {
    echo "http://127.0.0.1:$(port plain)"
}

# An authority of its own, a server's certificate, a client's, and a client's of nobody.
make_certificates() {
    cd "$CERTIFICATES" || return 1
    authority ca && authority other
    signed server ca 'subjectAltName=IP:127.0.0.1,DNS:localhost'
    signed elsewhere ca 'subjectAltName=DNS:elsewhere.invalid'
    signed client ca 'extendedKeyUsage=clientAuth'
    signed stranger other 'extendedKeyUsage=clientAuth'
}

authority() {
    openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj "/CN=$1" -keyout "$1.key" -out "$1.pem"
}

signed() {
    openssl req -newkey rsa:2048 -nodes -subj "/CN=$1" -keyout "$1.key" -out "$1.csr"
    openssl x509 -req -in "$1.csr" -CA "$2.pem" -CAkey "$2.key" -CAcreateserial -days 2 \
        -extfile <(echo "$3") -out "$1.pem"
}

setup() {
    SCRATCH=$(mktemp -d "${TMPDIR:-/tmp}/ibcred-http.XXXXXX")
    BUILT=$(dirname "$IBCRED")
    export IBCRED_HTTP=$BUILT/ibcred-http
    unset http_proxy https_proxy HTTPS_PROXY no_proxy NO_PROXY all_proxy ALL_PROXY
    cd "$SCRATCH" || return 1
}

teardown() {
    rm -rf "$SCRATCH"
}

request() {
    "$BUILT/tests/tools/http_request" "$@"
}

# In the background, with nothing of bats' open: $REQUEST is its process, $HELPER ibcred-http's.
request_in_background() {
    "$BUILT/tests/tools/http_request" "$@" >"$SCRATCH/out" 2>"$SCRATCH/err" </dev/null 3>&- &
    REQUEST=$!
    for _ in $(seq 200); do
        HELPER=$(pgrep -P "$REQUEST" -x ibcred-http) && return
        sleep 0.02
    done
    return 1
}

# gone PID - within two seconds.
gone() {
    for _ in $(seq 100); do
        kill -0 "$1" 2>/dev/null || return 0
        sleep 0.02
    done
    return 1
}

wait_for_text() {
    for _ in $(seq 200); do
        [ -s "$1" ] && return
        sleep 0.02
    done
    return 1
}

@test "a response comes with its status, its headers in any letter case and its body" {
    run request --show x-mixed-case GET "$(plain)/hello"
    [ "$status" = 0 ]
    [ "$output" = $'200\na value: of sorts\nhello' ]
    run request --stream GET "$(plain)/hello"
    [ "$output" = $'200\nhello' ]
}

@test "a status that is no success is a response like any other" {
    run request GET "$(plain)/nothing-of-this-name"
    [ "$status" = 0 ]
    [ "$output" = $'404\nnot here' ]
}

@test "method, headers and body arrive as they were given" {
    printf '{"a": "\001\002"}' >body
    run request --body body --header 'X-Test: one two' --header 'Content-Type: application/json' \
        PUT "$(plain)/echo"
    [ "$status" = 0 ]
    [ "${lines[1]}" = PUT ]
    [ "${lines[2]}" = 'Content-Type=application/json' ]
    [ "${lines[3]}" = 'Content-Length=11' ]
    [ "${lines[4]}" = 'Expect=None' ]
    [ "${lines[6]}" = 'X-Test=one two' ]
    [ "${lines[7]}" = "$(cat body)" ]
}

@test "a POST without a body says so, and names no type" {
    run request POST "$(plain)/echo"
    [ "${lines[1]}" = POST ]
    [ "${lines[2]}" = 'Content-Type=None' ]
    [ "${lines[3]}" = 'Content-Length=0' ]
}

@test "HEAD has a head and no body" {
    run request --show content-length HEAD "$(plain)/large"
    [ "$status" = 0 ]
    [ "$output" = $'200\n200000' ]
}

@test "a body of eight megabytes arrives, one byte more is not sent" {
    head -c 8388608 /dev/zero >body
    run request --body body POST "$(plain)/count"
    [ "$status" = 0 ]
    [[ ${lines[1]} == '8388608 bytes, '* ]]
    echo >>body
    refused 64 'larger than 8388608 bytes' request --body body POST "$(plain)/count"
}

@test "a connection is used again for asking, and never for what changes something" {
    run request GET "$(plain)/count" "$(plain)/count"
    [ "${lines[1]}" = "${lines[3]}" ]
    run request POST "$(plain)/count" "$(plain)/count"
    [ "$status" = 0 ]
    [ "${lines[1]}" != "${lines[3]}" ]
}

@test "after a failure the next request is answered" {
    run request --max 1000 GET "$(plain)/large" "$(plain)/hello"
    [ "$status" = 0 ]
    [[ $output == *$'200\nhello' ]]
}

@test "a unix socket is spoken to, and proxies have no part in it" {
    run env http_proxy=http://127.0.0.1:1 "$BUILT/tests/tools/http_request" \
        --unix-socket "$BATS_FILE_TMPDIR/server.sock" GET http://docker/hello
    [ "$status" = 0 ]
    [ "$output" = $'200\nhello' ]
}

@test "a socket that is not there, or that this user may not use, is named" {
    refused 69 "$SCRATCH/none.sock cannot be reached: No such file" \
        request --unix-socket "$SCRATCH/none.sock" GET http://docker/hello
    [ "$(id -u)" = 0 ] || skip "needs root, to become somebody who may not"
    # Somebody else must be able to reach the programs.
    mkdir -m 755 open
    cp "$IBCRED_HTTP" "$BUILT/tests/tools/http_request" open/
    chmod 755 "$SCRATCH" open
    cd /
    refused 77 "$BATS_FILE_TMPDIR/server.sock cannot be reached: Permission denied" \
        as_nobody env -u IBCRED_HTTP "$SCRATCH/open/http_request" \
        --unix-socket "$BATS_FILE_TMPDIR/server.sock" GET http://docker/hello
}

@test "nobody listening is told with the address" {
    refused 69 'http://127.0.0.1:1 cannot be reached: Connection refused' \
        request GET http://127.0.0.1:1/secret-path
    not grep secret-path err
}

@test "proxies come from the usual variables, and nothing else does" {
    run env http_proxy="$(plain)" "$BUILT/tests/tools/http_request" GET http://nowhere.invalid/hello
    [[ $output == 404* ]] # the server took the whole URL for a path, as a proxy gets it
    refused 69 'nowhere.invalid' request GET http://nowhere.invalid/hello
    FAMOUS=yes http_proxy=http://127.0.0.1:9 no_proxy=127.0.0.1 \
        request_in_background GET "$(plain)/slow"
    run tr '\0' '\n' <"/proc/$HELPER/environ"
    kill "$REQUEST"
    [ "$(sort <<<"$output")" = $'http_proxy=http://127.0.0.1:9\nno_proxy=127.0.0.1' ]
}

@test "https is verified: by the authority that is named, by that alone, and the name counts" {
    run request --ca "$CERTIFICATES/ca.pem" GET "https://127.0.0.1:$(port secure)/hello"
    [ "$status" = 0 ]
    [ "$output" = $'200\nhello' ]
    refused 69 'certificate' request GET "https://127.0.0.1:$(port secure)/hello"
    refused 69 'certificate' request --ca "$CERTIFICATES/other.pem" \
        GET "https://127.0.0.1:$(port secure)/hello"
    refused 69 'certificate subject name' request --ca "$CERTIFICATES/ca.pem" \
        GET "https://127.0.0.1:$(port misnamed)/hello"
    refused 69 "$SCRATCH/none.pem" request --ca "$SCRATCH/none.pem" \
        GET "https://127.0.0.1:$(port secure)/hello"
}

@test "a client certificate is shown where the server asks for one" {
    local url
    url=https://127.0.0.1:$(port mutual)/hello
    run request --ca "$CERTIFICATES/ca.pem" --certificate "$CERTIFICATES/client.pem" \
        --key "$CERTIFICATES/client.key" GET "$url"
    [ "$status" = 0 ]
    [ "$output" = $'200\nhello' ]
    refused 69 "https://127.0.0.1:$(port mutual): " request --ca "$CERTIFICATES/ca.pem" GET "$url"
    refused 69 "https://127.0.0.1:$(port mutual): " request --ca "$CERTIFICATES/ca.pem" \
        --certificate "$CERTIFICATES/stranger.pem" --key "$CERTIFICATES/stranger.key" GET "$url"
    refused 64 'go together' request --certificate "$CERTIFICATES/client.pem" GET "$url"
}

@test "a server that speaks TLS 1.1 at most is refused" {
    local url
    url=https://127.0.0.1:$(port old)/hello
    # It works for who wants it so; otherwise this would show nothing.
    openssl s_client -connect "127.0.0.1:$(port old)" -tls1_1 -cipher ALL:@SECLEVEL=0 </dev/null \
        >session 2>&1 || skip "no TLS 1.1 on this machine"
    grep -q 'Protocol *: TLSv1.1' session
    refused 69 "https://127.0.0.1:$(port old): " request --ca "$CERTIFICATES/ca.pem" GET "$url"
}

@test "a redirect is not followed" {
    run request --show location GET "$(plain)/redirect"
    [ "$status" = 0 ]
    [ "$output" = $'302\n/hello' ]
}

@test "http and https only; a request that would break out of its line is not sent" {
    refused 64 'http:// or https://' request GET file:///etc/passwd
    refused 64 'http:// or https://' request GET "$(plain)/a b"
    refused 64 'header 1' request --header $'X: y\r\nZ: w' GET "$(plain)/hello"
    refused 64 'header 2' request --header 'X: y' --header 'Content-Length: 5' GET "$(plain)/hello"
    refused 64 'method' request $'GET / HTTP/1.1\r\n' "$(plain)/hello"
    refused 64 'absolute path' request --unix-socket relative GET http://docker/hello
}

@test "a slow server runs into the time-out" {
    local start=$SECONDS
    refused 69 'timed out' request --timeout 300 GET "$(plain)/slow"
    [ $((SECONDS - start)) -lt 3 ]
}

@test "a time-out for connecting is kept" {
    local start=$SECONDS
    # TEST-NET-1 (RFC 5737) answers nobody, or there is no way to it: either is told of at once.
    refused 69 'http://192.0.2.1:80' request --connect-timeout 200 GET http://192.0.2.1/
    [ $((SECONDS - start)) -lt 3 ]
}

@test "a response that is larger than allowed is an error, one that just fits is not" {
    refused 65 'larger than 100000 bytes' request --max 100000 GET "$(plain)/endless"
    refused 65 'larger than 100000 bytes' request --max 100000 GET "$(plain)/large"
    run request --max 1000 GET "$(plain)/exact"
    [ "$status" = 0 ]
    refused 65 'larger than 999 bytes' request --max 999 GET "$(plain)/exact"
}

@test "a server that dies in the middle of a response is an error" {
    refused 69 "$(plain): " request GET "$(plain)/die"
}

@test "what is not HTTP is an error, and so is a head without end" {
    refused 65 "$(plain): " request GET "$(plain)/nonsense"
    refused 65 'bytes of headers' request GET "$(plain)/heads"
}

@test "an interim response and a header that is no UTF-8 do no harm" {
    run request --show x-mixed-case GET "$(plain)/early"
    [ "$output" = $'200\na value: of sorts\nhello' ]
    run request --show x-latin GET "$(plain)/latin"
    [ "$output" = $'200\n(none)' ]
    run request --show x-fine GET "$(plain)/latin"
    [ "$output" = $'200\nyes' ]
}

@test "a missing helper is named with where it was looked for" {
    IBCRED_HTTP=$SCRATCH/none refused 69 "$SCRATCH/none" request GET "$(plain)/hello"
    cp "$BUILT/tests/tools/http_request" alone
    unset IBCRED_HTTP
    refused 69 "$SCRATCH/ibcred-http nor /" ./alone GET "$(plain)/hello"
    cp "$BUILT/ibcred-http" ibcred-http
    run ./alone GET "$(plain)/hello"
    [ "$status" = 0 ]
}

@test "a helper that speaks another protocol, or none at all, is refused" {
    printf '#!/bin/sh\nprintf "\\005\\000\\000\\000\\0010.0.0" >&0; sleep 10\n' >other
    printf '#!/bin/sh\nexit 1\n' >dies
    printf '#!/bin/sh\necho this is no frame at all >&0; sleep 10\n' >talks
    chmod +x other dies talks
    IBCRED_HTTP=$SCRATCH/other refused 69 'speaks protocol 0.0.0 and ibcred protocol 1' request GET "$(plain)/hello"
    IBCRED_HTTP=$SCRATCH/dies refused 69 "$SCRATCH/dies --version" request GET "$(plain)/hello"
    IBCRED_HTTP=$SCRATCH/talks refused 69 'did not say what it speaks' request GET "$(plain)/hello"
}

@test "the helper by hand says what it is" {
    run "$IBCRED_HTTP" </dev/null
    [ "$status" = 64 ]
    [[ $output == *'by itself'* ]]
    run "$IBCRED_HTTP" --version
    [ "$status" = 0 ]
    [[ $output == "ibcred-http "*libcurl/* ]]
}

@test "a helper killed in the middle of a request is an error, not a signal" {
    request_in_background --stream GET "$(plain)/stall"
    wait_for_text out
    kill -KILL "$HELPER"
    status=0
    wait "$REQUEST" || status=$?
    [ "$status" = 69 ]
    grep -q 'ended before it had answered' err
}

@test "the helper ends with its parent, in the middle of a stream too, however that ends" {
    for path in stall slow endless; do
        request_in_background --max 0 --stream GET "$(plain)/$path"
        sleep 0.2
        kill -KILL "$REQUEST"
        gone "$HELPER"
    done
    request_in_background --max 0 --stream --slow GET "$(plain)/endless"
    sleep 0.2
    kill "$REQUEST"
    gone "$HELPER"
}

@test "what is not taken is not read from the network, and takes no memory" {
    local first second
    request_in_background --max 0 --stream --slow GET "$(plain)/endless"
    sleep 0.7
    first=$(request GET "$(plain)/sent" | tail -1)
    sleep 0.7
    second=$(request GET "$(plain)/sent" | tail -1)
    memory=$(awk '/^VmHWM/ { print $2 }' "/proc/$HELPER/status")
    kill "$REQUEST"
    [ "$first" -gt 0 ]
    [ "$first" = "$second" ]
    [ "$memory" -lt 30000 ]
}

@test "lines that come one by one are passed on while they come, whole and in order" {
    local resident
    request_in_background --max 0 --stream GET "$(plain)/lines"
    sleep 1.5
    resident=$(awk '/^VmRSS/ { print $2 }' "/proc/$HELPER/status")
    grep -q libasan "/proc/$HELPER/maps" && resident=0
    kill "$REQUEST"
    sed 1d out | head -n 50 | cut -d' ' -f1 >numbers
    seq 0 49 | cmp - numbers
    [ "$resident" -lt 8192 ] # kB
}

@test "a terminal's Ctrl-C is for the parent alone" {
    request_in_background --stream GET "$(plain)/stall"
    [ "$(ps -o sid= -p "$HELPER" | tr -d ' ')" = "$HELPER" ]
    kill "$REQUEST"
}

@test "the helper holds the socket, /dev/null and what libcurl opened, and nothing of its parent" {
    exec 7<"$BATS_TEST_FILENAME"
    request_in_background GET "$(plain)/slow"
    exec 7<&-
    sleep 0.2
    run bash -c "ls -l /proc/$HELPER/fd | sed -n 's/.* -> //p' | sed 's/\[.*//' | sort -u"
    kill "$REQUEST"
    [ "$output" = $'/dev/null\nsocket:' ]
}

@test "a secret is in no command line and no environment" {
    printf 'the-secret-in-the-body' >body
    request_in_background --body body --header 'X-Test: the-secret-in-a-header' \
        POST "$(plain)/slow"
    sleep 0.2
    tr '\0' ' ' <"/proc/$HELPER/cmdline" >seen
    [ "$(cat seen)" = 'ibcred-http ' ]
    cat "/proc/$HELPER/environ" "/proc/$HELPER/comm" >>seen
    kill "$REQUEST"
    not grep -q the-secret seen
}
