#!/usr/bin/env bats
# swarm.bats - inject --to swarm, with a real swarm of one node, services of the gateway stand-in, and
# the broker that they log in to.

load lib.bash
load standin.bash

CALL=$BUILD/tests/tools/docker_call
export IBCRED_HTTP=${IBCRED_HTTP:-$BUILD/ibcred-http}

setup_file() {
    start_docker
    [ -n "${NO_DOCKER:-}" ] || become_manager
}

setup() {
    [ -z "${NO_DOCKER:-}" ] || skip "no Docker daemon can run here"
    OUT=$BATS_TEST_TMPDIR/out
    ERR=$BATS_TEST_TMPDIR/err
    STARTED=()
    export IBCRED_VAULT=$BATS_TEST_TMPDIR/ibcred.vault
    export IBCRED_IDENTITY_FILE=$BATS_TEST_TMPDIR/identity
    export IBCRED_STATE_DIR=$BATS_TEST_TMPDIR/state
    unset IBCRED_POLICY IB_USERNAME IB_PASSWORD TRADING_MODE
    # A mark without a byte that JSON or base64 would hide.
    MARK=$(xxd -p -l 12 /dev/urandom)
    "$IBCRED" init --quiet
    docker node update --label-rm ready "$(docker node ls -q)" >/dev/null 2>&1 || true
    broker_start "$BATS_TEST_TMPDIR/broker"
    gateway_image_with_broker cold_restart_ms=50
}

teardown() {
    local pid
    [ -z "${NO_DOCKER:-}" ] || return 0
    for pid in "${STARTED[@]}"; do
        kill "$pid" 2>/dev/null || true
    done
    docker service ls -q | xargs -r docker service rm >/dev/null
    await no_tasks
    docker secret ls -q | xargs -r docker secret rm >/dev/null
    broker_stop
}

become_manager() {
    docker swarm init --advertise-addr 127.0.0.1 --listen-addr 127.0.0.1 >/dev/null
}

no_tasks() {
    [ -z "$(docker ps -q)" ]
}

# Wait until COMMAND… succeeds, 20 seconds at most.
await() {
    local tries
    for ((tries = 0; tries < 200; tries++)); do
        ! "$@" >/dev/null 2>&1 || return 0
        sleep 0.1
    done
    echo "waited in vain for: $*"
    docker service ps --no-trunc "${2:-gateway}" 2>&1 || true
    return 1
}

# seal PROFILE PASSWORD [KIND] - for the user paperuser1, whom the broker lets in with nothing else.
seal() {
    broker_account paperuser1 "$2"
    IB_USERNAME=paperuser1 IB_PASSWORD=$2 "$IBCRED" seal "$1" --kind "${3:-paper}" --force --from-env --quiet
}

# Use this policy from now on.
policy() {
    printf '%s\n' "$1" >"$BATS_TEST_TMPDIR/policy.yaml"
    export IBCRED_POLICY=$BATS_TEST_TMPDIR/policy.yaml
}

# Make the service $1 with further options of docker-service. Its tasks wait until they are let run.
make_service() {
    local name=$1
    shift
    docker service create --detach --no-resolve-image --name "$name" --network host --replicas 1 \
        --restart-condition any --constraint node.labels.ready==1 "$@" "$GATEWAY_IMAGE" >/dev/null
}

# Until the end of the test.
let_tasks_run() {
    docker node update --label-add ready=1 "$(docker node ls -q)" >/dev/null
}

# inject OPTION… - to the service gateway; stdout to $OUT, stderr to $ERR.
inject() {
    "$IBCRED" inject paper --to swarm --service gateway "$@" >"$OUT" 2>"$ERR" || {
        local status=$?
        cat "$ERR"
        return "$status"
    }
}

# refused CODE WORDS COMMAND… - exits so, and prints nothing but one sentence with WORDS.
refused() {
    local code=$1 words=$2 status=0
    shift 2
    "$@" >"$OUT" 2>"$ERR" </dev/null || status=$?
    if [ "$status" != "$code" ] || [ -s "$OUT" ] || ! grep -qF -- "$words" "$ERR"; then
        echo "expected exit $code and: $words"
        echo "got exit $status, stdout '$(cat "$OUT")', stderr '$(cat "$ERR")'"
        return 1
    fi
}

