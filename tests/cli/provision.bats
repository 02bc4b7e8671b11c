#!/usr/bin/env bats
# ibcred provision: fields to a forge, every place, and where the token comes from.
load forge.bash

@test "two fields go to GitHub, arrive byte for byte, and are noted" {
    begin
    github paper --repo "$REPO" >out 2>err
    [ ! -s out ]
    grep -qx "created IB_USERNAME at github+$URL/repos/$REPO/actions/secrets/IB_USERNAME#IB_USERNAME" err
    [ "$(wc -l <err)" = 2 ]
    [ "$(kept "/repos/$REPO/actions/secrets/IB_USERNAME")" = "$NAME" ]
    [ "$(kept "/repos/$REPO/actions/secrets/IB_PASSWORD")" = "$SECRET" ]
    [ "$(copies)" = "IB_PASSWORD 1 false
IB_USERNAME 1 false" ]
    [ "$("$IBCRED" audit | jq -c 'select(.event == "provision") | [.profile, .version, .verdict, .why]' |
        tail -1)" = "[\"paper\",1,\"done\",\"github+$URL/repos/$REPO/actions/secrets/IB_PASSWORD#IB_PASSWORD\"]" ]
    "$IBCRED" audit verify --quiet
    nothing_leaked
}

@test "done again it is sent again, and the vault stays as it is" {
    begin
    github paper --repo "$REPO" --quiet
    before=$(sha256sum "$IBCRED_VAULT")
    github paper --repo "$REPO" --json >out 2>err
    [ "$before" = "$(sha256sum "$IBCRED_VAULT")" ]
    [ "$(requests '.method == "PUT"')" = 4 ]
    grep -q "^updated IB_PASSWORD at github+" err
    jq -e --arg url "$URL/repos/$REPO" '. == {forge: "github", profile: "paper", done: 2, behind: 0,
        secrets: [{name: "IB_USERNAME", field: "IB_USERNAME", result: "updated", message: null,
                   target: "github+\($url)/actions/secrets/IB_USERNAME#IB_USERNAME"},
                  {name: "IB_PASSWORD", field: "IB_PASSWORD", result: "updated", message: null,
                   target: "github+\($url)/actions/secrets/IB_PASSWORD#IB_PASSWORD"}]}' out
}

@test "every place of GitHub" {
    begin
    github paper --repo "$REPO" --env "prod eu" --field IB_PASSWORD --quiet
    [ "$(kept "/repos/$REPO/environments/prod%20eu/secrets/IB_PASSWORD")" = "$SECRET" ]
    github paper --repo "$REPO" --dependabot --field IB_PASSWORD=PASS --quiet
    [ "$(kept "/repos/$REPO/dependabot/secrets/PASS")" = "$SECRET" ]
    github paper --org "$OWNER" --field IB_PASSWORD --quiet
    [ "$(kept "/orgs/$OWNER/actions/secrets/IB_PASSWORD" visibility)" = private ]
    github paper --org "$OWNER" --visibility all --field IB_PASSWORD 2>err
    [ "$(kept "/orgs/$OWNER/actions/secrets/IB_PASSWORD" visibility)" = all ]
    grep -qF "IB_PASSWORD: fewer repositories could read it until now; --visibility all has opened it" err
    github paper --org "$OWNER" --dependabot --field IB_PASSWORD=PASS --quiet
    [ "$(kept "/orgs/$OWNER/dependabot/secrets/PASS")" = "$SECRET" ]
    # The organisation's secret is one, however it is shown: the later wish counts.
    [ "$("$IBCRED" show --json | jq '[.copies[].target | select(contains("/orgs/"))] | length')" = 2 ]
    "$IBCRED" show | grep -q "^copy .*visibility=all#IB_PASSWORD: version 1, 20"
}

# chosen WHO [COUNT] - somebody at GitHub says who may read the organisation's IB_PASSWORD.
chosen() {
    printf 'GET choose IB_PASSWORD %s\n' "$*" >"$FORGE/faults"
}

# readers - by whom it may be read, and by how many selected repositories.
readers() {
    kept "/orgs/$OWNER/actions/secrets/IB_PASSWORD" |
        grep -qxF -- "${1:-$SECRET}" || return 1
    printf '%s %s\n' "$(kept "/orgs/$OWNER/actions/secrets/IB_PASSWORD" visibility)" \
        "$(kept "/orgs/$OWNER/actions/secrets/IB_PASSWORD" repositories | jq length)"
}

