#!/usr/bin/env bats
# rotate.bats - a new password is staged, and its first login decides about it.
load lib.bash

NEW='n3w pa5s#!=&%"y'

# stage [PASSWORD [PROFILE]]
stage() {
    IB_PASSWORD=${1:-$NEW} "$IBCRED" rotate "${2:-paper}" --from-env --quiet
}

# states [PROFILE] - of all versions, in their order.
states() {
    "$IBCRED" show "${1:-paper}" --json | jq -r '[.versions[].state] | join(" ")'
}

# is STATES [PROFILE]
is() {
    [ "$(states "${2:-paper}")" = "$1" ] || {
        echo "expected $1, got $(states "${2:-paper}")"
        return 1
    }
}

# password [OPTION…] - what a release hands out.
password() {
    "$IBCRED" exec paper "$@" -- sh -c 'printf %s "$IB_PASSWORD"' 2>"$SCRATCH/err"
}

# later SECONDS COMMAND… - with all clocks set forward. A static program cannot be preloaded over;
# $LATER is the same one with shared libraries. What it writes stays ahead, so bend further next time.
later() {
    local seconds=$1
    shift
    faketime -f "+${seconds}s" "$@"
}

# try OUTCOME - the staged version's first login comes to it.
try() {
    "$IBCRED" inject paper --staged >/dev/null
    "$IBCRED" report paper "$1" --quiet
}

# try_cut_off OUTCOME - the same, and the power goes before the vault has heard of it: the ledger
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

# audited VERDICT VERSION - the audit log's last line about a rotation says so, and it is whole.
audited() {
    "$IBCRED" audit verify --quiet
    [ "$("$IBCRED" audit | jq -rs '[.[] | select(.event == "rotate")] | last | "\(.verdict) \(.version)"')" = \
        "$1 $2" ]
}

gate() {
    "$IBCRED" gate paper --json 2>/dev/null | jq -r "$1"
}

# --- staging ---

@test "a new password is asked for on the terminal, twice and never shown" {
    make_vault
    on_terminal hush-new1 hush-new1 -- "$IBCRED" rotate paper >typescript
    not grep -q hush-new1 typescript
    grep -q 'version 2 is staged' typescript
    is 'active staged'
    on_terminal hush-two2 hush-other -- "$IBCRED" rotate >typescript || true
    grep -q "not the same twice" typescript
    is 'active staged'
    [ "$(password --staged)" = hush-new1 ]
}

@test "it comes from stdin as dotenv or JSON, and from the environment" {
    make_vault
    printf '# new\nIB_PASSWORD="from dotenv"\nIB_USERNAME=somebody-else\n' |
        "$IBCRED" rotate paper --stdin --quiet
    [ "$(password --staged)" = 'from dotenv' ]
    "$IBCRED" gate --clear --quiet >/dev/null
    jq -n --arg p "$NEW" '{IB_PASSWORD: $p, OTHER: 1}' | "$IBCRED" rotate --stdin --json >answer 2>err
    [ "$(jq -c '[.profile, .version, .state, .generation, .warnings]' answer)" = \
        '["paper",3,"staged",4,[]]' ]
    is 'active retired staged'
    [ "$(password --staged)" = "$NEW" ]
    "$IBCRED" gate --clear --quiet >/dev/null
    stage 'from environment'
    [ "$(password --staged)" = 'from environment' ]
    # The username and every further field are the active version's.
    "$IBCRED" report paper success --quiet
    [ "$("$IBCRED" show --reveal --field IB_USERNAME | cat)" = "$NAME" ]
}

@test "what is staged last replaces what was staged before, and says so" {
    make_vault
    stage one-pass1
    IB_PASSWORD=two-pass2 "$IBCRED" rotate paper --from-env 2>err
    grep -q 'version 2, staged before, is dropped' err
    grep -q 'version 3 is staged' err
    is 'active retired staged'
    audited staged 3
    [ "$(password --staged)" = two-pass2 ]
}