refused_inject() {
    local code=$1 words=$2
    shift 2
    refused "$code" "$words" "$IBCRED" inject paper --to swarm --service gateway "$@"
}

# Remove the service and its secret; the secret's labels stay in `labels`, as options.
forget_secret() {
    mapfile -t labels < <(docker secret inspect ibcred_paper_v1 |
        jq -r '.[0].Spec.Labels | to_entries[] | "--label", "\(.key)=\(.value)"')
    docker service rm gateway >/dev/null
    docker secret rm ibcred_paper_v1 >/dev/null
}

# What of the service gateway's specification the filter says.
spec() {
    docker service inspect gateway | jq -c ".[0].Spec | $1"
}

index() {
    docker service inspect -f '{{.Version.Index}}' gateway
}

secrets() {
    docker secret ls --format '{{.Name}}' | sort | paste -sd ' '
}

# How many logins were charged, and not taken back.
charged() {
    "$IBCRED" gate paper --json | jq .attempts
}

task() {
    docker ps -q --filter label=com.docker.swarm.service.name=gateway
}

logged_in() {
    docker logs "$(task)" 2>&1 | grep -q 'IBC: Login has completed$'
}

await_login() {
    let_tasks_run
    await logged_in
}

# --- moving ---------------------------------------------------------------------------------------

@test "a service gets the secret with one update, and its task logs in with it" {
    seal paper "a ' \" \$HOME #1\\ $MARK"
    make_service gateway -e TWS_PASSWORD=plain -e KEEP=1 -e TRADING_MODE=live
    inject
    [ "$(cat "$OUT")" = ibcred_paper_v1 ]
    grep -qx 'ibcred_paper_v1: created' "$ERR"
    grep -qx 'service gateway: moved to ibcred_paper_v1, and charged as a login' "$ERR"
    await_login
    [ "$(broker_stats paperuser1 .failures)" = 0 ]
    [ "$(charged)" = 1 ]

    [ "$(spec '.TaskTemplate.ContainerSpec.Env')" = \
        '["KEEP=1","TRADING_MODE=paper","TWS_USERID=paperuser1","TWS_PASSWORD_FILE=/run/secrets/tws_password"]' ]
    [ "$(spec '[.TaskTemplate.RestartPolicy.Condition, .UpdateConfig.Order, .UpdateConfig.FailureAction]')" = \
        '["none","stop-first","pause"]' ]
    [ "$(spec '.TaskTemplate.ContainerSpec.Secrets | map([.SecretName, .File.Name, .File.UID, .File.GID, .File.Mode])')" = \
        '[["ibcred_paper_v1","tws_password","1000","1000",256]]' ]
    docker secret inspect ibcred_paper_v1 | jq -e '.[0].Spec.Labels | length == 4 and
        ."ibcred.profile" == "paper" and ."ibcred.version" == "1" and
        (."ibcred.vault" | test("^[0-9a-f]{8}$"))'
    [ "$(docker secret inspect -f '{{index .Spec.Labels "ibcred.sealed"}}' ibcred_paper_v1)" = \
        "$("$IBCRED" show paper --json | jq -r '.versions[0].sealed')" ]
}

@test "the password is nowhere in what Docker tells of service, secret and task" {
    seal paper "$MARK"
    make_service gateway
    inject
    await_login
    {
        docker service inspect gateway
        docker secret inspect ibcred_paper_v1
        docker inspect "$(task)"
        docker service ps -q gateway | xargs docker inspect --type task
        cat "$ERR"
        "$IBCRED" audit
    } >"$OUT"
    grep -q ibcred_paper_v1 "$OUT"
    not grep -qF -e "$MARK" -e "$(printf %s "$MARK" | base64 -w 0)" "$OUT"
    not grep -qF -e "$(printf %s "$MARK" | sha256sum | cut -c 1-16)" "$OUT"
}

