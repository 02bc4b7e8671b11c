#!/usr/bin/env bats
# ibcred ci: in a job of each forge. What a runner makes of it is tests/tools/ci_runner.py's model.
load lib.bash

RUNNER=$BATS_TEST_DIRNAME/../tools/ci_runner.py
DOCS=$BATS_TEST_DIRNAME/../../docs/ci

# What is true of the machine that the tests run on must not count: it may be a job itself.
in_no_job() {
    local variables
    mapfile -t variables < <(compgen -e | grep -E '^(GITHUB|GITLAB|GITEA|FORGEJO|RUNNER|CI)(_|$)')
    unset "${variables[@]}"
    # A runner that somebody else's account has logged in from.
    mkdir -p "$IBCRED_STATE_DIR"
    chmod 700 "$IBCRED_STATE_DIR"
    : >"$IBCRED_STATE_DIR/ledger-of-another.log"
}

# in_github EVENT_NAME [EVENT]
in_github() {
    in_no_job
    printf '%s' "${2:-{\}}" >event.json
    : >github_env
    export CI=true GITHUB_ACTIONS=true GITHUB_REPOSITORY=own/repo GITHUB_EVENT_NAME=$1
    export GITHUB_EVENT_PATH=$SCRATCH/event.json GITHUB_ENV=$SCRATCH/github_env
}