@test "what cannot be staged is refused in one sentence and writes nothing" {
    make_vault
    before=$(sha256sum "$IBCRED_VAULT")
    IB_PASSWORD=$SECRET refused 64 "which is active" "$IBCRED" rotate paper --from-env
    IB_PASSWORD=x refused 66 "nosuch" "$IBCRED" rotate nosuch --from-env
    refused 66 "nosuch" "$IBCRED" rotate nosuch
    refused 64 "terminal" setsid -w "$IBCRED" rotate paper
    refused 66 "IB_PASSWORD" "$IBCRED" rotate paper --from-env
    refused 66 "IB_PASSWORD" "$IBCRED" rotate paper --stdin
    IB_PASSWORD=$'a\nb' refused 64 "IB_PASSWORD" "$IBCRED" rotate paper --from-env
    IB_PASSWORD=$'a\377b' refused 64 "IB_PASSWORD" "$IBCRED" rotate paper --from-env
    IB_PASSWORD=$(printf '%5000s' x) refused 64 "IB_PASSWORD" "$IBCRED" rotate paper --from-env
    refused 64 "exclude" "$IBCRED" rotate paper --from-env --stdin
    refused 64 "exclude" "$IBCRED" rotate --abort --resume
    refused 64 "exclude" "$IBCRED" rotate --due --abort
    refused 64 "for a new password" "$IBCRED" rotate --abort --from-env
    refused 64 "--resume" "$IBCRED" rotate paper --from-env --token-file /dev/null
    refused 64 "--resume" "$IBCRED" rotate --due --patience 1m
    refused 64 "name none" "$IBCRED" rotate --due paper
    refused 64 "" "$IBCRED" rotate paper hunter2
    not grep -q hunter2 err
    [ "$before" = "$(sha256sum "$IBCRED_VAULT")" ]
    seal_as second paper other-user
    IB_PASSWORD=x refused 64 "name the one you mean" "$IBCRED" rotate --from-env
}

@test "with an audit log that cannot be written nothing is staged" {
    make_vault
    before=$(sha256sum "$IBCRED_VAULT")
    sed -i 's/"seal"/"leak"/' "$IBCRED_STATE_DIR"/audit-*.jsonl
    IB_PASSWORD=$NEW refused 65 "audit" "$IBCRED" rotate paper --from-env
    [ "$before" = "$(sha256sum "$IBCRED_VAULT")" ]
}

@test "nobody who types is overtaken: what was staged before and released meanwhile is not dropped" {
    make_vault
    stage one-pass1
    mkfifo typed
    "$IBCRED" rotate paper --stdin <typed >out 2>err 3>&- &
    exec 4>typed
    sleep 1 # it has looked at what is staged, and reads
    "$IBCRED" inject paper --staged >/dev/null
    echo 'IB_PASSWORD=two-pass2' >&4
    exec 4>&-
    status=0
    wait $! || status=$?
    [ "$status" = 75 ]
    grep -q 'version 2 was released' err
    is 'active staged'
    "$IBCRED" report paper success --quiet
    is 'retired active'
}

# --- releasing ---

@test "who does not ask for the staged version gets the active one, and a warning" {
    make_vault
    stage
    [ "$(password)" = "$SECRET" ]
    grep -q 'warning: .*version 2 is staged.*version 1' err
    "$IBCRED" report paper success --quiet
    is 'active staged'
    "$IBCRED" inject paper >out 2>err
    grep -q 'warning: .*version 2 is staged' err
    grep -qF "${SECRET%%\"*}" "$(cat out)"
    "$IBCRED" report paper success --quiet
    "$IBCRED" check paper --json >answer 2>err
    [ "$(jq .version answer)" = 1 ]
    grep -q 'warning: .*version 2 is staged' err
}

@test "--staged releases the staged version, or nothing" {
    make_vault
    for command in inject check 'exec'; do
        words=()
        [ "$command" != 'exec' ] || words=(-- true)
        status=0
        "$IBCRED" "$command" paper --staged "${words[@]}" >out 2>err || status=$?
        [ "$status" = 66 ]
        grep -q 'no staged version' err
    done
    [ "$(charges)" = 0 ]
    stage
    "$IBCRED" check paper --staged --json >answer
    [ "$(jq .version answer)" = 2 ]
    [ "$(charges)" = 0 ]
    [ "$(password --staged)" = "$NEW" ]
    not grep -q warning err
    # One login at a time, whatever the version.
    refused 75 'under way' "$IBCRED" inject paper --staged
    status=0
    "$IBCRED" inject paper >out 2>err || status=$?
    [ "$status" = 75 ]
    [ ! -s out ]
    [ "$("$IBCRED" audit | jq -s 'last(.[] | select(.verdict == "allowed")) | .version')" = 2 ]
    refused 64 "--staged is for one profile" "$IBCRED" inject paper --staged --mode both --paper paper
}

