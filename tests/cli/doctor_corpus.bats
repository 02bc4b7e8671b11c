#!/usr/bin/env bats
# The corpus of tests/vectors/doctor: each set-up has exactly the findings that it says, and no
# output of the doctor shows a password of it.
load lib.bash

CORPUS=$BATS_TEST_DIRNAME/../vectors/doctor

# lay_out CASE - into ./CASE, with what its `#:` lines ask for; leaves the arguments in ARGS.
lay_out() {
    local setting words list
    cp -r "$CORPUS/$1" .
    chmod -R u+w "$1"
    find "$1" -type f -exec chmod 644 {} +
    cd "$1" || return 1
    ARGS=(--files-only --policy "$SCRATCH/policy.yaml")
    printf '{}\n' >"$SCRATCH/policy.yaml"
    while read -r _ setting words; do
        case $setting in
            env-file) mv "$words" .env ;;
            git-tracked)
                git init -q . && git add -f -- "$words"
                ;;
            mode) chmod "${words##* }" "${words% *}" ;;
            args) read -ra list <<<"$words" && ARGS+=("${list[@]}") ;;
            policy) cp "$words" "$SCRATCH/policy.yaml" ;;
            *) echo "unknown setting $setting" && return 1 ;;
        esac
    done < <(grep '^#:' expected)
}

# What is expected and what is found, each as sorted "rule file:line" lines; without a difference.
same_findings() {
    "$IBCRED" doctor "${ARGS[@]}" --json >found.json || [ $? = 1 ]
    jq -r '.findings[] | "\(.rule) \(.file):\(.line)"' found.json | LC_ALL=C sort >found
    grep -v '^#' expected | LC_ALL=C sort | diff - found
}

# Every way to ask, with no password in the answer.
silent_about_passwords() {
    "$IBCRED" doctor "${ARGS[@]}" >human 2>&1 || [ $? = 1 ]
    "$IBCRED" doctor "${ARGS[@]}" --sarif >sarif || [ $? = 1 ]
    "$IBCRED" doctor "${ARGS[@]}" --fix --yes >mended 2>&1 || [ $? = 1 ]
    if grep -n 'not-a-real' found.json human sarif mended; then
        return 1
    fi
}

@test "every set-up of the corpus has exactly the findings that are expected of it" {
    local wrong=0 total=0
    for case in "$CORPUS"/*/; do
        case=$(basename "$case")
        total=$((total + 1))
        lay_out "$case"
        same_findings >difference || { echo "$case:" && cat difference && wrong=$((wrong + 1)); }
        cd "$SCRATCH"
    done
    echo "$total set-ups, $wrong with other findings"
    [ "$total" -ge 40 ] && [ "$wrong" = 0 ]
}

@test "no answer shows a password of the corpus" {
    local wrong=0
    for case in "$CORPUS"/*/; do
        case=$(basename "$case")
        lay_out "$case"
        same_findings >/dev/null || true
        silent_about_passwords || { echo "in $case" && wrong=$((wrong + 1)); }
        cd "$SCRATCH"
    done
    [ "$wrong" = 0 ]
}

# What a program mends is not found again; all else is, and nothing new.
mended_well() {
    jq -r '.findings[] | select(.fixable | not) | .rule' found.json | sort >left
    "$IBCRED" doctor "${ARGS[@]}" --fix --yes >mended 2>&1 || [ $? = 1 ]
    "$IBCRED" doctor "${ARGS[@]}" --json >again.json || [ $? = 1 ]
    jq -r '.findings[].rule' again.json | sort | diff left - || return 1
}

@test "--fix mends what it says it can, and nothing else" {
    local wrong=0
    for case in "$CORPUS"/*/; do
        case=$(basename "$case")
        lay_out "$case"
        same_findings >/dev/null || true
        mended_well || { echo "in $case" && wrong=$((wrong + 1)); }
        cd "$SCRATCH"
    done
    [ "$wrong" = 0 ]
}