@test "the same version once more creates nothing, updates nothing and charges nothing" {
    seal paper "$MARK"
    make_service gateway
    inject
    await_login
    local before first
    before=$(index)
    first=$(task)
    inject --json
    [ "$(jq -c keys "$OUT")" = \
        '["created","mode","moved","profile","pruned","secret","service","to","version"]' ]
    jq -e '.secret == "ibcred_paper_v1" and .service == "gateway" and .profile == "paper" and
        .version == 1 and .mode == "paper" and .to == "swarm" and .created == false and
        .moved == false and .pruned == []' "$OUT"
    inject
    [ "$(cat "$OUT")" = ibcred_paper_v1 ]
    grep -q 'nothing was released' "$ERR"
    [ "$(index)" = "$before" ]
    [ "$(task)" = "$first" ]
    [ "$(secrets)" = ibcred_paper_v1 ]
    [ "$(charged)" = 1 ]
    [ "$(broker_stats paperuser1 .attempts)" = 1 ]
}

@test "the next version's task reads the new value; older secrets go, used ones and others stay" {
    seal paper "one $MARK"
    printf x | docker secret create --label ibcred.profile=paper --label ibcred.version=1 foreign - >/dev/null
    make_service gateway
    inject
    await_login
    "$IBCRED" report paper success --quiet
    # Another service keeps a secret of version 1 under a name of its own in use.
    docker service create --detach --no-resolve-image --name other --replicas 0 \
        --secret ibcred_paper_v1 "$GATEWAY_IMAGE" >/dev/null
    seal paper "two $MARK"
    inject --json
    jq -e '.secret == "ibcred_paper_v2" and .version == 2 and .created and .moved and .pruned == []' "$OUT"
    grep -qx 'ibcred_paper_v1: kept, because a service uses it' "$ERR"
    [ "$(secrets)" = "foreign ibcred_paper_v1 ibcred_paper_v2" ]
    broker_waits paperuser1 '.attempts == 2 and .failures == 0 and .at_once == 1'
    await_login

    "$IBCRED" report paper success --quiet
    docker service rm other >/dev/null
    seal paper "three $MARK"
    inject --json
    jq -e '.secret == "ibcred_paper_v3" and .pruned == ["ibcred_paper_v1", "ibcred_paper_v2"]' \
        <(jq '.pruned |= sort' "$OUT")
    [ "$(secrets)" = "foreign ibcred_paper_v3" ]
    broker_waits paperuser1 '.attempts == 3 and .failures == 0 and .at_once == 1'
    await_login
}

@test "another mode is another login, with the secret that is there" {
    policy $'modes: {live: true}\nlive_user_in_paper: allow'
    seal paper "$MARK" live
    make_service gateway
    inject --mode live
    local id
    id=$(docker secret inspect -f '{{.ID}}' ibcred_paper_v1)
    "$IBCRED" report paper success --quiet
    inject --mode paper --json
    jq -e '.created == false and .moved == true and .mode == "paper"' "$OUT"
    [ "$(docker secret inspect -f '{{.ID}}' ibcred_paper_v1)" = "$id" ]
    [ "$(spec '.TaskTemplate.ContainerSpec.Env | index("TRADING_MODE=paper") != null')" = true ]
    [ "$("$IBCRED" audit | jq -s '[.[] | select(.event == "release" and .verdict == "allowed")] | length')" = 2 ]
}

@test "a leftover of the same name is not trusted but made anew" {
    seal paper "$MARK"
    make_service gateway
    inject
    "$IBCRED" report paper success --quiet
    forget_secret
    printf wrong | docker secret create "${labels[@]}" ibcred_paper_v1 - >/dev/null
    make_service gateway
    inject
    grep -qx 'ibcred_paper_v1: created' "$ERR"
    await_login
    [ "$(broker_stats paperuser1 .failures)" = 0 ]
}

@test "after a wait for the gate it is the version of then that is moved to" {
    policy 'gate: {second_factor_wait: 10s}'
    seal paper "one $MARK"
    make_service gateway
    inject
    "$IBCRED" report paper 2fa-timeout --quiet
    seal paper "two $MARK"
    "$IBCRED" inject paper --to swarm --service gateway --wait >"$OUT" 2>"$ERR" 3>&- &
    local waiting=$!
    sleep 2
    seal paper "three $MARK"
    wait "$waiting"
    [ "$(cat "$OUT")" = ibcred_paper_v3 ]
    [ "$(secrets)" = ibcred_paper_v3 ]
    await_login
    [ "$(broker_stats paperuser1 .failures)" = 0 ]
}

# --- refusals -------------------------------------------------------------------------------------

