#!/usr/bin/env bats
# ci.bats - what ibcred tells a runner is what GitHub's own library for steps would tell it, and the
# example workflows are such.

load lib.bash
load node.bash

bats_require_minimum_version 1.5.0

setup_file() {
    WITNESS=$BUILD/tests/e2e/runner
    NO_WITNESS=$(install_packages "$ROOT/tests/e2e/node/runner" "$WITNESS")
    export WITNESS NO_WITNESS
    [ -z "$NO_WITNESS" ] || [ "${CI:-}" != true ] || { echo "$NO_WITNESS" && return 1; }
}

setup() {
    [ -z "$NO_WITNESS" ] || skip "$NO_WITNESS"
    cd "$BATS_TEST_TMPDIR" || return 1
    IBCRED_RUNTIME_DIR=$(mktemp -d /dev/shm/ibcred-ci.XXXXXX)
    : >event.json
    unset GITEA_ACTIONS FORGEJO_ACTIONS IBCRED_IDENTITY IBCRED_POLICY TRADING_MODE
    export IBCRED_RUNTIME_DIR IBCRED_VAULT=$PWD/vault IBCRED_STATE_DIR=$PWD/state
    export IBCRED_IDENTITY_FILE=$PWD/identity HOME=$PWD
    export GITHUB_ACTIONS=true GITHUB_REPOSITORY=own/repo GITHUB_EVENT_NAME=push
    export GITHUB_EVENT_PATH=$PWD/event.json GITHUB_ENV=$PWD/github_env
    "$IBCRED" init --quiet
}

teardown() {
    rm -rf "${IBCRED_RUNTIME_DIR:-}"
}

witness() {
    NODE_PATH=$WITNESS/node_modules node "$ROOT/tests/e2e/node/runner/witness.js" "$@"
}

seal() {
    jq -n --arg u "$2" --arg p "$3" '{IB_USERNAME: $u, IB_PASSWORD: $p}' |
        "$IBCRED" seal "$1" --kind paper --stdin --quiet
}

VALUES=('pa5s w0rd#!=&%"x' ' a1 ' 'a=b<<c' "it's \$HOME" '%0A%25%0d%' 'ä€' '::add-mask::x' 'a1;b,c:d]')

@test "each mask has the bytes that @actions/core writes" {
    local i=0
    for value in "${VALUES[@]}"; do
        i=$((i + 1))
        seal "p$i" "user$i" "$value"
        "$IBCRED" ci exec "p$i" --consumer raw -- true | cat >ours
        { witness mask "user$i" && witness mask "$value"; } >theirs
        cmp theirs ours
    done
}

@test "each variable for later steps stands as @actions/core writes it, but for the delimiter" {
    local i=0
    for value in "${VALUES[@]}"; do
        i=$((i + 1))
        seal "p$i" "user$i" "$value"
        : >"$GITHUB_ENV"
        "$IBCRED" ci env "p$i" --consumer raw --quiet | cat >/dev/null
        sed -E 's/ghadelimiter_[0-9a-f-]+/DELIMITER/' "$GITHUB_ENV" >ours
        : >"$GITHUB_ENV"
        for name in IB_USERNAME IB_PASSWORD TRADING_MODE IB_GATEWAY_PORT; do
            IB_USERNAME=user$i IB_PASSWORD=$value TRADING_MODE=paper IB_GATEWAY_PORT=4004 \
                witness export "$name" >/dev/null
        done
        sed -E 's/ghadelimiter_[0-9a-f-]+/DELIMITER/' "$GITHUB_ENV" >theirs
        cmp theirs ours
    done
}

@test "actionlint finds nothing wrong with the example workflows" {
    [ -z "$(witness lint "$ROOT"/docs/ci/{github,gitea,rotation}.yml)" ]
    # And would find it.
    sed 's/secrets.IBCRED_IDENTITY/secret.IBCRED_IDENTITY/' "$ROOT/docs/ci/github.yml" >broken.yml
    witness lint broken.yml | grep -q 'undefined variable "secret"'
}
