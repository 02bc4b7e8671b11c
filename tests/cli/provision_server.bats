#!/usr/bin/env bats
# ibcred provision: what concerns a whole server is met once and said once.
load forge.bash

# all_three FORGE OPTION… - bring three fields there, with an answer for programs.
all_three() {
    "$1" paper --repo "$REPO" --field IB_USERNAME --field IB_PASSWORD --field MONGO --json "${@:2}"
}

# said WORDS - how many lines of stderr have them.
said() {
    grep -cF -- "$1" err || true
}

# faults COUNT LINE - what the forge is to do wrong, more often than it should be asked.
faults() {
    yes "$2" | head -n "$1" >"$FORGE/faults"
}

@test "a bad token: one request, one sentence, and the others are as they were" {
    begin
    three
    for kind in github gitlab gitea; do
        all_three "$kind" --quiet >/dev/null
    done
    before=$(sha256sum "$IBCRED_VAULT")
    echo ghp-another-token >token
    for kind in github gitlab gitea; do
        rm "$FORGE/log.jsonl"
        fails 77 "; 0 of 3 brought" all_three "$kind"
        [ "$(requests true)" = 1 ]
        [ "$(said "does not know the token")" = 1 ]
        [ "$(wc -l <err)" = 1 ]
        jq -e '[.secrets[].result] == ["failed", "untried", "untried"] and .done == 0 and
            (.secrets | all(.message | contains("does not know the token")))' out
    done
    [ "$before" = "$(sha256sum "$IBCRED_VAULT")" ]
    [ "$("$IBCRED" audit | jq -s '[.[] | select(.event == "provision" and .verdict == "failed")] | length')" = 3 ]
}

@test "a bad token in the middle: what failed before it is told as well, and a second run finishes" {
    begin
    three
    printf 'PUT 403\nPUT 401\n' >"$FORGE/faults"
    fails 77 "0 of 3 brought, 3 of profile 'paper' still behind" all_three gitea
    [ "$(said "may not write there")$(said "does not know the token")" = 11 ]
    [ "$(requests true)" = 2 ]
    jq -e '[.secrets[].result] == ["failed", "failed", "untried"]' out
    gitea --resume --quiet
    [ "$(copies | grep -c false)" = 3 ]
    nothing_leaked
}