@test "a policy that forbids the mode forbids the first login too" {
    "$IBCRED" init --quiet
    seal_as real live
    stage "$NEW" real
    refused 77 live "$IBCRED" inject real --staged --mode live
    is 'active staged' real
    [ "$(charges)" = 0 ]
}

# --- what comes of it ---

@test "success promotes it and retires the one before" {
    make_vault
    stage
    "$IBCRED" inject paper --staged >/dev/null
    "$IBCRED" report paper success --json >answer 2>err
    [ "$(jq -c '[.outcome, .vault_marked, .promoted, .burned]' answer)" = '["success",true,2,null]' ]
    grep -q 'version 2 has proven itself and is the active one now' err
    is 'retired active'
    audited promoted 2
    [ "$("$IBCRED" list --json | jq -c '.[0] | [.version, .state]')" = '[2,"active"]' ]
    [ "$("$IBCRED" list --json | jq -r '.[0].proven_at')" != null ]
    "$IBCRED" show | grep -q '^version 1: retired'
    "$IBCRED" show | grep -q '^version 2: active, .*last proven'
    [ "$(password)" = "$NEW" ]
    not grep -q warning err
    # A second word about the same login changes nothing more.
    "$IBCRED" report paper success --json 2>/dev/null >answer
    [ "$(jq .promoted answer)" = null ]
    is 'retired active'
    "$IBCRED" verify --quiet
}

@test "a rejection burns it, is counted once, and after the wait the old one is released again" {
    make_vault
    stage
    "$IBCRED" inject paper --staged >/dev/null
    "$IBCRED" report paper rejected --json >answer 2>err
    [ "$(jq -c '[.outcome, .promoted, .burned]' answer)" = '["rejected",null,2]' ]
    grep -q 'version 2 was rejected and is burned; the active one stays as it was' err
    is 'active burned'
    audited burned 2
    [ "$(gate '[.decision, .reason, .failures] | join(" ")' || true)" = 'wait rejected 1' ]
    refused 75 paper "$IBCRED" inject paper
    refused 66 'no staged version' "$IBCRED" inject paper --staged
    preloadable=$(dirname "$IBCRED")/preloadable/ibcred
    later 70 "$preloadable" exec paper -- sh -c 'printf %s "$IB_PASSWORD"' >seen
    [ "$(cat seen)" = "$SECRET" ]
    later 71 "$preloadable" report paper success --quiet
    is 'active burned'
    [ "$(later 72 "$preloadable" gate paper --json | jq -c '[.decision, .failures]')" = '["allow",0]' ]
}

@test "other outcomes leave it staged, for another try" {
    make_vault
    stage
    for outcome in throttled throttled=30 2fa-timeout session-conflict silent-drop failed unknown; do
        try "$outcome"
        is 'active staged'
        status=0
        "$IBCRED" rotate paper --resume >out 2>err || status=$?
        [ "$status" = 75 ]
        grep -q 'version 2 is staged and waits' err
        "$IBCRED" gate paper --clear --quiet >/dev/null
    done
    try success
    is 'retired active'
}

@test "an account of the other kind proves the password, and holds the account" {
    make_vault
    stage
    try contradicted
    refused 77 paper "$IBCRED" inject paper
    is 'retired active'
    "$IBCRED" gate paper --clear --quiet >/dev/null
    [ "$(password)" = "$NEW" ]
}