@test "an organisation's secret is open to whom it was, through every rotation" {
    begin
    github paper --org "$OWNER" --field IB_PASSWORD --quiet
    [ "$(readers)" = "private 0" ]
    "$IBCRED" show | grep -q "^copy .*/orgs/$OWNER/actions/secrets/IB_PASSWORD#IB_PASSWORD: version 1, 20"
    chosen selected 125
    github paper --org "$OWNER" --field IB_PASSWORD --quiet
    [ "$(readers)" = "selected 125" ]
    before=$(tail -1 "$FORGE/kept.jsonl" | jq -c .repositories)
    seal_as paper paper "$NAME" another-secret
    "$IBCRED" rotate paper --resume --token-file token --quiet
    [ "$(readers another-secret)" = "selected 125" ]
    [ "$(tail -1 "$FORGE/kept.jsonl" | jq -c .repositories)" = "$before" ]
    seal_as paper paper "$NAME" "$SECRET"
    chosen all
    "$IBCRED" provision github --resume --token-file token --quiet
    [ "$(readers)" = "all 0" ]
    nothing_leaked
}

@test "--visibility opens a secret where it is said, and never at a rotation" {
    begin
    chosen selected 2
    github paper --org "$OWNER" --field IB_PASSWORD --visibility all --json >out 2>err
    grep -q "^ibcred: warning: .*fewer repositories could read it until now" err
    jq -e '[.secrets[].result] == ["updated"]' out
    [ "$(readers)" = "all 0" ]
    seal_as paper paper "$NAME" another-secret
    chosen selected 2
    "$IBCRED" rotate paper --resume --token-file token 2>err
    [ "$(readers another-secret)" = "selected 2" ]
    not grep -q "fewer repositories" err
    # The same secret without a wish: one copy, and as it is.
    github paper --org "$OWNER" --field IB_PASSWORD 2>err
    [ "$(readers another-secret)" = "selected 2" ]
    [ "$("$IBCRED" show --json | jq -r '.copies[].target')" = \
        "github+$URL/orgs/$OWNER/actions/secrets/IB_PASSWORD#IB_PASSWORD" ]
    not grep -q "fewer repositories" err
    chosen selected 2
    github --ci-identity --org "$OWNER" --secret-name IB_PASSWORD --visibility private 2>err
    grep -q "fewer repositories could read it until now; --visibility private has opened it" err
}

@test "a list of repositories that cannot be believed leaves secret, vault and CI as they were" {
    begin
    github paper --org "$OWNER" --field IB_PASSWORD --quiet
    chosen selected 2
    github paper --org "$OWNER" --field IB_PASSWORD --quiet
    before=$(sha256sum "$IBCRED_VAULT")
    printf 'GET/repositories json {"total_count":2,"repositories":[{"id":1}]}\n%s\n' \
        'GET/repositories json {"total_count":2,"repositories":[]}' >"$FORGE/faults"
    rm "$FORGE/log.jsonl"
    fails 77 "with a token that may see them all" github paper --org "$OWNER" --field IB_PASSWORD
    [ "$(requests '.method == "PUT"')" = 0 ]
    [ "$before" = "$(sha256sum "$IBCRED_VAULT")" ]
    [ "$(readers)" = "selected 2" ]
    rm "$FORGE/log.jsonl"
    github paper --org "$OWNER" --field IB_PASSWORD --dry-run --quiet
    [ "$(requests true)" = 0 ]
}

