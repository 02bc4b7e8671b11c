#!/usr/bin/env bats
# passwords.bats - passwords that quoting could spoil reach the gateway byte for byte.

# shellcheck disable=SC1003 # a backslash at the end of a password is meant literally

load lib.bash

# Each of these has a writing that docker-compose 1.29 and Docker Compose v2 read alike, and that the
# image's envsubst and Java properties leave as it is sealed.
survivors=(
    'simple1'
    'hash #tag1#'
    '#starts1'
    'dollar$sign$HOME1$$'
    'brace${HOME}${IB_USERNAME:-1}'
    "single'quote1'"
    'double"quote1"'
    "both'quotes\"1"
    'back\slash\n1'
    'ends in a backslash 1\'
    "quote ' and backslash 1\\"
    '${x}$y1'"'"'"\'
    '=equals1=&percent%20!bang!'
    '`backtick1`$(id)'
    'tab	inside1'
    'pässwörd1€'
)

setup() {
    [ -z "${NO_DOCKER:-}" ] || skip "no Docker daemon can run here"
}

teardown() {
    leave_project
}

@test "passwords with quotes, spaces, dollars, hashes and backslashes log in unaltered" {
    enter_project spreadpilot
    for password in "${survivors[@]}"; do
        echo "the password is: $password"
        gateway_expects paperuser1 "$password"
        seal_values paperuser1 "$password"
        compose --env-file "$("$IBCRED" inject paper --mode paper --ttl 2m)" up -d ib-gateway
        gateway_logs 'IBC: Login has completed$'
        "$IBCRED" report paper success
    done
}

@test "blanks at the edges, which the image drops, are refused before anything is charged" {
    enter_project spreadpilot
    for password in ' before1' 'behind1 ' $'\ttab1'; do
        gateway_expects paperuser1 "$password"
        seal_values paperuser1 "$password" 2>"$BATS_TEST_TMPDIR/err"
        grep -q 'which the gnzsnz image drops' "$BATS_TEST_TMPDIR/err"
        run "$IBCRED" inject paper --mode paper
        [ "$status" = 78 ]
        [[ $output == *"IB_PASSWORD has a blank"* ]]
        [[ $output != *"$password"* ]]
    done
    "$IBCRED" audit >"$BATS_TEST_TMPDIR/audit"
    ! grep -q '"allowed"' "$BATS_TEST_TMPDIR/audit" || return 1
}