@test "a rejected password that is staged again is held until a person clears it" {
    make_vault
    policy 'gate: {rejected_wait: 10s}'
    stage
    try rejected
    preloadable=$(dirname "$IBCRED")/preloadable/ibcred
    IB_PASSWORD=$NEW "$IBCRED" rotate paper --from-env >out 2>err
    grep -q 'warning: .*rejected this password before.*gate paper --clear' err
    is 'active burned staged'
    status=0
    later 20 "$preloadable" inject paper --staged >out 2>err || status=$?
    [ "$status" = 77 ]
    [ ! -s out ]
    [ "$("$IBCRED" gate paper --json 2>/dev/null | jq -r .reason)" = burned ]
    # Nothing is held against the active one.
    later 21 "$preloadable" inject paper >/dev/null 2>&1
    later 22 "$preloadable" report paper success --quiet
    later 23 "$preloadable" gate paper --clear --quiet >/dev/null
    later 24 "$preloadable" inject paper --staged >/dev/null
    later 25 "$preloadable" report paper success --quiet
    is 'retired burned active'
}

@test "where none is active a staged one takes the place, and is never taken for it before" {
    make_vault
    policy 'gate: {rejected_wait: 10s}'
    "$IBCRED" inject paper >/dev/null
    "$IBCRED" report paper rejected --quiet
    stage
    is 'burned staged'
    refused 77 'version 2 is staged' "$IBCRED" inject paper
    # A word about a login that was never made with it.
    "$IBCRED" report paper success --quiet
    is 'burned staged'
    rm -rf "$IBCRED_STATE_DIR"
    "$IBCRED" report paper success --quiet
    is 'burned staged'
    try success
    is 'burned active'
}

@test "--clear gives the burned version back, also after something else was staged and dropped" {
    make_vault
    "$IBCRED" inject paper >/dev/null
    "$IBCRED" report paper rejected --quiet
    stage
    "$IBCRED" rotate paper --abort --quiet
    is 'burned retired'
    "$IBCRED" gate paper --clear --quiet >/dev/null
    is 'active retired'
    [ "$(password)" = "$SECRET" ]
}

@test "sealing while one is staged drops it" {
    make_vault
    stage
    seal_as paper paper "$NAME" sealed-pass3
    is 'retired retired active'
    refused 66 'no staged version' "$IBCRED" inject paper --staged
    [ "$(password)" = sealed-pass3 ]
    not grep -q warning err
    # And what its login comes to, which was on its way, does not bring it back.
    "$IBCRED" gate paper --clear --quiet >/dev/null
    stage fourth-pass4
    "$IBCRED" inject paper --staged >/dev/null
    seal_as paper paper "$NAME" fifth-pass5
    "$IBCRED" report paper success --quiet
    is 'retired retired retired retired active'
    "$IBCRED" rotate --resume
}

# --- going back ---

@test "--abort drops what is staged, and only that" {
    make_vault
    "$IBCRED" rotate paper --abort 2>err
    grep -q 'nothing is staged' err
    [ "$("$IBCRED" rotate --abort --json 2>/dev/null | jq -c .)" = \
        '{"profile":"paper","version":null,"aborted":false}' ]
    stage
    [ "$("$IBCRED" rotate --abort --json 2>err | jq -c .)" = \
        '{"profile":"paper","version":2,"aborted":true}' ]
    grep -q 'version 2 is dropped' err
    is 'active retired'
    audited aborted 2
    [ "$(password)" = "$SECRET" ]
    not grep -q warning err
    refused 66 nosuch "$IBCRED" rotate nosuch --abort
}

@test "--abort of one that may be logging in waits, whatever else the gate would wait for" {
    make_vault
    policy 'gate: {max_failures: 1, max_attempts: 1}'
    stage
    "$IBCRED" inject paper --staged >/dev/null
    [ "$(gate .reason || true)" = attempts ]
    refused 75 'version 2 was released' "$IBCRED" rotate paper --abort
    refused 75 'version 2 was released' "$IBCRED" rotate paper --resume
    IB_PASSWORD=third-pass3 refused 75 'version 2 was released' "$IBCRED" rotate paper --from-env
    is 'active staged'
    # Once nothing will be heard of it any more it may go.
    preloadable=$(dirname "$IBCRED")/preloadable/ibcred
    later 301 "$preloadable" rotate paper --abort --quiet
    is 'active retired'
}