# in_gitlab PIPELINE_SOURCE [SOURCE_PROJECT TARGET_PROJECT]
in_gitlab() {
    in_no_job
    export CI=true GITLAB_CI=true CI_PIPELINE_SOURCE=$1
    [ $# = 1 ] || export CI_MERGE_REQUEST_SOURCE_PROJECT_ID=$2 CI_MERGE_REQUEST_PROJECT_ID=$3
}

# The key itself in a variable, as a forge hands its secrets to jobs.
use_ci_secret() {
    IBCRED_IDENTITY=$(grep AGE-SECRET "$IBCRED_IDENTITY_FILE")
    export IBCRED_IDENTITY
    unset IBCRED_IDENTITY_FILE
}

pull_of() {
    jq -cn --arg repo "$1" '{pull_request: {head: {repo: {full_name: $repo}}}}'
}

# step COMMAND… - as a runner does, with its stdout in a pipe; `log` is what a person may
# read, `raw` and `err` what the runner got.
step() {
    local status=0
    "$@" 2>err | tee raw | "$RUNNER" "${LOG:-github-log}" >log
    status=${PIPESTATUS[0]}
    return "$status"
}

# make_vault_with PASSWORD - with one paper profile.
make_vault_with() {
    "$IBCRED" init --quiet
    seal_as paper paper trader7 "$1"
}

# no_secret_in PASSWORD FILE…
no_secret_in() {
    not grep -qF -e "$1" -e trader7 "${@:2}"
}

@test "outside any job there is nothing to hide from, and that is said" {
    make_vault
    in_no_job
    refused 64 "no CI job" "$IBCRED" ci exec paper -- true
    refused 64 "no CI job" "$IBCRED" ci env paper
    refused 64 "ibcred ci exec" "$IBCRED" ci
    refused 64 "ibcred ci exec" "$IBCRED" ci something
    in_github push
    refused 64 "no command" "$IBCRED" ci exec paper
    refused 64 "no command" "$IBCRED" ci exec paper --
    "$IBCRED" ci --help | grep -q "ibcred ci exec"
    "$IBCRED" ci exec --help | grep -q -- --wait
    [ "$(charges)" = 0 ]
}

@test "GitHub: the masks come before the first output, and hide every value" {
    make_vault
    in_github push
    step "$IBCRED" ci exec paper -- sh -c 'echo "first: $IB_USERNAME/$IB_PASSWORD in $TRADING_MODE"'
    [ "$(head -c 12 raw)" = "::add-mask::" ]
    [ "$(grep -n first raw | cut -d: -f1)" = 3 ]
    [ "$(cat log)" = 'first: ***/*** in paper' ]
    [ ! -s err ]
    [ "$(charges)" = 1 ]
    "$IBCRED" audit | jq -se '.[-1] | .event == "release" and .delivery == "exec"'
}

@test "GitHub: a value with percent signs is masked as the runner unescapes it" {
    make_vault_with 'a%0A%25b%'
    in_github push
    step "$IBCRED" ci exec paper -- sh -c 'echo "[$IB_PASSWORD]"'
    [ "$(cat log)" = '[***]' ]
    [ "$(grep -c '^::add-mask::' raw)" = 2 ]
}

@test "Gitea and Forgejo: the same, for a runner that unescapes nothing" {
    make_vault_with 'a%0A%25b%'
    for runner in GITEA_ACTIONS FORGEJO_ACTIONS; do
        in_github push
        export "$runner=true"
        LOG=gitea-log step "$IBCRED" ci exec paper -- sh -c 'echo "[$IB_PASSWORD]"'
        [ "$(cat log)" = '[***]' ]
        step "$IBCRED" report paper success --quiet
        LOG=github-log step "$IBCRED" ci exec paper -- sh -c 'echo "[$IB_PASSWORD]"'
        [ "$(cat log)" = '[***]' ]
        step "$IBCRED" report paper success --quiet
        unset "$runner"
    done
}

@test "what the gnzsnz image makes of a backslash is masked as well" {
    make_vault_with 'pa5s\word'
    in_github push
    step "$IBCRED" ci exec paper --consumer gnzsnz -- sh -c 'printf "%s\n" "$IB_PASSWORD" "pa5s\\word"'
    [ "$(cat log)" = $'***\n***' ]
}

@test "the command has the values and nothing of ibcred's, and its status is the job's" {
    make_vault
    in_github push
    use_ci_secret
    status=0
    step "$IBCRED" ci exec paper -- sh -c 'env -0 >seen; exit 7' || status=$?
    [ "$status" = 7 ]
    grep -qzxF "IB_PASSWORD=$SECRET" seen
    not grep -qz '^IBCRED_' seen
    not grep -q AGE-SECRET raw err seen
}

@test "a job that a fork asked for is refused before anything is opened" {
    make_vault
    in_github pull_request "$(pull_of else/repo)"
    for name in pull_request pull_request_target pull_request_review; do
        GITHUB_EVENT_NAME=$name refused 77 "a fork, 'else/repo'" "$IBCRED" ci exec paper -- touch ran
        GITHUB_EVENT_NAME=$name refused 77 "a fork, 'else/repo'" "$IBCRED" ci env paper
        GITEA_ACTIONS=true GITHUB_EVENT_NAME=$name \
            refused 77 "a fork, 'else/repo'" "$IBCRED" ci exec paper -- touch ran
    done
    in_github workflow_run '{"workflow_run": {"head_repository": {"full_name": "else/repo"}}}'
    refused 77 "a fork" "$IBCRED" ci exec paper -- touch ran
    in_gitlab merge_request_event 8 7
    refused 77 "a fork" "$IBCRED" ci exec paper -- touch ran
    refused 77 "a fork" "$IBCRED" ci env paper
    # Nor where two forges' variables are there: a mask of the one is plain text to the other.
    in_gitlab push
    GITHUB_ACTIONS=true GITHUB_EVENT_NAME=push \
        refused 77 "are both true" "$IBCRED" ci exec paper -- touch ran
    in_github push '{}'
    GITLAB_CI=true refused 77 "are both true" "$IBCRED" ci env paper
    [ ! -e ran ]
    [ ! -e ibcred.env ]
    [ ! -s github_env ]
    [ "$(charges)" = 0 ]
}

@test "where nobody can say who asked, nothing is released" {
    make_vault
    in_github pull_request '{"pull_request": {"head": {"repo": null}}}'
    refused 77 "nobody can say" "$IBCRED" ci exec paper -- touch ran
    in_github pull_request
    refused 77 "nobody can say" "$IBCRED" ci exec paper -- touch ran
    in_github push 'no JSON'
    refused 65 "no JSON object" "$IBCRED" ci exec paper -- touch ran
    in_github push
    GITHUB_EVENT_PATH=$SCRATCH/none refused 66 "none" "$IBCRED" ci exec paper -- touch ran
    head -c $((8 * 1024 * 1024 + 1)) /dev/zero >event.json
    refused 65 "event.json" "$IBCRED" ci exec paper -- touch ran
    in_gitlab merge_request_event
    refused 77 "nobody can say" "$IBCRED" ci exec paper -- touch ran
    [ ! -e ran ]
    [ "$(charges)" = 0 ]
}

@test "a pull request of the repository's own is served" {
    make_vault
    in_github pull_request "$(pull_of own/repo)"
    step "$IBCRED" ci exec paper -- true
    "$IBCRED" report paper success --quiet
    in_gitlab merge_request_event 7 7
    step "$IBCRED" ci exec paper -- true
    [ "$(charges)" = 2 ]
}

@test "masks that no runner would read are not written" {
    make_vault
    in_github push
    status=0
    "$IBCRED" ci exec paper -- touch ran >file 2>err || status=$?
    [ "$status" = 64 ]
    grep -q "stdout must be the runner's" err
    status=0
    "$IBCRED" ci env paper >/dev/null 2>err || status=$?
    [ "$status" = 64 ]
    [ ! -e ran ]
    [ ! -s file ]
    [ ! -s github_env ]
    [ "$(charges)" = 0 ]
}

@test "where the release is refused, no mask is shown" {
    make_vault
    in_github push
    step "$IBCRED" ci exec paper -- true
    status=0
    step "$IBCRED" ci exec paper -- touch ran || status=$?
    [ "$status" = 75 ]
    [ ! -s raw ]
    [ ! -e ran ]
    status=0
    step "$IBCRED" ci exec paper -- no-such-command || status=$?
    [ ! -s raw ]
}

@test "GitHub: later steps find exactly the sealed values" {
    "$IBCRED" init --quiet
    i=0
    for value in "$SECRET" ' a1 ' 'a=b<<c' "it's \$HOME\`id\`" 'ghadelimiter_' 'ä%0A€'; do
        i=$((i + 1))
        seal_as "p$i" paper "user$i" "$value"
        in_github push
        printf 'BEFORE=1' >github_env
        step "$IBCRED" ci env "p$i" --consumer raw
        [ ! -s log ]
        "$RUNNER" github-env github_env >got
        printf '%s\0' BEFORE=1 "IB_USERNAME=user$i" "IB_PASSWORD=$value" TRADING_MODE=paper \
            IB_GATEWAY_PORT=4004 | cmp - got
        # The next step, as its shell has it.
        mapfile -d '' -t variables <got
        env -i "${variables[@]}" PATH="$PATH" sh -c 'printf %s "$IB_PASSWORD"' >seen
        printf %s "$value" | cmp - seen
        no_secret_in "$value" log err
    done
}

@test "GitHub: another delimiter each time" {
    make_vault
    in_github push
    step "$IBCRED" ci env paper
    "$IBCRED" report paper success --quiet
    step "$IBCRED" ci env paper
    [ "$(grep -c '<<ghadelimiter_' github_env)" = 8 ]
    [ "$(grep -o '<<ghadelimiter_.*' github_env | sort -u | wc -l)" = 2 ]
    [ "$(grep -c '^::add-mask::' raw)" = 2 ]
}

@test "GitHub: without its file, or with an option of GitLab's, nothing is charged" {
    make_vault
    in_github push
    refused_in_step() {
        status=0
        step "$IBCRED" ci env paper "$@" || status=$?
        [ ! -s raw ]
        no_secret_in "$SECRET" err
        [ "$(charges)" = 0 ]
    }
    refused_in_step --output x
    [ "$status" = 64 ]
    GITHUB_ENV='' refused_in_step
    [ "$status" = 66 ]
    GITHUB_ENV=$SCRATCH/none refused_in_step
    [ "$status" = 66 ]
    ln -s github_env link
    GITHUB_ENV=$SCRATCH/link refused_in_step
    [ "$status" = 73 ]
    GITHUB_ENV=$SCRATCH refused_in_step
    [ "$status" = 73 ]
    [ ! -s github_env ]
}

@test "a field that would steer the runner is refused, and nothing is charged" {
    "$IBCRED" init --quiet
    jq -n '{IB_USERNAME: "u", IB_PASSWORD: "p", NODE_OPTIONS: "--require /x"}' |
        "$IBCRED" seal paper --kind paper --stdin --field NODE_OPTIONS --quiet
    policy '{delivery: {fields: [NODE_OPTIONS]}}'
    in_github push
    status=0
    step "$IBCRED" ci env paper || status=$?
    [ "$status" = 78 ]
    grep -q NODE_OPTIONS err
    [ ! -s raw ]
    [ ! -s github_env ]
    [ "$(charges)" = 0 ]
}

@test "GitLab: the dotenv report has exactly the sealed values, for its owner only" {
    local value="pa5s w0rd#!='\\x"
    make_vault_with "$value"
    in_gitlab push
    (umask 0 && step "$IBCRED" ci env paper --consumer raw --output build.env)
    [ ! -s raw ]
    [ "$(stat -c %a build.env)" = 600 ]
    "$RUNNER" gitlab-env build.env >got
    printf '%s\0' IB_USERNAME=trader7 "IB_PASSWORD=$value" TRADING_MODE=paper IB_GATEWAY_PORT=4004 |
        cmp - got
    no_secret_in "$value" err
    grep -q 'provision gitlab' err
    grep -q expire_in err
    "$IBCRED" report paper success --quiet
    status=0
    step "$IBCRED" ci env paper --consumer raw --output build.env || status=$?
    [ "$status" = 73 ]
    [ "$(charges)" = 1 ]
}

@test "GitLab: what it would change is refused, and no file is left" {
    "$IBCRED" init --quiet
    i=0
    for value in 'a$b1' ' a1' 'a1 ' '%PATH%1'; do
        i=$((i + 1))
        seal_as "p$i" paper "user$i" "$value"
        in_gitlab push
        status=0
        step "$IBCRED" ci env "p$i" --consumer raw || status=$?
        [ "$status" = 78 ]
        grep -q "GitLab would change IB_PASSWORD" err
        no_secret_in "$value" err
        [ ! -e ibcred.env ]
    done
    [ "$(charges)" = 0 ]
}

@test "GitLab: exec says that nothing hides the values, and serves" {
    make_vault
    in_gitlab schedule
    step "$IBCRED" ci exec paper -- sh -c 'printf %s "$IB_PASSWORD" >seen'
    [ "$(cat seen)" = "$SECRET" ]
    grep -q 'masked variable' err
    [ ! -s raw ]
}

@test "a job whose state directory remembers nothing is told that its gate knows nothing" {
    make_vault
    in_github push
    rm -r "$IBCRED_STATE_DIR"
    "$IBCRED" verify --accept-older --quiet
    step "$IBCRED" ci exec paper -- true
    grep -q 'remembers no login' err
    "$IBCRED" report paper success --quiet
    step "$IBCRED" ci exec paper -- true
    [ ! -s err ]
}

@test "mode both: the values of both users are masked" {
    make_vault
    seal_as live live liveuser 'l1ve secret'
    policy '{modes: {paper: true, live: true}}'
    in_github push
    step "$IBCRED" ci exec live --mode both -- \
        sh -c 'echo "$IB_USERNAME $IB_PASSWORD $IB_USERNAME_PAPER $IB_PASSWORD_PAPER"'
    [ "$(cat log)" = '*** *** *** ***' ]
}

# as_json FILE - Debian's own interpreter has PyYAML. BaseLoader: `on` is a word, not a truth.
as_json() {
    /usr/bin/python3 -c 'import json, sys, yaml
json.dump(yaml.load(open(sys.argv[1], encoding="utf-8"), yaml.BaseLoader), sys.stdout)' "$1"
}

@test "the example workflows are for no fork and no pull request, with the least that they need" {
    for name in github gitea rotation; do
        as_json "$DOCS/$name.yml" >workflow.json
        jq -e '.on | keys - ["push", "schedule", "workflow_dispatch"] == []' workflow.json
        jq -e '.permissions == {contents: "read"}' workflow.json
        jq -e '[.. | .IBCRED_STATE_DIR? // empty] | length == 1' workflow.json
        # The identity is where ibcred opens the vault, and in no other step.
        jq -e '[.jobs[].steps[] | select(.env.IBCRED_IDENTITY != null)] | length >= 2 and
            all(.env.IBCRED_IDENTITY == "${{ secrets.IBCRED_IDENTITY }}" and
                (.run | test("ibcred (ci|report|rotate|verify)")))' workflow.json
        jq -e '[.jobs[].steps[] | select((.run // "" | test("ibcred (ci|report|rotate|verify)")) and
            .env.IBCRED_IDENTITY == null)] == []' workflow.json
    done
    for name in github gitea; do
        as_json "$DOCS/$name.yml" | jq -e '[.jobs[].steps[].run? // empty] |
            any(contains("\nibcred ci exec paper -- docker compose up -d ib-gateway\n"))'
    done
    for name in github rotation; do
        as_json "$DOCS/$name.yml" |
            jq -e '.concurrency == {group: "ib-paper", "cancel-in-progress": "false"}'
    done
    as_json "$DOCS/gitlab-ci.yml" >workflow.json
    jq -e '.paper.resource_group and .paper.rules[0].when == "never" and
        (.paper.script[1] == "ibcred ci exec paper -- docker compose up -d ib-gateway") and
        ([.paper, .passwords] | all(.rules[-1].if | contains("CI_COMMIT_REF_PROTECTED")))' \
        workflow.json
}

