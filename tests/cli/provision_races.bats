#!/usr/bin/env bats
# ibcred provision: several at once, what was lost on the way, and places that look like another.
load forge.bash

as_ci() {
    local key=$1
    shift
    env -u IBCRED_IDENTITY_FILE IBCRED_IDENTITY="$key" "$@"
}

# copies_of PROFILE - "SECRET FIELD" a line.
copies_of() {
    "$IBCRED" show "$1" --json |
        jq -r '.copies[].target | sub(".*/(?<n>[A-Z_]+)[?#]+(?<f>[A-Z_]+)"; "\(.n) \(.f)")' | sort
}

# wait_for FILE - until something is in it.
wait_for() {
    for _ in $(seq 200); do
        [ -s "$1" ] && return
        sleep 0.05
    done
    return 1
}

@test "--ci-identity, four at once: the key at the forge opens the vault" {
    begin
    pids=()
    for _ in 1 2 3 4; do
        github --ci-identity --repo "$REPO" --quiet 3>&- &
        pids+=($!)
    done
    for pid in "${pids[@]}"; do
        wait "$pid"
    done
    as_ci "$(kept "/repos/$REPO/actions/secrets/IBCRED_IDENTITY")" "$IBCRED" list >/dev/null
    [ "$("$IBCRED" key list | grep -c " ci github")" = 1 ]
}

@test "--ci-identity: no place is taken for another, whatever it is called" {
    begin
    github --ci-identity --repo "$REPO" --dependabot --quiet
    github --ci-identity --repo "$REPO" --env dependabot --quiet
    github --ci-identity --repo "$REPO" --env PROD --quiet
    github --ci-identity --repo "$REPO" --secret-name PROD --quiet
    github --ci-identity --repo "$REPO" --env "x secret PROD" --quiet
    [ "$("$IBCRED" key list | grep -c " ci github")" = 5 ]
    as_ci "$(kept "/repos/$REPO/dependabot/secrets/IBCRED_IDENTITY")" "$IBCRED" list >/dev/null
    # And one in another spelling is the same.
    github --ci-identity --repo "${REPO^^}" --dependabot --quiet
    [ "$("$IBCRED" key list | grep -c " ci github")" = 5 ]
}

@test "--ci-identity that was never sent leaves no key, however often it fails" {
    begin
    printf 'GET 503\n' >"$FORGE/faults"
    fails 69 "the key that was made for it is gone again" github --ci-identity --repo "$REPO" \
        --patience 0
    [ "$("$IBCRED" key list | grep -c " recipient ")" = 1 ]
}

@test "--ci-identity that was lost first and refused then keeps its key" {
    begin
    printf 'PUT lost\nPUT 401\n' >"$FORGE/faults"
    fails 77 "the same command again replaces it" gitea --ci-identity --repo "$REPO"
    as_ci "$(kept "gitea/repos/$REPO/actions/secrets/IBCRED_IDENTITY")" "$IBCRED" list >/dev/null
}

@test "what was lost first and refused then is unknown, so the copy is behind" {
    begin
    gitea paper --repo "$REPO" --field IB_PASSWORD --quiet
    printf 'PUT lost\nPUT 401\n' >"$FORGE/faults"
    fails 77 "0 of 1 brought" gitea paper --repo "$REPO" --field IB_PASSWORD
    [ "$(copies)" = "IB_PASSWORD null true" ]
}

@test "one that sends an older version late, and is killed, leaves no newer one noted" {
    begin
    gitea paper --repo "$REPO" --field IB_PASSWORD --quiet
    printf 'PUT 503 3\n' >"$FORGE/faults"
    GITEA_TOKEN=$TOKEN "$IBCRED" provision gitea paper --api-url "$URL/api/v1" --repo "$REPO" \
        --field IB_PASSWORD 2>err 3>&- &
    late=$!
    wait_for err
    seal_as paper paper "$NAME" another-secret
    gitea paper --resume --quiet 3>&- &
    next=$!
    sleep 1
    printf 'PUT lost\nPUT 503 60\n' >"$FORGE/faults"
    sleep 4
    kill -9 "$late"
    wait "$next"
    [ "$(copies)" = "IB_PASSWORD 2 false" ]
    [ "$(kept "gitea/repos/$REPO/actions/secrets/IB_PASSWORD")" = another-secret ]
}

@test "one secret is kept for one profile, however its place is spelled" {
    begin
    seal_as other paper trader88 another-secret
    github paper --repo "$REPO" --field IB_PASSWORD --quiet
    refused 64 "is kept up to date for profile 'paper'" github other --repo "$REPO" \
        --field IB_PASSWORD --dry-run
    refused 64 "is kept up to date for profile 'paper'" github other --repo "${REPO^^}" \
        --field IB_PASSWORD
    [ "$(kept "/repos/$REPO/actions/secrets/IB_PASSWORD")" = "$SECRET" ]
    github other --repo "$REPO" --field IB_PASSWORD=OTHER_PASSWORD --quiet
    github paper --forget --repo "$REPO" --quiet
    github other --repo "$REPO" --field IB_PASSWORD --quiet
    # Nor for two fields.
    github other --repo "${REPO^^}" --field IB_USERNAME=IB_PASSWORD --quiet
    [ "$(copies_of other)" = "IB_PASSWORD IB_USERNAME
OTHER_PASSWORD IB_PASSWORD" ]
}