@test "--abort of one that is in flight says how long" {
    make_vault
    policy 'gate: {attempt_timeout: 40s}'
    stage
    "$IBCRED" inject paper --staged >/dev/null
    status=0
    "$IBCRED" rotate paper --abort --json >answer 2>err || status=$?
    [ "$status" = 75 ]
    jq -e '.error | .exit_code == 75 and .retry_after > 0 and .retry_after <= 40' answer
    "$IBCRED" report paper throttled --quiet
    "$IBCRED" rotate paper --abort --quiet
    is 'active retired'
}

@test "after a rejection or a promotion there is nothing to go back from" {
    make_vault
    stage
    try rejected
    "$IBCRED" rotate paper --abort 2>err
    grep -q 'nothing is staged' err
    is 'active burned'
    "$IBCRED" gate paper --clear --quiet >/dev/null
    stage third-pass3
    try success
    "$IBCRED" rotate paper --abort 2>err
    grep -q 'nothing is staged' err
    is 'retired burned active'
}

# --- cut off ---

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

# --- what is kept ---

@test "versions that were replaced are kept as the policy says" {
    make_vault
    policy 'rotation: {keep: {versions: 1, age: 0}}'
    for n in 2 3 4; do
        stage "pass-number-$n"
        try success
    done
    [ "$("$IBCRED" show --json | jq -c '[.versions[] | [.version, .state]]')" = \
        '[[3,"retired"],[4,"active"]]' ]
    policy 'rotation: {keep: {versions: 0, age: 0}}'
    stage pass-number-5
    try rejected
    "$IBCRED" gate paper --clear --quiet >/dev/null
    [ "$("$IBCRED" show --json | jq -c '[.versions[] | .version]')" = '[3,4,5]' ]
    stage pass-number-6
    try success
    # What was rejected stays known.
    [ "$("$IBCRED" show --json | jq -c '[.versions[] | [.version, .state]]')" = \
        '[[5,"burned"],[6,"active"]]' ]
    "$IBCRED" verify --quiet
}

@test "the young ones are kept, however many" {
    make_vault
    policy 'rotation: {keep: {versions: 0, age: 1d}}'
    for n in 2 3 4; do
        stage "pass-number-$n"
        try success
    done
    is 'retired retired retired active'
    stage pass-number-5
    preloadable=$(dirname "$IBCRED")/preloadable/ibcred
    later 90000 "$preloadable" inject paper --staged >/dev/null
    later 90001 "$preloadable" report paper success --quiet
    is 'retired active'
}

# --- due ---

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

# --- secrets ---

@test "no password is in any output, argument or file of the state directory" {
    mark=$(head -c 12 /dev/urandom | od -An -tx1 | tr -d ' \n')
    "$IBCRED" init --quiet
    seal_as paper paper "$NAME" "old-$mark"
    printf '%s' "$mark" >mark
    # What commands tell goes to `said`; what a person has typed is not looked for there.
    while [ -e mark ]; do
        grep -alFf mark /proc/[0-9]*/cmdline >>holders 2>/dev/null || true
    done 3>&- &
    watcher=$!
    tell() {
        "$IBCRED" "$@" >>said 2>&1 || true
    }
    for way in success rejected; do
        IB_PASSWORD=new-$way-$mark tell rotate paper --from-env --json
        IB_PASSWORD=again-$way-$mark tell rotate paper --from-env
        echo "IB_PASSWORD=third-$way-$mark" | tell rotate paper --stdin
        tell check paper --staged --json
        tell inject paper --staged
        tell rotate --resume --json
        tell rotate --abort --json
        tell report paper "$way" --json
        tell rotate --resume
        tell show paper --json
        tell list
        tell rotate --due --json
        tell audit
        tell gate --clear
    done
    IB_PASSWORD=bad-$'\n'-$mark tell rotate paper --from-env
    IB_PASSWORD=third-success-$mark tell rotate paper --from-env # the active one
    rm mark
    wait "$watcher"
    is 'retired retired retired active retired retired burned'
    [ ! -s holders ]
    [ -s said ]
    not grep -qaF -- "$mark" said
    not grep -rqaF -- "$mark" "$IBCRED_STATE_DIR"
    not grep -qaF -- "$mark" "$IBCRED_VAULT"
}