@test "a forge that hangs is waited for once, and a second run finishes" {
    begin
    three
    all_three gitea --quiet >/dev/null
    faults 9 "PUT hang"
    fails 69 "timed out" all_three gitea --patience 1
    [ "$(wc -l <"$FORGE/faults")" = 7 ]
    [ "$(said "asked again in 1 s")$(said "longer than --patience allows")" = 11 ]
    [ "$(wc -l <err)" = 2 ]
    grep -qF "; 0 of 3 brought, 1 of profile 'paper' still behind" err
    # It may have the one that it was asked for.
    [ "$(copies)" = "IB_PASSWORD 2 false
IB_USERNAME null true
MONGO 2 false" ]
    rm "$FORGE/faults"
    gitea --resume --quiet
    [ "$(copies | grep -c false)" = 3 ]
}

@test "no forge there, and a certificate of nobody, are one try and one sentence" {
    begin secure
    three
    fails 69 "; 0 of 3 brought" "$IBCRED" provision gitea paper --token-file token --repo "$REPO" \
        --api-url https://127.0.0.1:1/api/v1 --field IB_USERNAME --field IB_PASSWORD --field MONGO \
        --patience 0 --json
    [ "$(wc -l <err)" = 1 ]
    jq -e '[.secrets[].result] == ["failed", "untried", "untried"]' out
    fails 69 "see that the certificate" all_three gitea
    [ "$(wc -l <err)" = 1 ]
    jq -e '[.secrets[].result] == ["failed", "untried", "untried"]' out
    [ "$(requests true)" = 0 ]
}

@test "a pause that is longer than --patience ends the asking; what may be about one place does not" {
    begin
    three
    for fault in "429 3600" 502 503 504 "limit 3600" secondary; do
        rm -f "$FORGE/log.jsonl"
        faults 9 "GET $fault"
        fails 69 "longer than --patience allows" all_three github --patience 0
        [ "$(requests true)" = 1 ]
        [ "$(said "longer than --patience allows")" = 1 ]
        jq -e '[.secrets[].result] == ["failed", "untried", "untried"]' out
    done
    for fault in 500 404 large; do
        rm -f "$FORGE/log.jsonl"
        faults 2 "PUT $fault"
        status=0
        all_three gitea --patience 0 >out 2>err || status=$?
        [ "$status" -ge 69 ]
        jq -e '[.secrets[].result == "failed"] == [true, true, false] and .done == 1' out
        [ "$(requests true)" = 3 ]
        [ "$(wc -l <err)" = 3 ]
    done
}

@test "GitHub is down and GitLab up: GitLab's copies are brought, and a second run finishes" {
    begin
    github paper --repo "$REPO" --quiet
    gitlab paper --repo "$REPO" --quiet
    seal_as paper paper "$NAME" another-secret
    rm "$FORGE/log.jsonl"
    printf 'GET 429 3600\n' >"$FORGE/faults"
    fails 69 "; 2 of 4 brought, 2 of profile 'paper' still behind" \
        "$IBCRED" rotate paper --resume --token-file token
    [ "$(said "longer than --patience allows")" = 1 ]
    [ "$(requests '.forge == "github"')" = 1 ]
    [ "$(kept "gitlab/projects/${REPO/\//%2F}/variables/IB_PASSWORD *")" = another-secret ]
    [ "$(copies | sort)" = "IB_PASSWORD 1 true
IB_PASSWORD 2 false
IB_USERNAME 1 true
IB_USERNAME 2 false" ]
    "$IBCRED" rotate paper --resume --token-file token --quiet
    [ "$(copies | grep -c "2 false")" = 4 ]
}

@test "a forge without a token is said once, however many copies it has" {
    begin
    github paper --repo "$REPO" --quiet
    gitlab paper --repo "$REPO" --quiet
    seal_as paper paper "$NAME" another-secret
    printf 'PUT 403\n' >"$FORGE/faults"
    fails 77 "1 of 4 brought" env GITHUB_TOKEN="$TOKEN" "$IBCRED" rotate paper --resume --quiet
    [ "$(said "no token for gitlab")$(said "may not write there")" = 11 ]
}

# two_profiles - one secret each at one forge, both behind.
two_profiles() {
    seal_as other paper other
    "$1" paper --repo "$REPO" --field IB_PASSWORD --quiet
    "$1" other --repo "$OWNER/other" --field IB_PASSWORD --quiet
    seal_as paper paper "$NAME" another-secret
    seal_as other paper other another-secret
    rm "$FORGE/log.jsonl"
}

# behind - how many copies of both are.
behind() {
    for profile in paper other; do
        "$IBCRED" show "$profile" --json
    done | jq -s '[.[].copies[] | select(.behind)] | length'
}

@test "rotate --resume of all profiles meets it once for all" {
    begin
    two_profiles gitea
    echo ghp-another-token >token
    fails 77 "does not know the token" "$IBCRED" rotate --resume --token-file token --json
    [ "$(requests true)" = 1 ]
    [ "$(said "does not know the token")$(said "gitea is not asked again")" = 11 ]
    [ "$(said "still behind")" = 2 ]
    jq -e '[.[].behind] == [1, 1]' out
    [ "$(behind)" = 2 ]
    GITEA_TOKEN=$TOKEN "$IBCRED" rotate --resume --quiet
    [ "$(behind)" = 0 ]
}

@test "rotate --resume of all profiles takes one token to one server, and each profile's own to its own" {
    begin
    two_profiles gitea
    secure=https://127.0.0.1:$(cat "$BATS_FILE_TMPDIR/secure/port")
    "$IBCRED" provision gitea paper --repo "$REPO" --field IB_PASSWORD --token-file token --quiet \
        --api-url "$secure/api/v1" --ca "$BATS_FILE_TMPDIR/forge.pem"
    "$IBCRED" provision gitea paper --forget --repo "$REPO" --api-url "$URL/api/v1" --quiet
    seal_as paper paper "$NAME" a-third-secret
    GITEA_TOKEN=$TOKEN fails 64 "the token for gitea has gone to another server" \
        "$IBCRED" rotate --resume --ca "$BATS_FILE_TMPDIR/forge.pem"
    [ "$(behind)" = 1 ]
    seal_as other paper other a-third-secret
    for profile in paper other; do
        jq -n --arg t "$TOKEN" '{IB_USERNAME: "u", IB_PASSWORD: "p", IBCRED_GITEA_TOKEN: $t}' |
            "$IBCRED" seal "$profile" --stdin --quiet --field IBCRED_GITEA_TOKEN
    done
    "$IBCRED" rotate --resume --ca "$BATS_FILE_TMPDIR/forge.pem" --quiet
    [ "$(behind)" = 0 ]
}

# interrupted SIGNAL FORGE ARGUMENT… - provision there, and that signal once all faults were met.
interrupted() {
    local signal=$1 kind=$2 root=$3 status=0
    shift 3
    # A shell leaves SIGINT ignored in what it puts into the background.
    (exec env --default-signal=INT "$IBCRED" provision "$kind" paper --token-file token \
        --api-url "$URL$root" --repo "$REPO" --json "$@" >out 2>err 3>&-) &
    pid=$!
    for _ in $(seq 200); do
        [ ! -s "$FORGE/faults" ] && break
        sleep 0.05
    done
    kill "-$signal" "$pid"
    wait "$pid" || status=$?
    [ "$status" = $((128 + $(kill -l "$signal"))) ]
}

@test "Ctrl-C and SIGTERM end the waiting for an answer, and a second run finishes" {
    begin
    three
    gitea paper --repo "$REPO" --field IB_USERNAME --field IB_PASSWORD --field MONGO --quiet
    for signal in INT TERM; do
        printf 'PUT hang\n' >"$FORGE/faults"
        interrupted "$signal" gitea /api/v1 --field IB_USERNAME --field IB_PASSWORD
        grep -qF "interrupted before Gitea had answered; 0 of 2 brought, 1 of profile 'paper' still" err
        [ "$(wc -l <err)" = 1 ]
        jq -e '[.secrets[] | [.result, .message == "interrupted"]] ==
            [["failed", false], ["untried", true]]' out
        # It may have arrived.
        [ "$(copies)" = "IB_PASSWORD 2 false
IB_USERNAME null true
MONGO 2 false" ]
        gitea --resume --quiet
        [ "$(copies | grep -c "2 false")" = 3 ]
    done
    nothing_leaked
}

@test "interrupted before anything was sent, a copy is as it was" {
    begin
    github paper --repo "$REPO" --quiet
    before=$(sha256sum "$IBCRED_VAULT")
    printf 'GET hang\n' >"$FORGE/faults"
    interrupted INT github ""
    grep -qF "interrupted before GitHub had answered; 0 of 2 brought" err
    [ "$before" = "$(sha256sum "$IBCRED_VAULT")" ]
    [ "$(requests '.method == "PUT"')" = 2 ]
}

@test "--ci-identity that is interrupted on its way keeps its key" {
    begin
    printf 'PUT hang\n' >"$FORGE/faults"
    interrupted INT gitea /api/v1 --ci-identity
    grep -qF "the same command again replaces it" err
    [ "$("$IBCRED" key list | grep -c " ci gitea")" = 1 ]
}
