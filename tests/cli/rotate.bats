#!/usr/bin/env bats
# rotate.bats - a new password is staged, and its first login decides about it.
load rotate.bash

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
    printf '# new\nIB_PASSWORD="from dotenv"\nIB_USERNAME=%s\n' "$NAME" |
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

@test "a username beside the password must be the profile's" {
    make_vault
    before=$(sha256sum "$IBCRED_VAULT")
    printf 'IB_USERNAME=somebody-else\nIB_PASSWORD=%s\n' another-pass2 >other.env
    jq -n --arg p "$SECRET" '{IB_PASSWORD: $p, IB_USERNAME: "somebody-else"}' >other.json
    for file in other.env other.json; do
        status=0
        "$IBCRED" rotate paper --stdin <"$file" >out 2>err || status=$?
        [ "$status" = 64 ]
        [ ! -s out ]
        [ "$(cat err)" = "ibcred: profile 'paper' has another IB_USERNAME than the one given, and rotate changes the password alone; seal another user with: ibcred seal paper" ]
    done
    IB_USERNAME=somebody-else IB_PASSWORD=another-pass2 refused 64 'another IB_USERNAME' \
        "$IBCRED" rotate paper --from-env
    # One that cannot be read is not taken for none.
    status=0
    printf 'IB_USERNAME=${HOME}x\nIB_PASSWORD=x\n' | "$IBCRED" rotate paper --stdin >out 2>err || status=$?
    [ "$status" = 78 ]
    [ "$before" = "$(sha256sum "$IBCRED_VAULT")" ]
    IB_USERNAME='' stage one-pass1
    # However it is spelled.
    IB_USERNAME=${NAME^^} stage
    jq -n --arg u " $NAME" --arg p third-pass3 '{IB_USERNAME: $u, IB_PASSWORD: $p}' |
        "$IBCRED" rotate paper --stdin --quiet
    is 'active retired retired staged'
    try success
    [ "$("$IBCRED" show --reveal --field IB_USERNAME | cat)" = "$NAME" ]
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
