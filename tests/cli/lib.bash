# lib.bash - what the command-line tests share: a vault of their own, nothing of the user's.
# shellcheck shell=bash

IBCRED=${IBCRED:-$BATS_TEST_DIRNAME/../../build/ibcred}

# A password with everything in it that the two Compose readers agree on how to write.
SECRET='pa5s w0rd#!=&%"x'
NAME=trader7

setup() {
    SCRATCH=$(mktemp -d "${TMPDIR:-/tmp}/ibcred-cli.XXXXXX")
    IBCRED_RUNTIME_DIR=$(mktemp -d /dev/shm/ibcred-cli.XXXXXX)
    unset IBCRED_IDENTITY IBCRED_POLICY IBCRED_PASSPHRASE_FD IBCRED_NEW_PASSPHRASE_FD \
        TRADING_MODE CREDENTIALS_DIRECTORY IB_USERNAME IB_PASSWORD XDG_CONFIG_HOME XDG_DATA_HOME \
        XDG_STATE_HOME
    export HOME=$SCRATCH IBCRED_RUNTIME_DIR
    export IBCRED_VAULT=$SCRATCH/ibcred.vault IBCRED_IDENTITY_FILE=$SCRATCH/identity
    export IBCRED_STATE_DIR=$SCRATCH/state
    cd "$SCRATCH" || return 1
}

teardown() {
    "$IBCRED" reap --all --quiet || true
    rm -rf "$SCRATCH" "$IBCRED_RUNTIME_DIR"
}

# seal_as PROFILE KIND [USERNAME [PASSWORD]] - through stdin, as JSON.
seal_as() {
    jq -n --arg u "${3:-$NAME}" --arg p "${4:-$SECRET}" '{IB_USERNAME: $u, IB_PASSWORD: $p}' |
        "$IBCRED" seal "$1" --kind "$2" --stdin --quiet
}

# A vault with one paper profile.
make_vault() {
    "$IBCRED" init --quiet
    seal_as paper paper
}

# refused CODE WORDS COMMAND… - exits with CODE, prints nothing but one sentence with WORDS in it.
refused() {
    local code=$1 words=$2 status=0
    shift 2
    "$@" >"$SCRATCH/out" 2>"$SCRATCH/err" </dev/null || status=$?
    if [ "$status" != "$code" ] || [ -s "$SCRATCH/out" ] || ! grep -qF -- "$words" "$SCRATCH/err" ||
        [ "$(wc -l <"$SCRATCH/err")" != 1 ]; then
        echo "expected exit $code and: $words"
        echo "got exit $status, stdout '$(cat "$SCRATCH/out")', stderr '$(cat "$SCRATCH/err")'"
        return 1
    fi
}

# How many charges the audit log tells of.
charges() {
    "$IBCRED" audit | jq -s '[.[] | select(.event == "release" and .verdict == "allowed")] | length'
}

# deliveries - what lies in the runtime directory.
deliveries() {
    find "$IBCRED_RUNTIME_DIR" -type f | wc -l
}

# policy TEXT - use it from now on.
policy() {
    printf '%s\n' "$1" >"$SCRATCH/policy.yaml"
    export IBCRED_POLICY=$SCRATCH/policy.yaml
}

# on_terminal ANSWER… -- COMMAND… - on a terminal of its own; prints what that showed.
on_terminal() {
    "$BATS_TEST_DIRNAME/../tools/type_answers.py" "$@"
}

# not COMMAND… - fails when the command succeeds. (A bare `!` fails no test: bash exempts it.)
not() {
    ! "$@"
}

# as_nobody COMMAND… - as a user to whom modes mean something.
as_nobody() {
    if [ "$(id -u)" = 0 ]; then
        setpriv --reuid=65534 --regid=65534 --clear-groups "$@"
    else
        "$@"
    fi
}
