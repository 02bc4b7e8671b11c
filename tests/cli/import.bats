#!/usr/bin/env bats
load lib.bash

line() { # PROFILE PASSWORD
    jq -nc --arg n "$1" --arg p "$2" \
        '{profile: $n, kind: "paper", fields: {IB_USERNAME: ("user" + $n), IB_PASSWORD: $p}}'
}

@test "import seals many profiles in one write" {
    "$IBCRED" init --quiet
    for n in a b c; do line "$n" "pw-$n"; done >lines
    "$IBCRED" import lines --json --quiet >answer
    [ "$(jq .profiles answer)" = 3 ]
    [ "$(jq .generation answer)" = 2 ]
    [ "$("$IBCRED" show b --reveal --field IB_PASSWORD | cat)" = pw-b ]
    line b new | "$IBCRED" import --quiet
    [ "$("$IBCRED" show b --json | jq '.versions | length')" = 2 ]
}

@test "one bad line and nothing is sealed; it is named" {
    make_vault
    before=$(sha256sum "$IBCRED_VAULT")
    for bad in '{' '[]' '{"profile":"x"}' '{"profile":"x","kind":"demo","fields":{}}' \
        '{"profile":"x","kind":"paper","fields":{"IB_USERNAME":1,"IB_PASSWORD":"p"}}' \
        '{"profile":"x","kind":"paper","fields":{"IB_USERNAME":"u","IB_PASSWORD":"p"},"extra":1}' \
        '{"profile":"x","kind":"paper","fields":{"IB_USERNAME":"DU1234567","IB_PASSWORD":"p"}}'; do
        {
            line a 1
            echo "$bad"
        } >lines
        status=0
        "$IBCRED" import lines >out 2>err || status=$?
        [ "$status" = 65 ] || [ "$status" = 64 ]
        grep -q "lines:2" err
    done
    {
        line a 1
        line a 2
    } >lines
    refused 65 "lines:2" "$IBCRED" import lines
    : >lines
    refused 65 "no profile" "$IBCRED" import lines
    refused 66 "none" "$IBCRED" import none
    printf 'IB_USERNAME=%s\n' "$NAME" >dotenv
    refused 65 "with --as PROFILE" "$IBCRED" import dotenv
    [ "$before" = "$(sha256sum "$IBCRED_VAULT")" ]
}

# Recorded, not run: neither sops nor Vault is in Debian. The shapes are those of their own
# documentation (vault kv get -format=json; sops decrypt --output-type json and dotenv).
kv2() { # USERNAME PASSWORD
    jq -n --arg u "$1" --arg p "$2" '{request_id: "af1b", lease_id: "", lease_duration: 0,
        renewable: false, data: {data: {IB_USER: $u, IB_PASS: $p}, metadata: {
        created_time: "2026-03-15T14:30:00.1Z", custom_metadata: null, deletion_time: "",
        destroyed: false, version: 3}}, warnings: null}'
}

# sealed PROFILE USERNAME PASSWORD - are these what is in the vault?
sealed() {
    [ "$("$IBCRED" show "$1" --reveal --field IB_USERNAME | cat)" = "$2" ] &&
        [ "$("$IBCRED" show "$1" --reveal --field IB_PASSWORD | cat)" = "$3" ]
}

@test "import --as takes one profile out of what Vault and sops print" {
    "$IBCRED" init --quiet
    kv2 u1 "$SECRET" | "$IBCRED" import --as one --kind paper --account DU1234567 --quiet
    sealed one u1 "$SECRET"
    [ "$("$IBCRED" show one --json | jq -r .account)" = DU1234567 ]
    kv2 u2 p2 | jq '{data: .data.data}' >kv1.json
    "$IBCRED" import kv1.json --as two --kind live --format vault-kv --quiet
    sealed two u2 p2
    echo '{"username": "u3", "password": "p3", "port": 4002}' >flat.json
    "$IBCRED" import --as three --kind paper --quiet -- flat.json
    sealed three u3 p3
    printf '# made by sops\nTWS_USERID=u4\nTWS_PASSWORD=p=4#!\n' |
        "$IBCRED" import - --as four --kind paper --json --quiet >answer
    sealed four u4 'p=4#!'
    [ "$(jq -c '[.profile, .version, .generation, .warnings]' answer)" = '["four",1,5,[]]' ]
    kv2 u1 anew | "$IBCRED" import --as one --quiet
    sealed one u1 anew
    [ "$("$IBCRED" show one --json | jq -c '[.versions[].state]')" = '["retired","active"]' ]
    "$IBCRED" audit >log
    [ "$(jq -r 'select(.event == "import") | .profile + "\(.version)"' log | tail -n 1)" = one2 ]
    not grep -qF "$SECRET" log
}

@test "import --as takes keys by --map, and further fields by --field" {
    "$IBCRED" init --quiet
    echo '{"user": "u1", "secret": "p1", "IB_USERNAME": "other", "api-key": "k", "MONGO": "m"}' |
        "$IBCRED" import --as one --kind paper --map IB_USERNAME=user --map IB_PASSWORD=secret \
            --map API_KEY=api-key --field MONGO --quiet
    sealed one u1 p1
    [ "$("$IBCRED" show one --json | jq -c '.versions[0].fields')" = \
        '["API_KEY","IB_PASSWORD","IB_USERNAME","MONGO"]' ]
}

