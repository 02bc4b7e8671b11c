#!/usr/bin/env bats
# ibcred provision: what fails, what is left behind, and going on with it.
load forge.bash

@test "a bad token and a wrong repository are 77, each in words that help" {
    begin
    printf 'ghp-another-token\n' >token
    for kind in github gitlab gitea; do
        before=$(generation)
        fails 77 "does not know the token" "$kind" paper --repo "$REPO" --field IB_PASSWORD
        [ "$(wc -l <err)" = 1 ]
        grep -qF "; 0 of 1 brought, " err
        grep -qF "ibcred provision $kind paper --resume, or ibcred rotate paper --resume" err
        # Wanted is all that was written.
        [ "$(generation)" = $((before + 1)) ]
        not grep -q ghp-another err
    done
    echo "$TOKEN" >token
    for kind in github gitlab gitea; do
        fails 77 "finds no such place" "$kind" paper --repo missing/r --field IB_PASSWORD
        fails 77 "the token may not write there" "$kind" paper --repo readonly/r --field IB_PASSWORD
    done
    nothing_leaked
}

@test "a refusal of what was there already leaves it noted as there" {
    begin
    github paper --repo "$REPO" --quiet
    before=$(sha256sum "$IBCRED_VAULT")
    echo ghp-another-token >token
    fails 77 "; 0 of 2 brought" github paper --repo "$REPO"
    not grep -q resume err
    [ "$before" = "$(sha256sum "$IBCRED_VAULT")" ]
    [ "$("$IBCRED" audit | jq -s '[.[] | select(.event == "provision" and .verdict == "failed")] | length')" = 1 ]
}

@test "a version that becomes active while the older one is sent is brought as well" {
    begin
    printf 'PUT 429 2\n' >"$FORGE/faults"
    gitea paper --repo "$REPO" --field IB_PASSWORD 2>err 3>&- &
    pid=$!
    for _ in $(seq 200); do
        [ -s err ] && break
        sleep 0.05
    done
    seal_as paper paper "$NAME" another-secret
    wait "$pid"
    [ "$(requests '.method == "PUT"')" = 3 ]
    [ "$(kept "gitea/repos/$REPO/actions/secrets/IB_PASSWORD")" = another-secret ]
    [ "$(copies)" = "IB_PASSWORD 2 false" ]
}

