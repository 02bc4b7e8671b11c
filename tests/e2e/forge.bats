#!/usr/bin/env bats
# forge.bats - secrets at forges: what ibcred asks of GitHub is judged by GitHub's published OpenAPI,
# and what arrives is compared with what was sent.

load lib.bash
load node.bash
# shellcheck source=tests/tools/forge.bash
load ../tools/forge.bash

bats_require_minimum_version 1.5.0

# What no output may have in it. (The password has all that a reader of JSON could stumble over.)
TOKEN=ghp_t0kenOfTheTests1234
VALUE='pa5$s"w\ör%d{1}'

setup_file() {
    PUT=$BUILD/tests/tools/forge_put
    JUDGE=$BUILD/tests/e2e/judge
    NO_JUDGE=$(install_packages "$ROOT/tests/e2e/node/judge" "$JUDGE")
    export PUT JUDGE NO_JUDGE FORGE_TOKEN=$TOKEN IBCRED_HTTP=$BUILD/ibcred-http
    if [ -n "$NO_JUDGE" ] && [ "${CI:-}" = true ]; then
        echo "$NO_JUDGE"
        return 1
    fi
    # The package has all of GitHub's APIs, 70 MB each.
    find "$JUDGE" -path '*/generated/*' ! -name api.github.com.json -type f -delete
    export FORGE=$BATS_FILE_TMPDIR/forge
    forge_start "$FORGE" "$TOKEN"
    make_certificate localhost && make_certificate elsewhere.invalid
    for name in localhost elsewhere.invalid; do
        forge_start "$FORGE.$name" "$TOKEN" --certificate "$BATS_FILE_TMPDIR/$name.pem" \
            --key "$BATS_FILE_TMPDIR/$name.key"
    done
}

teardown_file() {
    forge_stop "$FORGE"
    forge_stop "$FORGE.localhost"
    forge_stop "$FORGE.elsewhere.invalid"
}

# make_certificate NAME - NAME.pem and NAME.key, signed by itself.
make_certificate() {
    openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj "/CN=$1" -addext "subjectAltName=DNS:$1" \
        -keyout "$BATS_FILE_TMPDIR/$1.key" -out "$BATS_FILE_TMPDIR/$1.pem" 2>/dev/null
}

setup() {
    rm -f "$FORGE/log.jsonl" "$FORGE/faults"
    OUT=$BATS_TEST_TMPDIR/out
    HERE=http://127.0.0.1:$(forge_port "$FORGE")
    # A place of its own for each test.
    OWNER=owner$BATS_TEST_NUMBER
    GITHUB=github+$HERE/repos/$OWNER/repo/actions/secrets
    ORGANISATION=github+$HERE/orgs/$OWNER/actions/secrets
    GITEA=gitea+$HERE/api/v1/repos/$OWNER/repo/actions/secrets
    GITLAB=gitlab+$HERE/api/v4/projects/$OWNER%2Fproject/variables
    MASKED='?environment_scope=*&masked=true&protected=false'
}

# put TARGET [OPTION…] - write $VALUE there; what is printed is in $OUT. Neither token nor value is.
put() {
    local target=$1
    shift
    printf '%s %s\n' "$target" "$VALUE" | "$PUT" "$@" >"$OUT" 2>"$OUT.waits"
    local status=$?
    cat "$OUT" "$OUT.waits"
    # As they are, and as JSON has them.
    ! grep -qF -e "$TOKEN" -e "$VALUE" -e 'pa5$s' "$OUT" "$OUT.waits" || return 99
    return "$status"
}

# refused CODE WORDS TARGET [OPTION…] - exits with CODE, and one sentence with these words.
refused() {
    local code=$1 words=$2 status=0
    shift 2
    put "$@" || status=$?
    [ "$status" = "$code" ]
    [ "$(wc -l <"$OUT")" = 1 ]
    grep -qF -- "$words" "$OUT"
}

# requests LIST - that is what the forge was asked, and answered.
requests() {
    [ "$(forge_requests "$FORGE")" = "$1" ] || {
        echo "requests: $(forge_requests "$FORGE")"
        return 1
    }
}

# waits LIST - so many seconds each time.
waits() {
    [ "$(sed -n 's/^wait \([0-9]*\): .*/\1/p' "$OUT.waits" | paste -sd, -)" = "$1" ]
}

kept() {
    [ "$(forge_kept "$FORGE" "$1")" = "$VALUE" ]
}

# --- what is asked of GitHub ---------------------------------------------------------------------

# judged LOG… - by GitHub's OpenAPI; what it says is in $OUT.judged.
judged() {
    NODE_PATH=$JUDGE/node_modules node "$ROOT/tests/e2e/node/judge/judge.js" "$@" >"$OUT.judged" || {
        cat "$OUT.judged"
        return 1
    }
}