@test "every place of GitLab, masked unless that is not wanted" {
    begin
    gitlab paper --project "$OWNER/sub/p" --quiet
    place="gitlab/projects/$OWNER%2Fsub%2Fp/variables"
    [ "$(kept "$place/IB_PASSWORD *")" = "$SECRET" ]
    [ "$(kept "$place/IB_PASSWORD *" masked)$(kept "$place/IB_PASSWORD *" protected)" = truefalse ]
    gitlab paper --repo "$OWNER/sub/p" --env 'review/*' --protected --unmasked --quiet
    [ "$(kept "$place/IB_PASSWORD review/*" masked)" = false ]
    [ "$(kept "$place/IB_PASSWORD review/*" protected)" = true ]
    gitlab paper --project "4711$BATS_TEST_NUMBER" --field IB_USERNAME --quiet
    [ "$(kept "gitlab/projects/4711$BATS_TEST_NUMBER/variables/IB_USERNAME *")" = "$NAME" ]
    gitlab paper --group "$OWNER" --field IB_USERNAME --quiet
    [ "$(kept "gitlab/groups/$OWNER/variables/IB_USERNAME *")" = "$NAME" ]
    # Two scopes are two variables.
    [ "$(copies | grep -c '^IB_PASSWORD 1 false$')" = 2 ]
    nothing_leaked
}

@test "every place of Gitea, which forgejo means too" {
    begin
    gitea paper --repo "$REPO" --quiet
    [ "$(kept "gitea/repos/$REPO/actions/secrets/IB_PASSWORD")" = "$SECRET" ]
    "$IBCRED" provision forgejo paper --token-file token --api-url "$URL/api/v1" --org "$OWNER" --quiet
    [ "$(kept "gitea/orgs/$OWNER/actions/secrets/IB_PASSWORD")" = "$SECRET" ]
    nothing_leaked
}

@test "a value that GitLab cannot mask is 78, before anything is asked or written" {
    begin
    seal_as short paper shorty 'has a blank in it'
    before=$(sha256sum "$IBCRED_VAULT")
    refused 78 "mask" gitlab short --project "$REPO"
    refused 78 "mask" gitlab short --project "$REPO" --field IB_PASSWORD --dry-run
    [ "$(requests true)" = 0 ]
    [ "$before" = "$(sha256sum "$IBCRED_VAULT")" ]
    not grep -q "has a blank" err
    gitlab short --project "$REPO" --unmasked --quiet
}

@test "--dry-run names secrets and targets, without a token, the network or a write" {
    begin
    before=$(sha256sum "$IBCRED_VAULT")
    "$IBCRED" provision github paper --repo "$REPO" --dry-run --json >out 2>err
    grep -qx "planned IB_PASSWORD at github+https://api.github.com/repos/$REPO/actions/secrets/IB_PASSWORD#IB_PASSWORD" err
    jq -e '[.secrets[].result] == ["planned", "planned"] and .done == 0' out
    "$IBCRED" provision gitea --ci-identity --repo "$REPO" --api-url https://git.example/api/v1 --dry-run 2>err
    [ "$(cat err)" = "planned IBCRED_IDENTITY at gitea+https://git.example/api/v1/repos/$REPO/actions/secrets/IBCRED_IDENTITY#IBCRED_IDENTITY" ]
    [ "$before" = "$(sha256sum "$IBCRED_VAULT")" ]
}

@test "what cannot be is refused in one sentence, and writes nothing" {
    begin
    before=$(sha256sum "$IBCRED_VAULT")
    refused 64 "name the forge" "$IBCRED" provision
    refused 64 "name the forge" "$IBCRED" provision bitbucket paper
    refused 64 "one operand too many" github paper other --repo "$REPO"
    refused 64 "--repo OWNER/REPO or --org NAME" github paper
    refused 64 "--project PATH or --group NAME" gitlab paper
    refused 64 "--repo and --org" github paper --repo "$REPO" --org o
    refused 64 "exclude one another" github paper --resume --forget
    refused 64 "leave --field out" github --ci-identity --repo "$REPO" --field IB_PASSWORD
    refused 64 "--expires goes with" github paper --repo "$REPO" --expires 90d
    refused 64 "--secret-name goes with" github paper --repo "$REPO" --secret-name X
    refused 64 "--patience is 'long'" github paper --repo "$REPO" --patience long
    refused 64 "--field takes" github paper --repo "$REPO" --field =X
    refused 64 "--field takes" github paper --repo "$REPO" --field IB_PASSWORD=
    refused 64 "is for ibcred alone" github paper --repo "$REPO" --field IBCRED_GITHUB_TOKEN
    refused 64 "no name that GitHub takes" github paper --repo "$REPO" --field IB_PASSWORD=GITHUB_X
    refused 64 "cannot both" github paper --repo "$REPO" --field IB_USERNAME=X --field IB_PASSWORD=x
    refused 64 "repositories are selected at GitHub" github paper --org o --visibility selected
    refused 64 "Dependabot" gitlab paper --project "$REPO" --dependabot
    refused 64 "http://" "$IBCRED" provision gitea paper --repo "$REPO" --token-file token \
        --api-url http://git.example/api/v1
    refused 66 "no field 'MONGO'" github paper --repo "$REPO" --field MONGO
    refused 66 "none" github none --repo "$REPO"
    refused 66 "nothing-here" "$IBCRED" provision github paper --repo "$REPO" --token-file nothing-here
    refused 77 "GITHUB_TOKEN" "$IBCRED" provision github paper --repo "$REPO" --api-url "$URL"
    [ "$(requests true)" = 0 ]
    [ "$before" = "$(sha256sum "$IBCRED_VAULT")" ]
}

@test "a token's file is trusted as an identity is, and holds one word" {
    begin
    chmod 660 token
    refused 77 "token" github paper --repo "$REPO"
    chmod 600 token
    printf '' >token
    refused 65 "is empty" github paper --repo "$REPO"
    printf '%s\nanother line\n' "$TOKEN" >token
    refused 64 "one word" github paper --repo "$REPO"
    printf '%s' "$TOKEN" >token
    github paper --repo "$REPO" --quiet
}

# with VARIABLE FORGE ROOT - the token comes from that variable.
with() {
    env "$1=$TOKEN" "$IBCRED" provision "$2" paper --api-url "$URL$3" --repo "$REPO" --quiet
}

@test "the token comes from the forge's own variables, and of no other forge" {
    begin
    with GITHUB_TOKEN github ""
    with GH_TOKEN github ""
    with GITLAB_TOKEN gitlab /api/v4
    with GITEA_TOKEN gitea /api/v1
    with FORGEJO_TOKEN forgejo /api/v1
    refused 77 "no token for gitlab" with GITHUB_TOKEN gitlab /api/v4
    refused 77 "no token for github" with GITEA_TOKEN github ""
    # The file comes first.
    GITHUB_TOKEN=wrong github paper --repo "$REPO" --quiet
    nothing_leaked
}

@test "the token comes from the profile, which gives it to nobody else" {
    begin
    jq -n --arg u "$NAME" --arg p "$SECRET" --arg t "$TOKEN" '{IB_USERNAME: $u, IB_PASSWORD: $p,
        IBCRED_GITHUB_TOKEN: $t, IBCRED_GITLAB_TOKEN: $t, IBCRED_GITEA_TOKEN: $t}' |
        "$IBCRED" seal paper --stdin --quiet --field IBCRED_GITHUB_TOKEN \
            --field IBCRED_GITLAB_TOKEN --field IBCRED_GITEA_TOKEN
    "$IBCRED" provision github paper --repo "$REPO" --api-url "$URL" --quiet
    "$IBCRED" provision gitlab paper --repo "$REPO" --api-url "$URL/api/v4" --quiet
    "$IBCRED" provision gitea paper --repo "$REPO" --api-url "$URL/api/v1" --quiet
    "$IBCRED" provision gitea paper --ci-identity --repo "$REPO" --api-url "$URL/api/v1" --quiet
    [ "$(copies | sort | uniq -c | tr -s ' ')" = " 3 IB_PASSWORD 2 false
 3 IB_USERNAME 2 false" ]
    not grep -q "$TOKEN" "$FORGE/kept.jsonl"
    nothing_leaked
}

@test "in a job of the forge its variables say where to" {
    begin
    env GITHUB_ACTIONS=true GITHUB_REPOSITORY="$REPO" GITHUB_TOKEN="$TOKEN" \
        "$IBCRED" provision github paper --api-url "$URL" --quiet
    [ "$(kept "/repos/$REPO/actions/secrets/IB_PASSWORD")" = "$SECRET" ]
    env GITHUB_ACTIONS=true GITEA_ACTIONS=true GITHUB_REPOSITORY="$REPO" GITEA_TOKEN="$TOKEN" \
        "$IBCRED" provision gitea paper --api-url "$URL/api/v1" --quiet
    [ "$(kept "gitea/repos/$REPO/actions/secrets/IB_PASSWORD")" = "$SECRET" ]
    env GITLAB_CI=true CI_PROJECT_PATH="$REPO" GITLAB_TOKEN="$TOKEN" \
        "$IBCRED" provision gitlab paper --api-url "$URL/api/v4" --quiet
    [ "$(kept "gitlab/projects/${REPO/\//%2F}/variables/IB_PASSWORD *")" = "$SECRET" ]
    # Never at which server: whoever starts a pipeline may set that, and would get the token.
    refused 64 "--api-url" env GITHUB_ACTIONS=true GITEA_ACTIONS=true GITHUB_REPOSITORY="$REPO" \
        GITHUB_API_URL="$URL/api/v1" GITEA_TOKEN="$TOKEN" "$IBCRED" provision gitea paper
    env GITLAB_CI=true CI_PROJECT_PATH="$REPO" CI_API_V4_URL="$URL/api/v4" \
        "$IBCRED" provision gitlab paper --dry-run --json --quiet >answer
    [ "$(jq -r '.secrets[0].target' answer | cut -d/ -f3)" = gitlab.com ]
    # Another forge's job says nothing.
    refused 64 "say where to" env GITHUB_ACTIONS=true GITEA_ACTIONS=true GITHUB_REPOSITORY="$REPO" \
        "$IBCRED" provision github paper --token-file token
}

@test "stdout that is gone is an error, though the work is done" {
    begin
    status=0
    github paper --repo "$REPO" --json >/dev/full 2>err || status=$?
    [ "$status" = 74 ]
    [ "$(copies | grep -c '1 false')" = 2 ]
}
