#!/usr/bin/env bats
# attest.bats - after a login the API is asked which accounts it is, and what it proves counts.

load up.bash

# The image anew, its API treating clients as the arguments say (see settings.h).
image_with() {
    gateway_image_with_broker cold_restart_ms=500 "$@"
}

held() {
    gives 77 "$IBCRED" gate paper
    says "profile 'paper' is held"
}

@test "accounts of the mode prove the version, and up, list and show say so" {
    image_with
    make_world
    gives 0 "$IBCRED" up paper --json
    [ "$(jq .proven "$OUT")" = true ]
    told 'its API names paper account DU*****67'
    [ "$("$IBCRED" list --json | jq -r '.[0].proven_kind')" = paper ]
    "$IBCRED" show paper | grep -q 'last proven .* by a paper account'
    written attest attested 1
    attempts 1
}

@test "a live account under paper: exit 78, stopped, held, in audit and vault" {
    image_with api_accounts=U7654321
    make_world
    gives 78 "$IBCRED" up paper --json
    [ "$(jq .error.exit_code "$OUT")" = 78 ]
    says "mode paper was asked for, and its API names live account U*****21"
    not grep -q U7654321 "$OUT" "$ERR"
    stopped
    secret_is_gone
    attempts 1
    charges 1
    written attest contradicted 1
    [ "$("$IBCRED" list --json | jq -c '.[0] | [.proven_kind, .contradicts]')" = '["live",true]' ]
    held
    gives 77 "$IBCRED" up paper
    charges 1
    "$IBCRED" gate paper --clear --quiet
    [ "$("$IBCRED" gate paper --json | jq -r .decision)" = allow ]
}

@test "a supervisor ends at a contradiction, and tells the policy's commands of it" {
    image_with api_accounts=U7654321,U7654322
    make_world
    policy "notify: [{on: [mode-contradiction], command: [/usr/bin/touch, $BATS_TEST_TMPDIR/told]}]"
    in_background up paper --supervise
    ends 78
    stopped
    await test -e "$BATS_TEST_TMPDIR/told"
    attempts 1
    held
}

@test "watch asks too, and stops what somebody else has started" {
    image_with api_accounts=U7654321
    make_world
    directory=$("$IBCRED" inject paper --to secret-dir)
    compose --env-file "$directory/compose.env" up -d ib-gateway
    gives 78 "$IBCRED" watch paper --container "$GATEWAY"
    stopped
    written attest contradicted 1
    held
}

@test "an API that opens later is waited for" {
    image_with api_late_ms=4000
    make_world
    gives 0 "$IBCRED" up paper --json
    [ "$(jq .proven "$OUT")" = true ]
}

@test "one live account beside paper ones is enough to stop" {
    image_with api_accounts=DU7654321,U7654321,X1
    make_world
    gives 78 "$IBCRED" up paper
    says "its API names live account U*****21"
    stopped
    held
}

@test "accounts that say nothing prove nothing, and the gateway goes on" {
    image_with api_accounts=X7654321,DU7654321
    make_world
    gives 0 "$IBCRED" up paper --json
    [ "$(jq .proven "$OUT")" = false ]
    told "nothing proves which account its gateway is logged in to, and it goes on"
    runs
    [ "$("$IBCRED" list --json | jq -r '.[0].proven_kind')" = null ]
}

@test "mode both: each side is asked at its own port, and one wrong account stops both" {
    image_with both_ms=500 api_accounts_paper=U7654321
    make_world
    broker_account "live$USERNAME" "$PASSWORD" account=U1111111
    IB_USERNAME=live$USERNAME IB_PASSWORD=$PASSWORD "$IBCRED" seal live --kind live --from-env --quiet
    policy 'modes: {live: true}'
    gives 78 "$IBCRED" up live --paper paper --mode both
    says "mode paper was asked for, and its API names live account U*****21"
    stopped
    held
    [ "$("$IBCRED" gate live --json | jq -r .decision)" = allow ]
}

@test "a policy may leave the API alone" {
    image_with api_accounts=U7654321
    make_world
    policy 'api: {attest: false}'
    gives 0 "$IBCRED" up paper
    runs
    written attest attested 0
}