# Every kind of place, new and again.
github_places() {
    printf '%s\n' "repos/$OWNER/repo/actions/secrets/IB_PASSWORD" \
        "repos/$OWNER/repo.js/dependabot/secrets/IB_PASSWORD" \
        "repos/$OWNER/repo/environments/live%20%2F%C3%B6/secrets/IB_PASSWORD" \
        "orgs/$OWNER/actions/secrets/IB_PASSWORD" \
        "orgs/$OWNER/actions/secrets/IB_USERNAME?visibility=all" \
        "orgs/$OWNER/dependabot/secrets/IB_PASSWORD?visibility=private"
}

@test "GitHub's OpenAPI has nothing against any request, and nothing against the test server" {
    [ -z "$NO_JUDGE" ] || skip "$NO_JUDGE"
    local place
    for place in $(github_places) $(github_places); do
        echo "github+$HERE/$place#IB_PASSWORD $VALUE"
    done | "$PUT" >"$OUT"
    [ "$(sort "$OUT" | uniq -c | tr -s ' ' | paste -sd, -)" = " 6 created, 6 replaced" ]
    # By now somebody has selected repositories: a page of them, and a little more.
    forge_fails "$FORGE" 'GET/IB_PASSWORD choose IB_PASSWORD selected 51' \
        'GET/IB_PASSWORD choose IB_PASSWORD selected 2'
    for place in actions dependabot; do
        echo "github+$HERE/orgs/$OWNER/$place/secrets/IB_PASSWORD#IB_PASSWORD $VALUE"
    done | "$PUT" >"$OUT"
    judged "$FORGE/log.jsonl"
    # A key a place and run, the secrets, and those of the organisation looked at before.
    grep -qx 'log.jsonl: 32 judged, 0 wrong' "$OUT.judged"
    [ "$(grep -c '^[1-9][0-9]* ' "$OUT.judged")" = 14 ]
    for place in $(github_places); do
        kept "/${place%%\?*}"
    done
    [ "$(forge_kept "$FORGE" "/orgs/$OWNER/actions/secrets/IB_USERNAME" visibility)" = all ]
}

@test "the judge sees what is wrong" {
    [ -z "$NO_JUDGE" ] || skip "$NO_JUDGE"
    local edit count=0
    put "$GITHUB/IB_PASSWORD#IB_PASSWORD"
    while read -r edit; do
        count=$((count + 1))
        jq -c "select(.method == \"PUT\") | $edit" "$FORGE/log.jsonl" >"$OUT.edit$count"
    done <<'EDITS'
.path |= sub("actions"; "action")
.method = "POST"
.headers["x-github-api-version"] = "2021-01-01"
.headers.authorization = "wrong"
.headers.accept = "*/*"
.headers["content-type"] = "text/plain"
.body.key_id = 5
.body.encrypted_value = "not base64!"
del(.body.encrypted_value)
.body.visiblity = "all"
.query.force = "1"
.status = 200
EDITS
    [ "$count" = 12 ]
    run -1 judged "$OUT".edit*
    [ "$(grep -cE ' 1 judged, [1-9][0-9]* wrong$' "$OUT.judged")" = 12 ]
    # And of a list that is asked for by the page.
    forge_fails "$FORGE" 'GET/IB_PASSWORD choose IB_PASSWORD selected 1'
    put "$ORGANISATION/IB_PASSWORD#IB_PASSWORD"
    for edit in '.query.per_page = "101"' '.query.page = "two"' '.query.after = "x"' \
        '.answer.repositories[0].id = "1"'; do
        jq -c "select(.path | endswith(\"/repositories\")) | $edit" "$FORGE/log.jsonl" >"$OUT.list"
        run -1 judged "$OUT.list"
        grep -qx 'out.list: 1 judged, 1 wrong' "$OUT.judged"
    done
}

# --- what arrives --------------------------------------------------------------------------------