# What the workflows call, beside ibcred itself: a docker and a make that write down what they saw,
# and a probe that finds the gateway logged in.
fake_runner() {
    mkdir -p bin
    printf '#!/bin/sh\necho "$0 $* ${IB_PASSWORD:+with} ${IBCRED_IDENTITY:+identity}" >>"%s/seen"\n' \
        "$SCRATCH" | tee bin/docker >bin/make
    printf '#!/bin/sh\n[ "$1" = probe ] || exec "%s" "$@"\n' "$(realpath "$IBCRED")" >bin/ibcred
    chmod +x bin/*
    export PATH=$SCRATCH/bin:$PATH
}

# run_job SCRIPT… - from a fresh checkout, each as a step with a shell of its own.
run_job() {
    git -C work checkout --quiet --force main
    for script in "$@"; do
        (cd work && step sh -ec "$script") || return 1
    done
}

@test "the jobs of the examples run, again and again from one commit" {
    make_vault
    fake_runner
    use_ci_secret
    git init --quiet --initial-branch main work
    mv "$IBCRED_VAULT" work
    unset IBCRED_VAULT
    git -C work add ibcred.vault
    git -C work -c user.name=t -c user.email=t@example.org commit --quiet -m vault
    for name in github gitea gitlab-ci; do
        as_json "$DOCS/$name.yml" >workflow.json
        if [ "$name" = gitlab-ci ]; then
            in_gitlab push
            mapfile -d '' -t steps < <(jq -j '.paper.script | join("\n") + "\u0000"' workflow.json)
        else
            in_github push
            mapfile -d '' -t steps < <(jq -j '.jobs[].steps[] | select(.run) |
                (if .env.IBCRED_IDENTITY then "" else "unset IBCRED_IDENTITY\n" end) +
                .run + "\u0000"' workflow.json)
        fi
        for _ in 1 2; do
            : >seen
            run_job "${steps[@]}"
            [ "$(grep -c 'docker compose up -d ib-gateway with $' seen)" = 1 ]
            [ "$(grep -c 'bin/make test  *$' seen)" = 1 ]
            not grep -qF "$SECRET" work/log work/err
        done
    done
}

@test "every command of ibcred in the examples is one that it takes" {
    grep -hoE 'ibcred (ci exec|ci env|probe|report|rotate|provision|verify)( [A-Za-z0-9/:._-]+)*' "$DOCS"/* |
        sed 's/ -- .*//' | sort -u >lines
    [ "$(wc -l <lines)" -ge 8 ]
    while read -r _ line; do
        # --help comes last: an option that is not there is seen before it.
        read -ra words <<<"$line"
        "$IBCRED" "${words[@]}" --help >help
        grep -q '^usage: ' help
    done <lines
}
