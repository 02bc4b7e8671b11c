#!/usr/bin/env bats
# rotate_due.bats - which passwords are too old.
load rotate.bash

# sealed_ago DAYS PROFILE
sealed_ago() {
    jq -n --arg u "user-$2" '{IB_USERNAME: $u, IB_PASSWORD: "an-old-pass1"}' |
        faketime -f "-${1}d" "$(dirname "$IBCRED")/preloadable/ibcred" seal "$2" --kind paper --stdin --quiet
}

@test "--due is silent while nothing is due" {
    "$IBCRED" init --quiet
    "$IBCRED" rotate --due >out 2>err
    [ ! -s out ] && [ ! -s err ]
    [ "$("$IBCRED" rotate --due --json)" = '[]' ]
    sealed_ago 70 fresh
    "$IBCRED" rotate --due >out 2>err
    [ ! -s out ] && [ ! -s err ]
}

@test "--due lists what soon is, and exits 75 when something is" {
    "$IBCRED" init --quiet
    sealed_ago 80 soon
    sealed_ago 10 young
    "$IBCRED" rotate --due >out 2>err
    [ ! -s err ]
    [ "$(wc -l <out)" = 1 ]
    grep -qE '^soon +soon +on 20[0-9-]*, version 1, sealed 20' out
    "$IBCRED" rotate --due --json >answer
    [ "$(jq -c '[.[] | [.profile, .version, .state, .expires_at, .staged]]' answer)" = \
        '[["soon",1,"soon",null,null]]' ]
    [ "$(jq -c '.[0] | keys' answer)" = \
        '["due_at","expires_at","profile","sealed","staged","state","version"]' ]
    jq -e '.[0] | (.due_at | sub("\\.[0-9]+"; "") | fromdate) - (.sealed | sub("\\.[0-9]+"; "") | fromdate) == 90 * 86400' \
        answer

    sealed_ago 91 old
    status=0
    "$IBCRED" rotate --due >out 2>err || status=$?
    [ "$status" = 75 ]
    grep -qE '^old +due +since 20' out
    [ "$(wc -l <out)" = 2 ]
    grep -q "the password of profile 'old' is due.*ibcred rotate old" err
    sealed_ago 200 older
    status=0
    "$IBCRED" rotate --due --json >answer 2>err || status=$?
    [ "$status" = 75 ]
    [ "$(jq -c '[.[] | [.profile, .state]]' answer)" = \
        '[["old","due"],["older","due"],["soon","soon"]]' ]
    grep -q "the passwords of 2 profiles are due, the first is 'old'" err
    [ "$(wc -l <answer)" = 1 ]
}

@test "a password that was rotated is due no more, one that only is staged still is" {
    "$IBCRED" init --quiet
    sealed_ago 91 paper
    stage
    status=0
    "$IBCRED" rotate --due --json >answer 2>/dev/null || status=$?
    [ "$status" = 75 ]
    [ "$(jq -c '[.[] | [.version, .state, .staged]]' answer)" = '[[1,"due",2]]' ]
    try success
    "$IBCRED" rotate --due >out
    [ ! -s out ]
}

@test "the policy says how old a password may get, and how long before that it is listed" {
    "$IBCRED" init --quiet
    sealed_ago 5 paper
    policy 'rotation: {max_age: 6d, warn: 0}'
    "$IBCRED" rotate --due >out
    [ ! -s out ]
    policy 'rotation: {max_age: 6d, warn: 2d}'
    "$IBCRED" rotate --due >out
    grep -q soon out
    policy 'rotation: {max_age: 4d, warn: 2d}'
    status=0
    "$IBCRED" rotate --due >out 2>/dev/null || status=$?
    [ "$status" = 75 ]
    policy 'rotation: {max_age: 6d, warn: 7d}'
    refused 78 'policy.yaml:1' "$IBCRED" rotate --due
}

@test "people are told once a day that something is due" {
    "$IBCRED" init --quiet
    sealed_ago 80 soon
    cat >notify <<'SCRIPT'
#!/bin/sh
{ env; cat; } >"$0.text"
echo "$IBCRED_NOTICE $IBCRED_PROFILE" >>"$0.notices"
SCRIPT
    chmod 755 notify
    policy "notify: [{on: [rotation-due], command: [$SCRATCH/notify]}]"
    told() { # TIMES
        for _ in $(seq 100); do
            [ "$(wc -l 2>/dev/null <notify.notices)" != "$1" ] || return 0
            sleep 0.1
        done
        cat notify.notices
        return 1
    }
    due() {
        "$IBCRED" rotate --due >out 2>err && return 1
        [ $? = 75 ]
    }
    "$IBCRED" rotate --due >/dev/null
    [ ! -e "$IBCRED_STATE_DIR/rotation-due.told" ]
    sealed_ago 100 old
    due
    told 1
    grep -qx 'rotation-due old' notify.notices
    not grep -q an-old-pass1 notify.text
    due
    touch -d '23 hours ago' "$IBCRED_STATE_DIR/rotation-due.told"
    due
    sleep 1 # what must not come
    told 1
    touch -d '25 hours ago' "$IBCRED_STATE_DIR/rotation-due.told"
    due
    told 2
    due
    # A mark from the future, of a clock that was wrong, keeps nobody silent.
    touch -d '3 days' "$IBCRED_STATE_DIR/rotation-due.told"
    due
    told 3
    due
    sleep 1
    told 3
}
