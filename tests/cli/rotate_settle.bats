#!/usr/bin/env bats
# rotate_settle.bats - the ledger decides about a staged version, whatever the vault has heard of it.
load rotate.bash

# try_cut_off OUTCOME - as try(), and the power goes before the vault has heard of it: the ledger
# has the outcome, the vault is the one of before.
try_cut_off() {
    local before
    before=$(mktemp -d "$SCRATCH/before.XXXXXX")
    "$IBCRED" inject paper --staged >/dev/null
    cp -p "$IBCRED_VAULT" "$IBCRED_STATE_DIR"/vault-*.seen "$before"
    "$IBCRED" report paper "$1" --quiet
    cp -p "$before/ibcred.vault" "$IBCRED_VAULT"
    cp -p "$before"/vault-*.seen "$IBCRED_STATE_DIR"
    [[ $(states) == *staged ]]
}

@test "a success that the vault has not heard of: everybody takes it for promoted" {
    make_vault
    stage
    try_cut_off success
    refused 77 'version 2 has logged in' "$IBCRED" rotate paper --abort
    is 'retired active'
    audited promoted 2
    [ "$(password)" = "$NEW" ]
}

@test "--resume writes into the vault what the ledger has decided, and says it once" {
    make_vault
    stage
    try_cut_off success
    "$IBCRED" rotate --resume --json >answer 2>err
    [ "$(jq -c '.[0] | [.profile, .staging, .version, .brought, .behind, .message]' answer)" = \
        '["paper","promoted",2,0,0,null]' ]
    grep -q 'version 2 had logged in; it is the active one now' err
    is 'retired active'
    [ "$("$IBCRED" rotate --resume --json 2>err)" = '[]' ]
    [ ! -s err ]
}

@test "so does the next release, and the next password" {
    make_vault
    stage
    try_cut_off success
    [ "$(password)" = "$NEW" ]
    is 'retired active'
    "$IBCRED" report paper success --quiet
    stage third-pass3
    try_cut_off success
    is 'retired active staged'
    stage fourth-pass4
    is 'retired retired active staged'
}

@test "a rejection that the vault has not heard of: it is burned, and never released" {
    make_vault
    stage
    try_cut_off rejected
    refused 66 'no staged version' "$IBCRED" inject paper --staged
    is 'active burned'
    audited burned 2
    [ "$(gate .failures || true)" = 1 ]
}

@test "--resume and --abort say of a rejection that it is burned" {
    make_vault
    stage
    try_cut_off rejected
    "$IBCRED" rotate --resume 2>err
    grep -q 'version 2 had been rejected; it is burned, and the active one stays' err
    is 'active burned'
    "$IBCRED" gate paper --clear --quiet >/dev/null
    stage third-pass3
    try_cut_off rejected
    "$IBCRED" rotate --abort 2>err
    grep -q 'version 3 was rejected and is burned already; the active one stays' err
    is 'active burned burned'
}

@test "--resume without anything to do is silent, and looks after all profiles" {
    make_vault
    refused 66 nosuch "$IBCRED" rotate nosuch --resume
    "$IBCRED" rotate --resume >out 2>err
    [ ! -s out ]
    [ ! -s err ]
    seal_as second paper user-2
    seal_as third paper user-3
    stage
    stage "$NEW" third
    status=0
    "$IBCRED" rotate --resume --json >answer 2>err || status=$?
    [ "$status" = 75 ]
    [ "$(jq -c '[.[] | [.profile, .staging, .version]]' answer)" = \
        '[["paper","staged",2],["third","staged",2]]' ]
    [ "$(grep -c '^ibcred: ' err)" = 1 ]
    try success
    status=0
    "$IBCRED" rotate third --resume --json >answer 2>err || status=$?
    [ "$status" = 75 ]
    "$IBCRED" inject third --staged >/dev/null
    "$IBCRED" rotate --resume --json >answer 2>err || true
    [ "$(jq -c '[.[] | [.profile, .staging]]' answer)" = '[["third","tried"]]' ]
    "$IBCRED" rotate paper --resume
}

# --- sealing ---

# seal_line [PROFILE…] - a line of import for each.
seal_line() {
    local profile
    for profile; do
        jq -nc --arg n "$profile" --arg u "$NAME" \
            '{profile: $n, kind: "paper", fields: {IB_USERNAME: $u, IB_PASSWORD: "sealed-pass9"}}'
    done
}

# each_way COMMAND… - is called with each command that seals the profile paper behind it.
each_way() {
    seal_line paper >lines
    jq -c .fields lines >fields
    "$@" "$IBCRED" seal paper --from fields
    "$@" "$IBCRED" import lines
    "$@" "$IBCRED" import --as paper fields
}

@test "sealing while one is staged drops it, and says so" {
    make_vault
    says_dropped() {
        stage "another-pass-$((++n))"
        "$@" 2>err
        grep -qx "paper: version $n, staged before, is dropped" err
        n=$((n + 1))
    }
    n=1
    each_way says_dropped
    is 'retired retired retired retired retired retired active'
    refused 66 'no staged version' "$IBCRED" inject paper --staged
    [ "$(password)" = sealed-pass9 ]
    not grep -q warning err
    seal_as paper paper
    "$IBCRED" seal paper --from fields 2>err
    not grep -q 'staged before' err
}