# Lines for forge_put, and in $1 what is to be kept of them.
random_values() {
    python3 - "$1" "$HERE" "$OWNER" <<'PYTHON'
import json, random, sys
random.seed(20261122)
expected, root, owner = sys.argv[1:]
pools = ["abcXYZ019", " $\"'\\`%{}#&=:;<>|*?!~^()[]@,.+-/_", "äöüßéñЖ中あ𝄞🔑", "\t\x01\x1b\x7f\u2028\u200f"]
values = ["$IB_USERNAME", "${HOME}$$", "x", "a" * 4096, "🔑" * 1024, '"' * 4096, "\\" * 4096, " edge "]
for _ in range(300):
    chosen = "".join(random.sample(pools, random.randint(1, len(pools))))
    text = "".join(random.choice(chosen) for _ in range(random.choice([1, 2, 3, 9, 40, 300, 2000])))
    values.append(text.encode()[:4096].decode(errors="ignore"))
kept = {}
for number, value in enumerate(values):
    name = "V%d" % number
    for path, target in (
            ("/repos/%s/repo/actions/secrets/%s", "github+%s/repos/%s/repo/actions/secrets/%s#F"),
            ("gitea/repos/%s/repo/actions/secrets/%s", "gitea+%s/api/v1/repos/%s/repo/actions/secrets/%s#F"),
            ("gitlab/projects/%s%%2Fp/variables/%s *", "gitlab+%s/api/v4/projects/%s%%2Fp/variables/%s"
             "?environment_scope=*&masked=false&protected=false#F")):
        print(target % (root, owner, name), value)
        kept[path % (owner, name)] = value
with open(expected, "w", encoding="utf-8") as file:
    json.dump(kept, file)
PYTHON
}

@test "hundreds of values of every sort arrive as they are, at all three" {
    random_values "$OUT.expected" >"$OUT.lines"
    "$PUT" <"$OUT.lines" >"$OUT"
    [ "$(sort "$OUT" | uniq -c | tr -s ' ')" = " 924 created" ]
    jq -en --arg owner "/$OWNER" --slurpfile expected "$OUT.expected" '
        [inputs | select(.path | contains("\($owner)/") or contains("\($owner)%2F")) | {(.path): .value}]
        | add == $expected[0]' "$FORGE/kept.jsonl"
    # One key for the one place of GitHub's, of which each value is sealed anew.
    [ "$(jq -s '[.[] | select(.method == "GET" and .forge == "github")] | length' "$FORGE/log.jsonl")" = 1 ]
    jq -es '[.[].complaints] | add | length == 0' "$FORGE/log.jsonl"
}

@test "a secret is made, then replaced, by its name in upper case at GitHub and Gitea" {
    put "$GITHUB/IB_PASSWORD#ib_password" && [ "$(cat "$OUT")" = created ]
    put "$GITHUB/IB_PASSWORD#ib_password" && [ "$(cat "$OUT")" = replaced ]
    put "$GITEA/IB_PASSWORD#ib_password" && [ "$(cat "$OUT")" = created ]
    put "$GITEA/IB_PASSWORD#ib_password" && [ "$(cat "$OUT")" = replaced ]
    refused 65 'no target of a forge' "$GITHUB/ib_password#ib_password"
    requests 'GET 200,PUT 201,GET 200,PUT 204,PUT 201,PUT 204'
    kept "/repos/$OWNER/repo/actions/secrets/IB_PASSWORD"
    kept "gitea/repos/$OWNER/repo/actions/secrets/IB_PASSWORD"
}

