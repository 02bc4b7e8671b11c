# forge.bash - what the tests of provision share: a forge that checks what the real ones check.
# shellcheck shell=bash

load lib.bash
load ../tools/forge.bash

# What nobody may read anywhere but at the forge.
TOKEN=ghp-T0ken-that-is-secret
# Without blanks, so that GitLab can mask it, and hostile to shells, JSON and headers.
SECRET='pa5s-w0rd#!=&%"x{$y}\z'
NAME=trader77

setup_file() {
    unset GITHUB_TOKEN GH_TOKEN GITLAB_TOKEN GITEA_TOKEN FORGEJO_TOKEN GITHUB_ACTIONS GITLAB_CI \
        GITEA_ACTIONS FORGEJO_ACTIONS GITHUB_REPOSITORY GITHUB_API_URL CI_PROJECT_PATH CI_API_V4_URL \
        http_proxy https_proxy all_proxy HTTP_PROXY HTTPS_PROXY ALL_PROXY
    IBCRED_HTTP=${IBCRED_HTTP:-$(dirname "$(realpath "$IBCRED")")/ibcred-http}
    export IBCRED_HTTP
    cd "$BATS_FILE_TMPDIR" || return 1
    openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=forge \
        -addext subjectAltName=IP:127.0.0.1 -keyout forge.key -out forge.pem 2>/dev/null
    serve plain
    serve secure --certificate forge.pem --key forge.key
}

teardown_file() {
    forge_stop "$BATS_FILE_TMPDIR/plain"
    forge_stop "$BATS_FILE_TMPDIR/secure"
}

# serve NAME OPTION… - start a forge and wait until it listens.
serve() {
    local directory=$BATS_FILE_TMPDIR/$1
    shift
    forge_start "$directory" "$TOKEN" "$@"
}

# begin [SERVER] - a vault, the token's file, and at the forge a place of this test's own, no faults.
begin() {
    make_vault
    FORGE=$BATS_FILE_TMPDIR/${1:-plain}
    rm -f "$FORGE/faults" "$FORGE/log.jsonl"
    URL=http${1:+s}://127.0.0.1:$(cat "$FORGE/port")
    OWNER=o$BATS_TEST_NUMBER
    # shellcheck disable=SC2034 # it is for the tests
    REPO=$OWNER/r
    printf '%s\n' "$TOKEN" >token
    chmod 600 token
}

# github|gitlab|gitea ARGUMENT… - provision there, with the token.
github() {
    "$IBCRED" provision github --token-file token --api-url "$URL" "$@"
}

gitlab() {
    "$IBCRED" provision gitlab --token-file token --api-url "$URL/api/v4" "$@"
}

gitea() {
    "$IBCRED" provision gitea --token-file token --api-url "$URL/api/v1" "$@"
}

# kept PATH [PART] - what the forge has there; nothing where it has nothing.
kept() {
    [ ! -e "$FORGE/kept.jsonl" ] || jq -rs --arg path "$1" --arg part "${2:-value}" \
        '[.[] | select(.path == $path)] | last // {} | .[$part] | select(. != null)' "$FORGE/kept.jsonl"
}

# requests CONDITION - how many of those that the forge was asked are such.
requests() {
    touch "$FORGE/log.jsonl"
    jq -s "[.[] | select($1)] | length" "$FORGE/log.jsonl"
}

generation() {
    "$IBCRED" verify --json | jq .generation
}

# copies - "NAME VERSION BEHIND" a line, by name.
copies() {
    "$IBCRED" show paper --json |
        jq -r '.copies[] | "\(.target | sub(".*/(?<n>[A-Za-z_]+)[?#].*"; "\(.n)")) \(.version) \(.behind)"'
}

# fails CODE WORDS COMMAND… - as refused, but where it may say more than one line, and answer.
fails() {
    local code=$1 words=$2 status=0
    shift 2
    "$@" >out 2>err </dev/null || status=$?
    if [ "$status" != "$code" ] || ! grep -qF -- "$words" err; then
        echo "expected exit $code and: $words"
        echo "got exit $status, stdout '$(cat out)', stderr '$(cat err)'"
        return 1
    fi
}

# three - a third field for the profile.
three() {
    jq -n --arg u "$NAME" --arg p "$SECRET" \
        '{IB_USERNAME: $u, IB_PASSWORD: $p, MONGO: "m0ngo-of-mine"}' |
        "$IBCRED" seal paper --stdin --field MONGO --quiet
}

# Nothing that was written anywhere in this test but at the forge has a secret or the token in it.
nothing_leaked() {
    local secret
    for secret in "$SECRET" "$TOKEN" AGE-SECRET-KEY-; do
        not grep -raqF --exclude=token --exclude=identity -- "$secret" "$SCRATCH"
    done
}