# Here "rotate" is a fault that does nothing: Gitea has no public keys.
@test "the second of three fails: the others are brought, and --resume brings that one alone" {
    begin
    three
    printf 'PUT rotate\nPUT 403\n' >"$FORGE/faults"
    fails 77 "2 of 3 brought, 1 of profile 'paper' still behind" gitea paper --repo "$REPO" --json \
        --field IB_USERNAME --field IB_PASSWORD --field MONGO
    jq -e '[.secrets[].result] == ["created", "failed", "created"] and .done == 2 and .behind == 1 and
        (.secrets[1].message | contains("may not write"))' out
    [ "$(jq -s length out)" = 1 ]
    [ "$(copies)" = "IB_PASSWORD null true
IB_USERNAME 2 false
MONGO 2 false" ]
    "$IBCRED" show | grep -q "^copy gitea+.*IB_PASSWORD: not there yet$"
    rm "$FORGE/log.jsonl"
    gitea --resume --quiet
    [ "$(requests true)" = 1 ]
    [ "$(kept "gitea/repos/$REPO/actions/secrets/IB_PASSWORD")" = "$SECRET" ]
    [ "$(copies | grep -c false)" = 3 ]
    gitea --resume 2>err
    grep -q "none of its copies there is behind" err
    [ "$(requests true)" = 1 ]
    nothing_leaked
}

@test "killed while the forge is asked: what runs is clean, and a second run finishes" {
    begin
    three
    printf 'PUT rotate\nPUT hang\n' >"$FORGE/faults"
    GITEA_TOKEN=$TOKEN "$IBCRED" provision gitea paper --api-url "$URL/api/v1" --repo "$REPO" \
        --field IB_USERNAME --field IB_PASSWORD --field MONGO 2>err 3>&- &
    pid=$!
    for _ in $(seq 200); do
        [ ! -s "$FORGE/faults" ] && break
        sleep 0.05
    done
    [ ! -s "$FORGE/faults" ]
    # Nobody is kept from the vault meanwhile.
    seal_as other paper other-one
    for process in "$pid" $(pgrep -P "$pid"); do
        tr '\0' '\n' <"/proc/$process/cmdline" >"cmdline-$process"
        tr '\0' '\n' <"/proc/$process/environ" >"environ-$process"
    done
    [ "$(find . -name "cmdline-*" | wc -l)" -ge 2 ]
    nothing_leaked
    kill -9 "$pid"
    wait "$pid" || true
    [ "$(copies | grep -c 'null true')" = 2 ]
    gitea paper --resume --quiet
    [ "$(copies | grep -c '2 false')" = 3 ]
    [ "$(kept "gitea/repos/$REPO/actions/secrets/MONGO")" = m0ngo-of-mine ]
    "$IBCRED" audit verify --quiet
}

@test "a new version leaves the copies behind, and rotate --resume brings those of all forges" {
    begin
    github paper --repo "$REPO" --quiet
    gitlab paper --repo "$REPO" --field IB_PASSWORD --quiet
    seal_as paper paper "$NAME" another-secret
    "$IBCRED" show | grep -q "^copy github+.*IB_PASSWORD: version 1, 20.*Z, behind$"
    "$IBCRED" show --json | jq -e '[.copies[] | [.version, .behind, .copied_at != null]] ==
        [[1, true, true], [1, true, true], [1, true, true]]'
    gitlab --resume 2>err
    grep -q "other copies of profile 'paper' are behind: 2" err
    [ "$(kept "gitlab/projects/${REPO/\//%2F}/variables/IB_PASSWORD *")" = another-secret ]
    [ "$(kept "/repos/$REPO/actions/secrets/IB_PASSWORD")" = "$SECRET" ]
    "$IBCRED" rotate paper --resume --token-file token --quiet
    [ "$(kept "/repos/$REPO/actions/secrets/IB_PASSWORD")" = another-secret ]
    [ "$(copies | grep -c '2 false')" = 3 ]
}

@test "a forge without a token keeps the copies at others from nothing" {
    begin
    github paper --repo "$REPO" --field IB_PASSWORD --quiet
    gitlab paper --repo "$REPO" --quiet
    seal_as paper paper "$NAME" another-secret
    refused 77 "no token for gitlab" env GITHUB_TOKEN="$TOKEN" "$IBCRED" rotate paper --resume --quiet
    [ "$(kept "/repos/$REPO/actions/secrets/IB_PASSWORD")" = another-secret ]
    [ "$(copies)" = "IB_PASSWORD 2 false
IB_PASSWORD 1 true
IB_USERNAME 1 true" ]
    # Where nothing is behind, nobody needs one.
    "$IBCRED" rotate paper --resume --token-file token --quiet
    "$IBCRED" rotate paper --resume --quiet
}

@test "--resume of one place, server or field leaves the others" {
    begin
    github paper --repo "$REPO" --quiet
    github paper --repo "$OWNER/other" --quiet
    seal_as paper paper "$NAME" another-secret
    github paper --resume --repo "$REPO" --field IB_PASSWORD --quiet
    [ "$(kept "/repos/$REPO/actions/secrets/IB_PASSWORD")" = another-secret ]
    [ "$(copies | grep -c true)" = 3 ]
    github paper --resume --repo "$REPO" --quiet
    [ "$(copies | grep -c true)" = 2 ]
    "$IBCRED" provision github --resume --api-url https://ghe.example --token-file token 2>err
    grep -q "none of its copies there" err
    github --resume --field IB_USERNAME --dry-run --json 2>/dev/null |
        jq -e '[.secrets[] | [.name, .result]] == [["IB_USERNAME", "planned"]] and .behind == 2'
    github --resume --quiet
    [ "$(copies | grep -c true)" = 0 ]
}

@test "one token goes to one server" {
    begin
    github paper --repo "$REPO" --field IB_PASSWORD --quiet
    secure=https://127.0.0.1:$(cat "$BATS_FILE_TMPDIR/secure/port")
    "$IBCRED" provision github paper --repo "$REPO" --field IB_PASSWORD --token-file token --quiet \
        --api-url "$secure" --ca "$BATS_FILE_TMPDIR/forge.pem"
    seal_as paper paper "$NAME" another-secret
    rm "$FORGE/log.jsonl"
    refused 64 "copies at two servers of github" "$IBCRED" provision github --resume --token-file token
    refused 64 "--resume --api-url URL" "$IBCRED" rotate paper --resume --token-file token --quiet
    [ "$(requests true)" = 0 ]
    github --resume --quiet
    "$IBCRED" provision github --resume --token-file token --api-url "$secure" --quiet \
        --ca "$BATS_FILE_TMPDIR/forge.pem"
    [ "$(copies | grep -c false)" = 2 ]
}

@test "--forget takes copies off the list, and says that the secret stays" {
    begin
    github paper --repo "$REPO" --quiet
    github paper --repo "$OWNER/other" --quiet
    gitea paper --repo "$REPO" --quiet
    "$IBCRED" provision github paper --forget --api-url "$URL" --repo "$REPO" --field IB_PASSWORD 2>err
    grep -q "stays there" err
    grep -qx "forgotten IB_PASSWORD at github+$URL/repos/$REPO/actions/secrets/IB_PASSWORD#IB_PASSWORD" err
    [ "$(copies | wc -l)" = 5 ]
    [ "$(kept "/repos/$REPO/actions/secrets/IB_PASSWORD")" = "$SECRET" ]
    before=$(sha256sum "$IBCRED_VAULT")
    "$IBCRED" provision github paper --forget --all --dry-run --quiet
    # All is forgotten for those who say so.
    refused 64 "--repo OWNER/REPO or --org NAME, or --all" "$IBCRED" provision github paper --forget
    refused 64 "or --all" "$IBCRED" provision github paper --forget --field IB_PASSWORD
    refused 64 "or --all" "$IBCRED" provision github paper --forget --api-url "$URL"
    refused 64 "--project PATH or --group NAME, or --all" "$IBCRED" provision gitlab paper --forget
    refused 64 "every place" "$IBCRED" provision github paper --forget --all --repo "$REPO"
    refused 64 "every place" "$IBCRED" provision github paper --forget --all --env live
    refused 64 "every place" "$IBCRED" provision github paper --forget --all --dependabot
    refused 64 "writing anew" "$IBCRED" provision github paper --forget --org o --visibility all
    refused 64 "writing anew" "$IBCRED" provision github paper --resume --visibility all
    refused 64 "--all goes with --forget" github paper --all --repo "$REPO"
    refused 64 "--all goes with --forget" github paper --all --resume
    refused 64 "or --all" env GITHUB_ACTIONS=true GITHUB_REPOSITORY="$REPO" \
        "$IBCRED" provision github paper --forget
    refused 66 "no such copy" "$IBCRED" provision github paper --forget --all --api-url https://ghe.example
    [ "$before" = "$(sha256sum "$IBCRED_VAULT")" ]
    "$IBCRED" provision github paper --forget --all --json --quiet |
        jq -e '[.secrets[].result] == ["forgotten", "forgotten", "forgotten"]'
    [ "$(copies | wc -l)" = 2 ]
    refused 66 "no such copy" "$IBCRED" provision github paper --forget --all
}

@test "a secret that gets another field has one copy" {
    begin
    github paper --repo "$REPO" --field IB_USERNAME=LOGIN --quiet
    github paper --repo "$REPO" --field IB_PASSWORD=login --quiet
    "$IBCRED" show --json | jq -e --arg url "$URL" '[.copies[].target] ==
        ["github+\($url)/repos/'"$REPO"'/actions/secrets/LOGIN#IB_PASSWORD"]'
}

@test "429 and 5xx are tried again after what the forge asks for, within --patience" {
    begin
    printf 'PUT 429 1\nPUT 503\n' >"$FORGE/faults"
    gitea paper --repo "$REPO" --field IB_PASSWORD 2>err
    [ "$(requests '.method == "PUT"')" = 3 ]
    grep -q "asked again in 1 s$" err
    grep -q "^created IB_PASSWORD" err
    [ "$(wc -l <err)" = 3 ]
    printf '* 429 3600\n' >"$FORGE/faults"
    fails 69 "asked too often" github paper --repo "$REPO" --field IB_PASSWORD
    grep -qF "0 of 1 brought, 1 of profile 'paper' still behind" err
    grep -qF -- "--forget gives up" err
    printf 'PUT 502\n' >"$FORGE/faults"
    fails 69 "in trouble" gitea paper --repo "$REPO" --field IB_USERNAME --patience 0
    nothing_leaked
}

@test "what lies at the forge is unknown after a failure, so the copy is behind again" {
    begin
    gitea paper --repo "$REPO" --field IB_PASSWORD --quiet
    printf 'PUT lost\nPUT lost\nPUT lost\nPUT lost\n' >"$FORGE/faults"
    fails 69 "gives no answer" gitea paper --repo "$REPO" --field IB_PASSWORD --patience 0
    [ "$(copies)" = "IB_PASSWORD null true" ]
    rm -f "$FORGE/faults"
    gitea --resume --quiet
    [ "$(copies)" = "IB_PASSWORD 1 false" ]
}

@test "a forge that hangs is 69" {
    begin
    printf 'PUT hang\nPUT hang\nPUT hang\nPUT hang\n' >"$FORGE/faults"
    fails 69 "gives no answer" gitea paper --repo "$REPO" --field IB_PASSWORD --patience 1
    grep -q "timed out" err
    rm -f "$FORGE/faults"
}

@test "no forge there, and a certificate of nobody, are 69; with --ca it is talked to" {
    begin secure
    fails 69 "gives no answer" "$IBCRED" provision gitea paper --token-file token --repo "$REPO" \
        --api-url https://127.0.0.1:1/api/v1 --field IB_PASSWORD --patience 0
    fails 69 "certificate" gitea paper --repo "$REPO" --field IB_PASSWORD --patience 0
    [ "$(requests true)" = 0 ]
    gitea paper --repo "$REPO" --field IB_PASSWORD --ca "$BATS_FILE_TMPDIR/forge.pem" --quiet
    [ "$(kept "gitea/repos/$REPO/actions/secrets/IB_PASSWORD")" = "$SECRET" ]
}

@test "Ctrl-C ends a wait, says what is left, and is what ibcred dies of" {
    begin
    printf 'PUT 429 60\n' >"$FORGE/faults"
    # A shell leaves SIGINT ignored in what it puts into the background.
    (exec env --default-signal=INT "$IBCRED" provision gitea paper --token-file token \
        --api-url "$URL/api/v1" --repo "$REPO" 2>err 3>&-) &
    pid=$!
    for _ in $(seq 200); do
        [ -s err ] && break
        sleep 0.05
    done
    kill -INT "$pid"
    status=0
    wait "$pid" || status=$?
    [ "$status" = 130 ]
    grep -qF "0 of 2 brought, 2 of profile 'paper' still behind" err
    [ "$(requests '.method == "PUT"')" = 1 ]
}

@test "two at once lose nothing" {
    begin
    github paper --repo "$REPO" --quiet 3>&- &
    first=$!
    gitea paper --repo "$REPO" --quiet 3>&- &
    second=$!
    wait "$first"
    wait "$second"
    [ "$(copies | grep -c '1 false')" = 4 ]
    "$IBCRED" audit verify --quiet
}