@test "GitLab's variables are raw, and masked and protected as they are wanted" {
    put "$GITLAB/IB_PASSWORD$MASKED#F" && [ "$(cat "$OUT")" = created ]
    put "$GITLAB/IB_PASSWORD$MASKED#F" && [ "$(cat "$OUT")" = replaced ]
    put "$GITLAB/IB_PASSWORD?environment_scope=live/*&masked=false&protected=true#F" && [ "$(cat "$OUT")" = created ]
    put "gitlab+$HERE/api/v4/groups/$OWNER%2Fsub/variables/IB_PASSWORD$MASKED#F" && [ "$(cat "$OUT")" = created ]
    requests 'GET 404,POST 201,GET 200,PUT 200,GET 404,POST 201,GET 404,POST 201'
    local path=gitlab/projects/$OWNER%2Fproject/variables/IB_PASSWORD field
    for field in masked raw; do
        [ "$(forge_kept "$FORGE" "$path *" $field)" = true ]
    done
    for field in protected raw; do
        [ "$(forge_kept "$FORGE" "$path live/*" $field)" = true ]
    done
    [ "$(forge_kept "$FORGE" "$path *" protected)" = false ]
    # What somebody has protected there stays so.
    put "$GITLAB/IB_PASSWORD?environment_scope=live/*&masked=false&protected=false#F"
    [ "$(forge_kept "$FORGE" "$path live/*" protected)" = true ]
    [ "$(forge_kept "$FORGE" "$path live/*" masked)" = false ]
    [ "$(forge_kept "$FORGE" "$path *" variable_type)" = env_var ]
    kept "$path *"
    kept "gitlab/groups/$OWNER%2Fsub/variables/IB_PASSWORD *"
}

@test "what GitLab cannot mask is not sent" {
    local target="$GITLAB/IB_PASSWORD$MASKED#F"
    VALUE='sh0rt$x' refused 78 'has fewer than 8 characters' "$target"
    VALUE='with $pace in it' refused 78 'has white space in it' "$target"
    [ ! -e "$FORGE/log.jsonl" ]
    VALUE='ööööööö1' put "$target"
    VALUE='with $pace in it' put "${target/masked=true/masked=false}"
}

@test "a GitLab that does not know scopes loses no variable of another one" {
    local group=gitlab+$HERE/api/v4/groups/old/variables/V$BATS_TEST_NUMBER
    local kept_at=gitlab/groups/old/variables/V$BATS_TEST_NUMBER
    VALUE=first-value put "$group$MASKED#F"
    put "$group?environment_scope=live&masked=true&protected=false#F"
    [ "$(forge_kept "$FORGE" "$kept_at *")" = first-value ]
    kept "$kept_at live"
    # Now it cannot tell the two.
    refused 77 'cannot tell them by their environment scope' "$group$MASKED#F"

    group=${group/old/free} kept_at=${kept_at/old/free}
    VALUE=first-value put "$group$MASKED#F"
    refused 77 'with another environment scope' "$group?environment_scope=live&masked=true&protected=false#F"
    [ "$(forge_kept "$FORGE" "$kept_at *")" = first-value ]
    refused 77 'keeps it with another scope' "${group}B?environment_scope=live&masked=true&protected=false#F"
}

# --- who may read an organisation's secret -------------------------------------------------------

# visible WHO [PATH] - the secret has what was sent, and may be read by these.
visible() {
    local at=${2:-/orgs/$OWNER/actions/secrets/X}
    kept "$at"
    [ "$(forge_kept "$FORGE" "$at" visibility)" = "$1" ]
}

# selected_still COUNT [PATH] - as visible, and by as many repositories, the same as before.
selected_still() {
    local at=${2:-/orgs/$OWNER/actions/secrets/X}
    visible selected "$at"
    jq -es --arg path "$at" --argjson count "$1" \
        '[.[] | select(.path == $path) | .repositories | sort][-2:] |
        (.[0] | length) == $count and .[0] == .[1]' "$FORGE/kept.jsonl"
}

# kept_back CODE WORDS LINE… - with these lines of forge_server.py's faults it is refused, nothing is sent.
kept_back() {
    local code=$1 words=$2
    shift 2
    rm -f "$FORGE/log.jsonl"
    forge_fails "$FORGE" "$@"
    refused "$code" "$words" "$ORGANISATION/X#F"
    [ ! -s "$FORGE/faults" ]
    [ "$(jq -s '[.[] | select(.method == "PUT")] | length' "$FORGE/log.jsonl")" = 0 ]
}

@test "repositories that are selected to read a secret stay so, none, one or pages of them" {
    local place count
    for place in actions dependabot; do
        for count in 0 1 50 125; do
            rm -f "$FORGE/log.jsonl"
            forge_fails "$FORGE" "GET choose X selected $count"
            put "github+$HERE/orgs/$OWNER/$place/secrets/X#F" && [ "$(cat "$OUT")" = replaced ]
            selected_still "$count" "/orgs/$OWNER/$place/secrets/X"
            # Key, secret, each page, and then the secret.
            [ "$(wc -l <"$FORGE/log.jsonl")" = $((3 + (count > 50 ? (count + 49) / 50 : 1))) ]
        done
    done
}

@test "as many repositories as ibcred names again stay selected" {
    forge_fails "$FORGE" 'GET choose X selected 5000'
    put "$ORGANISATION/X#F"
    selected_still 5000
    [ "$(wc -l <"$FORGE/log.jsonl")" = 103 ]
}

@test "all stays all, private private, and a new secret is for private repositories" {
    put "$ORGANISATION/X#F" && [ "$(cat "$OUT")" = created ]
    visible private
    put "$ORGANISATION/X#F" && [ "$(cat "$OUT")" = replaced ]
    visible private
    requests 'GET 200,GET 404,PUT 201,GET 200,GET 200,PUT 204'
    forge_fails "$FORGE" 'GET choose X all'
    put "$ORGANISATION/X#F"
    visible all
    put "$ORGANISATION/NEW?visibility=all#F" && [ "$(cat "$OUT")" = created ]
    visible all "/orgs/$OWNER/actions/secrets/NEW"
}

@test "a target's visibility narrows, and widens only where that is asked for now" {
    forge_fails "$FORGE" 'GET choose X selected 3'
    put "$ORGANISATION/X?visibility=private#F" && [ "$(cat "$OUT")" = replaced ]
    selected_still 3
    put "$ORGANISATION/X?visibility=all#F" && [ "$(cat "$OUT")" = replaced ]
    selected_still 3
    put "$ORGANISATION/X#F" --widen && [ "$(cat "$OUT")" = replaced ]
    selected_still 3
    put "$ORGANISATION/X?visibility=private#F" --widen && [ "$(cat "$OUT")" = 'replaced, widened' ]
    visible private
    put "$ORGANISATION/X?visibility=private#F" --widen && [ "$(cat "$OUT")" = replaced ]
    put "$ORGANISATION/X?visibility=all#F" && [ "$(cat "$OUT")" = replaced ]
    visible private
    put "$ORGANISATION/X?visibility=all#F" --widen && [ "$(cat "$OUT")" = 'replaced, widened' ]
    visible all
    put "$ORGANISATION/X?visibility=private#F" && [ "$(cat "$OUT")" = replaced ]
    visible private
}

@test "a list of repositories that is not the whole one is not believed, and nothing is sent" {
    local foreign='no answer of GitHub' changes='changes while it is read' secret
    local chosen='GET/public-key choose X selected 2' page='GET/repositories json {"total_count":'
    kept_back 77 'GitHub counts 3 and lists 2' \
        "$chosen" "$page"'3,"repositories":[{"id":1},{"id":2}]}' "$page"'3,"repositories":[]}'
    kept_back 77 'GitHub counts 1 and lists 0' \
        "$chosen" "$page"'1,"repositories":[]}'
    kept_back 77 '5001 repositories are selected to read it, and ibcred names at most 5000' \
        'GET/public-key choose X selected 5001'
    requests 'GET 200,GET 200,GET 200'
    kept_back 69 "$changes" "$chosen" "$page"'2,"repositories":[{"id":1}]}' \
        "$page"'1,"repositories":[]}'
    kept_back 69 "$changes" "$chosen" "$page"'2,"repositories":[{"id":1}]}' \
        "$page"'2,"repositories":[{"id":1}]}'
    kept_back 69 "$changes" 'GET/public-key choose X selected 125' \
        'GET/repositories choose X selected 125' 'GET/repositories choose X selected 124'
    kept_back 69 "$foreign" "$chosen" "$page"'1,"repositories":[{"id":1},{"id":2}]}'
    for secret in '"1"' 1.0 0 -1 9007199254740992 99999999999999999999 null '[]'; do
        kept_back 69 "$foreign" "$chosen" "$page"'1,"repositories":[{"id":'"$secret"'}]}'
    done
    for secret in '"1"' -1 null 1.5; do
        kept_back 69 "$foreign" "$chosen" "$page$secret"',"repositories":[]}'
    done
    for secret in '{"total_count":0}' '[]' '{"total_count":1,"repositories":{"id":1}}' \
        '{"total_count":1,"repositories":[1]}'; do
        kept_back 69 "$foreign" "$chosen" "GET/repositories json $secret"
    done
    kept_back 69 "$foreign" "$chosen" 'GET/repositories html'
    kept_back 69 "$foreign" "$chosen" 'GET/repositories large'
    kept_back 77 'finds no such place' 'GET/public-key choose X selected 2' 'GET/repositories delete X'
    for secret in '{"name":"Y","visibility":"all"}' '{"name":"X"}' '{"name":"X","visibility":"some"}' \
        '{"visibility":"all"}' '[]' '{"name":"X","visibility":5}'; do
        kept_back 69 "$foreign" "GET/X json $secret"
    done
    kept_back 69 "$foreign" 'GET/X html'
    kept_back 77 'the token may not write there' 'GET/X 403'
    kept_back 77 'the token may not write there' "$chosen" 'GET/repositories 403'
}

@test "a list without an end, or that hides a repository from the token, is not believed" {
    ORGANISATION=${ORGANISATION/$OWNER/endless} \
        kept_back 69 'changes while it is read' 'GET choose X selected 1'
    ORGANISATION=${ORGANISATION/$OWNER/blind} \
        kept_back 77 'with a token that may see them all' 'GET choose X selected 60'
}

@test "in the middle of a list a forge is waited for, and the list is whole" {
    forge_fails "$FORGE" 'GET/public-key choose X selected 125' 'GET/repositories 503' \
        'GET/repositories choose X selected 125' 'GET/repositories 429 7' 'GET/repositories limit 3' \
        'GET/repositories cut' 'PUT 500'
    put "$ORGANISATION/X#F" --patience 100
    selected_still 125
    requests 'GET 200,GET 200,GET 503,GET 200,GET 429,GET 403,GET null,GET 200,GET 200,PUT 500,PUT 204'
    forge_fails "$FORGE" 'GET/repositories choose X selected 125' 'GET/repositories 429 70'
    rm -f "$FORGE/log.jsonl"
    refused 69 'longer than --patience' "$ORGANISATION/X#F" --patience 60
    requests 'GET 200,GET 200,GET 200,GET 429'
}

@test "what is removed or changed between look and write is open to no more than was seen" {
    forge_fails "$FORGE" 'GET choose X selected 51' 'PUT delete X'
    put "$ORGANISATION/X#F" && [ "$(cat "$OUT")" = created ]
    selected_still 51
    forge_fails "$FORGE" 'PUT rotate'
    rm -f "$FORGE/log.jsonl"
    put "$ORGANISATION/X#F"
    requests 'GET 200,GET 200,GET 200,GET 200,PUT 422,GET 200,PUT 204'
    selected_still 51
}

# in_heap PID TEXT - is it in the process's plain heap? Fails where it is not.
in_heap() {
    python3 - "$@" <<'PYTHON'
import sys
pid, text = sys.argv[1:]
with open("/proc/%s/maps" % pid) as maps, open("/proc/%s/mem" % pid, "rb") as memory:
    start, end = (int(at, 16) for at in next(
        line for line in maps if line.endswith("[heap]\n")).split()[0].split("-"))
    memory.seek(start)
    sys.exit(text.encode() not in memory.read(end - start))
PYTHON
}

@test "neither token nor value is in plain memory while they are sent" {
    [ "$(id -u)" = 0 ] || skip "only root looks into a process that forbids it"
    if grep -q __asan_init "$PUT"; then
        skip "a sanitizer has a heap of its own"
    fi
    local pid
    forge_fails "$FORGE" 'POST hang'
    printf '%s %s\n' "$GITHUB/X#F" "$VALUE" "$GITEA/X#F" "$VALUE" "$GITLAB/X$MASKED#F" "$VALUE" >"$OUT.lines"
    "$PUT" <"$OUT.lines" >"$OUT" 3>&- &
    pid=$!
    for _ in $(seq 200); do
        [ ! -e "$FORGE/faults" ] || [ -s "$FORGE/faults" ] || break
        sleep 0.05
    done
    [ ! -s "$FORGE/faults" ]
    # The place that GitHub's key is remembered for shows that what is there is found.
    in_heap "$pid" "/repos/$OWNER/repo/actions/secrets"
    run -1 in_heap "$pid" "$TOKEN"
    run -1 in_heap "$pid" 'pa5$s'
    kill "$pid"
    wait "$pid" || true
}

# --- what is refused -----------------------------------------------------------------------------

@test "a bad token, no such place and missing rights are told apart, in a sentence each" {
    FORGE_TOKEN=wrong refused 77 'GitHub does not know the token' "$GITHUB/X#F"
    FORGE_TOKEN=wrong refused 77 'a CI_JOB_TOKEN, which may not write' "$GITLAB/X$MASKED#F"
    FORGE_TOKEN=wrong refused 77 'Gitea does not know the token' "$GITEA/X#F"
    refused 77 "see that it is spelled right and the token has write access to the repository's 'Secrets'" \
        "${GITHUB/$OWNER/missing}/X#F"
    refused 77 "write access to 'Organization dependabot secrets'" \
        "github+$HERE/orgs/missing/dependabot/secrets/X?visibility=all#F"
    refused 77 "write access to the repository's 'Environments'" \
        "github+$HERE/repos/missing/r/environments/e/secrets/X#F"
    refused 77 'the role Maintainer of the project' "${GITLAB/$OWNER/missing}/X$MASKED#F"
    refused 77 'the scope write:repository' "${GITEA/$OWNER/missing}/X#F"
    refused 77 'may not write there; it needs write access' "${GITHUB/$OWNER/readonly}/X#F"
    refused 77 'may not write there; it needs the scope' "${GITLAB/$OWNER/readonly}/X$MASKED#F"
    refused 77 'may not write there; it needs the scope' "${GITEA/$OWNER/readonly}/X#F"
    waits ''
}

@test "what a forge says of itself is understood, and never repeated" {
    forge_fails "$FORGE" '* message 403 Resource protected by organization SAML enforcement.'
    refused 77 'authorised for single sign-on' "$GITHUB/X#F"
    forge_fails "$FORGE" '* message 403 Repository was archived so is read-only.'
    refused 77 'the repository is archived' "$GITHUB/X#F"
    forge_fails "$FORGE" 'PUT message 409 Conflict'
    refused 77 'for somebody else' "$GITHUB/X#F"
    forge_fails "$FORGE" 'PUT message 422 Validation failed'
    refused 77 'does not take the secret as it is' "$GITHUB/X#F"
    forge_fails "$FORGE" 'POST message 400 {"key":["Maximum number of project variables (8000) exceeded"]}'
    refused 77 'as many variables there as it allows' "$GITLAB/X$MASKED#F"
    forge_fails "$FORGE" 'POST message 400 {:value=>["is invalid"]}'
    refused 77 'the value cannot be masked there' "$GITLAB/X$MASKED#F"
    forge_fails "$FORGE" '* message 403 insufficient_scope'
    refused 77 "lacks the scope 'api'" "$GITLAB/X$MASKED#F"
    forge_fails "$FORGE" '* 418'
    refused 77 'without a reason that ibcred knows' "$GITEA/X#F"
    for code in 400 401 403 404 409 422; do
        forge_fails "$FORGE" "* echo $code" "* echo $code"
        refused 77 "(HTTP $code)" "$GITEA/X#F"
        forge_fails "$FORGE" "POST echo $code"
        refused 77 "(HTTP $code)" "$GITLAB/X$MASKED#F"
        forge_fails "$FORGE" "PUT echo $code"
        refused 77 "(HTTP $code)" "$GITHUB/X#F"
    done
}

@test "what has moved is not followed" {
    for code in 301 302 307 308; do
        rm -f "$FORGE/log.jsonl"
        forge_fails "$FORGE" "* redirect $code"
        refused 77 'it has moved' "$GITHUB/X#F"
        requests "GET $code"
    done
}

@test "what is no answer of a forge is said to be none" {
    forge_fails "$FORGE" 'GET html'
    refused 69 'no answer of GitHub' "$GITHUB/X#F"
    forge_fails "$FORGE" 'PUT html'
    refused 69 'no answer of GitHub' "$GITHUB/X#F"
    forge_fails "$FORGE" 'GET html'
    refused 69 'no answer of GitLab' "$GITLAB/X$MASKED#F"
    forge_fails "$FORGE" 'POST html 201'
    refused 69 'no answer of GitLab' "$GITLAB/X$MASKED#F"
    forge_fails "$FORGE" 'PUT html'
    refused 69 'no answer of Gitea' "$GITEA/X#F"
    forge_fails "$FORGE" 'GET large'
    refused 69 'no answer of GitHub' "$GITHUB/X#F"
    forge_fails "$FORGE" 'GET json {"key_id":"1","key":"AAAA"}'
    refused 69 'is not 32 bytes in base64' "$GITHUB/X#F"
    forge_fails "$FORGE" 'GET json {"key_id":"1","key":"!!!!AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA="}'
    refused 69 'is not 32 bytes in base64' "$GITHUB/X#F"
    forge_fails "$FORGE" 'GET json {"key":"3q2+796tvu/erb7v3q2+796tvu/erb7v3q2+796tvu8="}'
    refused 69 'with a key_id' "$GITHUB/X#F"
    # A point of small order: whatever is sealed to it, anybody can open.
    forge_fails "$FORGE" 'GET json {"key_id":"1","key":"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA="}'
    refused 69 'nothing can be sealed' "$GITHUB/X#F"
    waits ''
}

# --- what passes ---------------------------------------------------------------------------------

@test "a forge that is asked too often is asked again when it says" {
    forge_fails "$FORGE" 'PUT 429 7' 'PUT 503 @40' 'PUT 500' 'PUT 502'
    put "$GITEA/X#F" --patience 100
    requests 'PUT 429,PUT 503,PUT 500,PUT 502,PUT 201'
    # The date is of the second in which it was written.
    waits 7,40,4,8 || waits 7,39,4,8
    rm -f "$FORGE/log.jsonl"
    forge_fails "$FORGE" 'GET limit 30' 'PUT secondary' 'PUT message 403 no' 'PUT 403 9'
    refused 77 'may not write there' "$GITHUB/X#F" --patience 200
    requests 'GET 403,GET 200,PUT 403,PUT 403'
    waits 31,60 || waits 30,60 || waits 29,60
    put "$GITHUB/X#F" --patience 200
    waits 9
    kept "/repos/$OWNER/repo/actions/secrets/X"
}

@test "patience is of the caller, over all tries" {
    forge_fails "$FORGE" 'PUT 429 11'
    refused 69 'asked again in 11 s' "$GITEA/X#F" --patience 10
    waits ''
    forge_fails "$FORGE" 'PUT 503' 'PUT 503' 'PUT 503' 'PUT 503'
    refused 69 'is in trouble (HTTP 503); it was to be asked again in 8 s' "$GITEA/X#F" --patience 14
    waits 1,2,4
    forge_fails "$FORGE" 'PUT 429 99999999999999999999'
    refused 69 'it was to be asked again in 1 s' "$GITEA/X#F"
    forge_fails "$FORGE" 'GET limit 3600'
    refused 69 'GitHub is asked too often and wants a pause (HTTP 403)' "$GITHUB/X#F" --patience 600
    [ ! -s "$FORGE/faults" ]
}

@test "an answer that is lost is asked for again, and what was made is found" {
    forge_fails "$FORGE" 'GET cut' 'PUT lost'
    put "$GITHUB/X#F" --patience 10
    requests 'GET null,GET 200,PUT null,PUT 204'
    kept "/repos/$OWNER/repo/actions/secrets/X"
    rm -f "$FORGE/log.jsonl"
    forge_fails "$FORGE" 'POST lost'
    put "$GITLAB/X$MASKED#F" --patience 10
    requests 'GET 404,POST null,POST 400,GET 200,PUT 200'
    kept "gitlab/projects/$OWNER%2Fproject/variables/X *"
    forge_fails "$FORGE" 'PUT cut' 'PUT cut' 'PUT cut' 'PUT cut'
    refused 69 'gives no answer' "$GITEA/X#F" --patience 100
    waits 1,2
}

@test "GitHub may have another key by the time that the value comes" {
    forge_fails "$FORGE" 'PUT rotate'
    put "$GITHUB/X#F"
    requests 'GET 200,PUT 422,GET 200,PUT 201'
    kept "/repos/$OWNER/repo/actions/secrets/X"
    rm -f "$FORGE/log.jsonl"
    # The first line fetches the key that the second one finds to be an old one, the third has the new.
    forge_fails "$FORGE" 'PUT 500' 'PUT rotate'
    for name in A B C; do
        echo "$GITHUB/$name#F $VALUE"
    done | "$PUT" --patience 9 2>/dev/null | paste -sd, - | grep -qx created,created,created
    requests 'GET 200,PUT 500,PUT 422,GET 200,PUT 201,PUT 201,PUT 201'
    rm -f "$FORGE/log.jsonl"
    forge_fails "$FORGE" 'PUT rotate' 'PUT rotate'
    refused 77 'does not take the secret as it is' "$GITHUB/X#F"
    requests 'GET 200,PUT 422,GET 200,PUT 422'
}

# --- the network ---------------------------------------------------------------------------------

@test "a forge that hangs is given up" {
    forge_fails "$FORGE" 'GET hang' 'GET hang' 'GET hang'
    refused 69 'see that it is up and no firewall' "$GITHUB/X#F" --timeout 500 --patience 10
    waits 1,2
}

@test "where nobody listens it is said" {
    refused 69 'see that URL and network are right' 'gitea+http://127.0.0.1:1/api/v1/repos/o/r/actions/secrets/X#F'
}

@test "TLS is checked, and not tried again where it is refused" {
    local at=github+https://localhost secret=repos/o/r/actions/secrets/X#F good name
    good=$at:$(forge_port "$FORGE.localhost")/$secret
    put "$good" --ca "$BATS_FILE_TMPDIR/localhost.pem"
    [ "$(forge_kept "$FORGE.localhost" /repos/o/r/actions/secrets/X)" = "$VALUE" ]
    refused 69 'see that the certificate' "$good" --patience 10
    waits ''
    refused 69 'see that the certificate' "$good" --ca "$BATS_FILE_TMPDIR/elsewhere.invalid.pem" --patience 10
    name=$at:$(forge_port "$FORGE.elsewhere.invalid")/$secret
    refused 69 'see that the certificate' "$name" --ca "$BATS_FILE_TMPDIR/elsewhere.invalid.pem" --patience 10
    waits ''
    [ ! -e "$FORGE.elsewhere.invalid/log.jsonl" ]
}

@test "a proxy gets to see no token that goes to this host in the clear" {
    http_proxy=http://127.0.0.1:1 put "$GITHUB/X#F"
    https_proxy=http://127.0.0.1:1 refused 69 'gives no answer' 'github+https://h.invalid/repos/o/r/actions/secrets/X#F'
}

@test "what a token must not go to is no target" {
    for target in "github+http://example.com/repos/o/r/actions/secrets/X#F" \
        "github+https://user@example.com/repos/o/r/actions/secrets/X#F" \
        "github+$HERE/repos/../r/actions/secrets/X#F" "$HERE/repos/o/r/actions/secrets/X#F"; do
        refused 65 'no target of a forge' "$target"
    done
    FORGE_TOKEN='two words' refused 64 'the token must be one word' "$GITHUB/X#F"
    FORGE_TOKEN=$'line\r' refused 64 'the token must be one word' "$GITHUB/X#F"
    FORGE_TOKEN='' refused 64 'the token must be one word' "$GITHUB/X#F"
    [ ! -e "$FORGE/log.jsonl" ]
}