@test "sealing waits for a login that may be under way, and writes nothing" {
    make_vault
    stage
    seal_as other paper other-user
    "$IBCRED" inject paper --staged >/dev/null
    before=$(sha256sum "$IBCRED_VAULT")
    each_way refused 75 'version 2 was released'
    seal_line new paper >lines
    status=0
    "$IBCRED" import lines --json >answer 2>err || status=$?
    [ "$status" = 75 ]
    grep -q 'lines:2: ' err
    jq -e '.error | .exit_code == 75 and .retry_after > 0' answer
    printf 'IB_USERNAME=%s\nIB_PASSWORD=sealed-pass9\n' "$NAME" >.env
    refused 75 'version 2 was released' "$IBCRED" seal paper --from .env --scrub
    grep -q sealed-pass9 .env
    [ "$before" = "$(sha256sum "$IBCRED_VAULT")" ]
    seal_as other paper other-user another-pass2
    # Once nothing will be heard of it any more it may go, and does not come back.
    preloadable=$(dirname "$IBCRED")/preloadable/ibcred
    later 301 "$preloadable" seal paper --from .env 2>err
    grep -q 'version 2, staged before, is dropped' err
    later 302 "$preloadable" report paper success --quiet
    later 303 "$preloadable" rotate --resume
    is 'retired retired active'
}

# written_twice VERDICT VERSION - once when it was decided, and once when the vault was written.
written_twice() {
    audited "$1" "$2"
    [ "$("$IBCRED" audit | jq -s "[.[] | select(.event == \"rotate\" and .verdict == \"$1\" and .version == $2)] | length")" = 2 ]
}

@test "sealing over one that has logged in leaves it proven, and over a rejected one burned" {
    make_vault
    n=1
    proven() {
        n=$((n + 1))
        stage "another-pass-$n"
        try_cut_off success
        "$@" 2>err
        grep -qx "paper: version $n, staged before, had logged in" err
        written_twice promoted "$n"
        "$IBCRED" show paper --json | jq -e ".versions[$n - 1] | .state == \"retired\" and .proven_at != null"
        n=$((n + 1))
    }
    each_way proven
    burned() {
        n=$((n + 1))
        stage "another-pass-$n"
        try_cut_off rejected
        "$@" 2>err
        grep -qx "paper: version $n, staged before, had been rejected and is burned" err
        written_twice burned "$n"
        [ "$("$IBCRED" show paper --json | jq -r ".versions[$n - 1].state")" = burned ]
        "$IBCRED" gate paper --clear --quiet >/dev/null
        n=$((n + 1))
    }
    each_way burned
    "$IBCRED" rotate --resume
    "$IBCRED" verify --quiet
}

@test "import says of each profile what it drops" {
    "$IBCRED" init --quiet
    names=()
    for n in 1 2 3 4 5 6; do
        names+=("profile-$n")
        seal_as "profile-$n" paper
        stage "$NEW" "profile-$n"
    done
    seal_line fresh "${names[@]}" | "$IBCRED" import 2>err
    [ "$(grep -c 'version 2, staged before, is dropped' err)" = 6 ]
    grep -q '7 profiles are sealed' err
    is 'retired retired active' profile-6
}

# --- all at once ---

# blocked PID - until it waits for a lock.
blocked() {
    for _ in $(seq 200); do
        ! grep -q -- "-> FLOCK .* $1 " /proc/locks || return 0
        sleep 0.05
    done
    return 1
}

# locked FILE - take its lock until `unlock`.
locked() {
    exec 5<"$1"
    flock 5
}

unlock() {
    exec 5<&-
}

@test "one that is released while it is being dropped is not dropped" {
    make_vault
    stage
    locked "$IBCRED_VAULT"
    "$IBCRED" rotate paper --abort 2>err 3>&- 5<&- &
    blocked $!
    "$IBCRED" inject paper --staged >/dev/null
    unlock
    status=0
    wait $! || status=$?
    [ "$status" = 75 ]
    grep -q 'version 2 was released' err
    is 'active staged'
    "$IBCRED" report paper success --quiet
    is 'retired active'
}

@test "one that is dropped is not released by who looked before" {
    make_vault
    stage
    # Dropped, all but written: whoever comes now has the vault of before.
    locked "$(echo "$IBCRED_STATE_DIR"/audit-*.jsonl)"
    "$IBCRED" rotate paper --abort --quiet 3>&- 5<&- &
    aborting=$!
    blocked "$aborting"
    "$IBCRED" inject paper --staged >out 2>err 3>&- 5<&- &
    injecting=$!
    blocked "$injecting"
    unlock
    wait "$aborting"
    status=0
    wait "$injecting" || status=$?
    [ "$status" = 75 ]
    grep -q 'version 2 was staged and is not any more' err
    [ ! -s out ]
    is 'active retired'
    [ "$(charges)" = 0 ]
}