@test "a leftover that another service uses is refused, and another name helps" {
    seal paper "$MARK"
    make_service gateway
    inject
    "$IBCRED" report paper success --quiet
    docker service create --detach --no-resolve-image --name other --replicas 0 \
        --secret ibcred_paper_v1 "$GATEWAY_IMAGE" >/dev/null
    docker service rm gateway >/dev/null
    make_service gateway
    local before
    before=$(index)
    refused_inject 73 "another service uses; it cannot be read back"
    [ "$(index)" = "$before" ]
    [ "$("$IBCRED" gate paper --json | jq -r .decision)" = allow ]
    inject --secret-name mine
    [ "$(cat "$OUT")" = mine_v1 ]
    [ "$(secrets)" = "ibcred_paper_v1 mine_v1" ]
}

@test "a name that is taken by somebody else's secret is left alone" {
    seal paper "$MARK"
    local id
    id=$(printf x | docker secret create ibcred_paper_v1 -)
    make_service gateway
    refused_inject 73 "is not of profile 'paper' in this vault"
    # Even where the service has it.
    docker service update --detach --no-resolve-image gateway \
        --secret-add source=ibcred_paper_v1,target=tws_password >/dev/null
    refused_inject 73 "is not of profile 'paper' in this vault"
    [ "$(docker secret inspect -f '{{.ID}}' ibcred_paper_v1)" = "$id" ]
    [ "$(charged)" = 0 ]
}

@test "a profile that was removed and sealed anew is not taken for the same" {
    seal paper "$MARK"
    make_service gateway
    inject
    "$IBCRED" report paper success --quiet
    "$IBCRED" remove paper --yes --quiet
    seal paper "new $MARK"
    refused_inject 73 "removed and sealed anew since"
    inject --secret-name second
    # The one of the removed profile is older.
    grep -qx 'ibcred_paper_v1: removed' "$ERR"
    [ "$(secrets)" = second_v1 ]
}

@test "services on which a login would be several or ambiguous are refused" {
    seal paper "$MARK"
    refused_inject 66 "service gateway: Docker knows no such thing"
    make_service gateway
    docker service scale --detach gateway=2 >/dev/null
    refused_inject 78 "runs 2 tasks"
    docker service rm gateway >/dev/null
    docker service create --detach --no-resolve-image --name gateway --mode global \
        --constraint node.labels.ready==1 "$GATEWAY_IMAGE" >/dev/null
    refused_inject 78 "is not a replicated one"
    docker service rm gateway >/dev/null
    printf x | docker secret create one - >/dev/null
    printf x | docker secret create two - >/dev/null
    make_service gateway --secret source=one,target=tws_password \
        --secret source=two,target=/run/secrets/tws_password
    refused_inject 78 "mounts 2 secrets as /run/secrets/tws_password"
    [ "$(secrets)" = "one two" ]
    [ "$(charged)" = 0 ]
}

@test "a daemon that is away and one that is no manager are told apart" {
    seal paper "$MARK"
    DOCKER_HOST=unix://$BATS_TEST_TMPDIR/nobody refused_inject 69 "$BATS_TEST_TMPDIR/nobody"
    docker swarm leave --force >/dev/null
    refused_inject 77 "this Docker daemon is no swarm manager"
    become_manager
    [ "$(charged)" = 0 ]
}

@test "what the gate refuses creates nothing" {
    seal paper "$MARK"
    make_service gateway
    inject
    "$IBCRED" report paper rejected --quiet
    local before
    before=$(index)
    refused_inject 77 "version 1 is burned"
    seal paper "new $MARK"
    refused_inject 75 "paper"
    [ "$(index)" = "$before" ]
    [ "$(secrets)" = ibcred_paper_v1 ]
}

# --- accidents between secret and service ---------------------------------------------------------

# Let COMMAND $2 happen just before the first request of pattern $1 gets through; where it fails the
# connection is cut instead.
before() {
    PROXY=$DOCKER_DIRECTORY/proxy.$BATS_TEST_NUMBER
    "$ROOT/tests/tools/docker_proxy.py" "$PROXY" "$DOCKER_DIRECTORY/docker.sock" "$1" "$2" \
        >"$OUT.proxy" 2>&1 3>&- &
    STARTED+=($!)
    await grep -q listening "$OUT.proxy"
}