@test "what is not one clear profile is refused in one sentence and seals nothing" {
    make_vault
    before=$(sha256sum "$IBCRED_VAULT")
    echo '{"IB_PASS": "hunter2", "password": "hunter3", "IB_USER": "u"}' >two.json
    refused 78 "both IB_PASS and password" "$IBCRED" import two.json --as new --kind paper
    not grep -q hunter err
    printf "IB_USERNAME=u\nIB_PASSWORD='hunter2'\n" >.env
    refused 78 ".env:2: Docker Compose and sops" "$IBCRED" import .env --as new --kind paper
    not grep -q hunter err
    kv2 u hunter2 | jq '.data.data = null' >gone.json
    refused 65 "deleted in Vault" "$IBCRED" import gone.json --as new --kind paper
    echo '{"IB_USERNAME": "DU1234567", "IB_PASSWORD": "p"}' >id.json
    refused 64 "account id" "$IBCRED" import id.json --as new --kind paper
    echo '{"IB_USERNAME": "u", "IB_PASSWORD": "p"}' >ok.json
    refused 64 "is new" "$IBCRED" import ok.json --as new
    refused 78 "sealed as paper" "$IBCRED" import ok.json --as paper --kind live
    refused 66 "no MONGO" "$IBCRED" import ok.json --as new --kind paper --field MONGO
    : >empty
    refused 65 "empty is empty" "$IBCRED" import empty --as new --kind paper
    refused 64 "--as" "$IBCRED" import ok.json --kind paper
    refused 64 "--as is 'No Such'" "$IBCRED" import ok.json --as 'No Such'
    refused 64 "--kind" "$IBCRED" import ok.json --as new --kind demo
    refused 64 "sops-dotenv" "$IBCRED" import ok.json --as new --format yaml
    refused 64 "--map takes" "$IBCRED" import ok.json --as new --map hunter2
    not grep -q hunter err
    refused 64 "twice" "$IBCRED" import ok.json --as new --map A=b --map A=c
    [ "$before" = "$(sha256sum "$IBCRED_VAULT")" ]
}

@test "import --from-command seals what a command prints, without a shell" {
    "$IBCRED" init --quiet
    kv2 u1 "$SECRET" >'a $file *'
    "$IBCRED" import --as one --kind paper --quiet --from-command -- cat 'a $file *'
    sealed one u1 "$SECRET"
    line two "$SECRET" >lines
    line three p3 >>lines
    "$IBCRED" import --from-command --json --quiet -- cat lines >answer
    [ "$(jq .profiles answer)" = 2 ]
    sealed two usertwo "$SECRET"
}

@test "a command that fails seals nothing, whatever it printed" {
    make_vault
    before=$(sha256sum "$IBCRED_VAULT")
    kv2 u1 hunter2 >kv.json
    line a hunter2 >lines
    for as in "--as new --kind paper" ""; do
        [ -n "$as" ] && file=kv.json || file=lines
        # shellcheck disable=SC2086
        set -- "$IBCRED" import $as --from-command --
        refused 69 "'sh' ended with status 3" "$@" sh -c "cat $file; exit 3"
        refused 69 "'sh' was ended by signal 9" "$@" sh -c "cat $file; kill -9 \$\$"
        refused 66 "no command 'nonesuch'" "$@" nonesuch
        refused 65 "the output of true" "$@" true
        refused 64 "no command to run" "$@"
        refused 64 "exclude" "${@:1:$#-1}" lines -- true
        not grep -q hunter err
    done
    refused 64 "--from-command" "$IBCRED" import --as new --kind paper -- cat kv.json
    refused 65 "larger than" "$IBCRED" import --as new --kind paper --from-command -- \
        sh -c 'yes | head -c 2000000'
    refused 66 "no vault" "$IBCRED" import --vault none --as new --from-command -- touch started
    refused 64 "--kind is" "$IBCRED" import --as new --kind demo --from-command -- touch started
    [ ! -e started ]
    "$IBCRED" import --as new --kind paper --from-command -- sh -c 'echo why >&2; exit 1' 2>err || true
    [ "$(head -n 1 err)" = why ]
    (
        trap '' CHLD
        refused 69 "status 3" "$IBCRED" import --as new --kind paper --from-command -- \
            sh -c 'cat kv.json; exit 3'
    )
    [ "$before" = "$(sha256sum "$IBCRED_VAULT")" ]
}

# ended TRAP - what becomes of a command that has printed too much, and does TRAP when it is to end.
ended() {
    rm -f sleeper
    refused 65 "larger than" "$IBCRED" import --as new --kind paper --from-command -- sh -c \
        "trap $1 TERM; yes | head -c 2000000; sleep 20 & echo \$! >sleeper; wait; touch finished"
    [ ! -s sleeper ] || kill -9 "$(cat sleeper)" 2>/dev/null || true
    [ ! -e finished ]
}

@test "a command that is of no use any more may tidy up; one that does not end is killed" {
    make_vault
    ended "'touch tidied; exit'"
    [ -e tidied ]
    ended "''"
}

@test "a command finds nothing of ibcred's: no variable, no descriptor, no stdin" {
    "$IBCRED" init --quiet
    mkdir credentials
    cp "$IBCRED_IDENTITY_FILE" credentials/ibcred-identity
    kv2 u1 p1 >kv.json
    bash -c 'ls /proc/$$/fd >expected'
    CREDENTIALS_DIRECTORY=$PWD/credentials IBCRED_PASSPHRASE_FD=9 KEEP=me \
        "$IBCRED" import --as one --kind paper --from-command -- bash -c \
        'env >&2; ls /proc/$$/fd >fds; cat >stdin; cat kv.json' 2>seen 9<<<horse <<<typed
    sealed one u1 p1
    not grep -q '^IBCRED_\|^CREDENTIALS_DIRECTORY' seen
    grep -qx KEEP=me seen
    diff expected fds
    [ ! -s stdin ]
}