before_the_update() {
    before '^POST /v[0-9.]+/services/gateway/update' "$1"
}

through_proxy() {
    DOCKER_HOST=unix://$PROXY "$@"
}

@test "an update that never came takes secret and charge back" {
    seal paper "$MARK"
    make_service gateway
    local before
    before=$(index)
    before_the_update 'exit 1'
    through_proxy refused_inject 69 "Docker daemon"
    [ "$(secrets)" = "" ]
    [ "$(index)" = "$before" ]
    [ "$(charged)" = 0 ]
    "$IBCRED" audit | jq -se '.[-1] | .event == "release" and .verdict == "failed"'
}

@test "an update whose answer was lost has happened" {
    seal paper "$MARK"
    make_service gateway
    export CALL
    before_the_update '"$CALL" service-update gateway \
        "$(docker secret inspect -f "{{.ID}}" ibcred_paper_v1)" ibcred_paper_v1 tws_password \
        -TWS_PASSWORD TWS_USERID=paperuser1 TRADING_MODE=paper \
        TWS_PASSWORD_FILE=/run/secrets/tws_password; exit 1'
    through_proxy inject
    [ "$(cat "$OUT")" = ibcred_paper_v1 ]
    grep -q 'moved to ibcred_paper_v1' "$ERR"
    [ "$(secrets)" = ibcred_paper_v1 ]
    [ "$(charged)" = 1 ]
}

@test "an update of which nobody can say whether it happened stays charged, and the next run knows" {
    seal paper "$MARK"
    make_service gateway
    before_the_update 'kill -KILL $PPID'
    through_proxy refused_inject 69 "nobody can say whether service gateway was moved"
    [ "$(secrets)" = ibcred_paper_v1 ]
    [ "$(charged)" = 1 ]
    # It was not: the secret is a leftover, and the attempt is in flight.
    refused_inject 75 "paper"
    "$IBCRED" report paper success --quiet
    inject
    grep -qx 'ibcred_paper_v1: created' "$ERR"
}

@test "a service that somebody else changes at the same time is moved all the same" {
    seal paper "$MARK"
    make_service gateway
    before_the_update 'docker -H "$DOCKER_HOST" service update --detach --no-resolve-image --label-add other=1 gateway'
    through_proxy inject
    [ "$(spec '[.Labels.other, .TaskTemplate.ContainerSpec.Secrets[0].SecretName]')" = \
        '["1","ibcred_paper_v1"]' ]
    [ "$(charged)" = 1 ]
}

@test "where another machine was faster nothing more is done, and nothing charged here" {
    seal paper "$MARK"
    make_service gateway
    export IBCRED
    before '^GET /v[0-9.]+/secrets/ibcred_paper_v1' \
        'IBCRED_STATE_DIR=$IBCRED_STATE_DIR.other "$IBCRED" inject paper --to swarm --service gateway'
    through_proxy inject --json
    grep -qx ibcred_paper_v1 "$OUT.proxy"
    jq -e '.secret == "ibcred_paper_v1" and .created == false and .moved == false' "$OUT"
    [ "$(charged)" = 0 ]
    [ "$(secrets)" = ibcred_paper_v1 ]
}

@test "a secret whose making was not answered is taken away where it was made, and not charged" {
    seal paper "$MARK"
    make_service gateway
    inject
    "$IBCRED" report paper success --quiet
    forget_secret
    make_service gateway
    local before
    before=$(index)
    before '^POST /v[0-9.]+/secrets/create' \
        "printf x | docker secret create ${labels[*]} ibcred_paper_v1 - && exit 1"
    through_proxy refused_inject 69 "Docker daemon"
    [ "$(wc -l <"$OUT.proxy")" = 2 ]
    [ "$(secrets)" = "" ]
    [ "$(index)" = "$before" ]
    [ "$("$IBCRED" gate paper --json | jq -r .decision)" = allow ]
    "$IBCRED" audit | jq -se '.[-1].verdict == "failed"'
}

@test "a service that is removed at the last moment takes secret and charge back" {
    seal paper "$MARK"
    make_service gateway
    before_the_update 'docker -H "$DOCKER_HOST" service rm gateway'
    through_proxy refused_inject 66 "service gateway"
    [ "$(secrets)" = "" ]
    [ "$(charged)" = 0 ]
}
