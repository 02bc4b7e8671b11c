#!/usr/bin/env bats
# standin.bats - the gateway stand-in and its broker behave as the image, IBC and IBKR do. Most of it
# needs no container: the program is run by itself, against a broker on loopback.

load lib.bash
load standin.bash

bats_require_minimum_version 1.5.0

setup_file() {
    start_docker
    [ -n "${NO_DOCKER:-}" ] || docker network create gateways >/dev/null
}

setup() {
    SECRET=$BATS_TEST_TMPDIR/secret
    FILES=$BATS_TEST_TMPDIR/standin
    gateways=()
}

teardown() {
    [ ${#gateways[@]} -eq 0 ] || kill -KILL "${gateways[@]}" 2>/dev/null || true
    [ -n "${NO_DOCKER:-}" ] || docker rm -f gateway >/dev/null 2>&1 || true
    [ -z "${BROKER_DIRECTORY:-}" ] || broker_stop
}

gateway_container() {
    echo gateway
}

needs_docker() {
    [ -z "${NO_DOCKER:-}" ] || skip "no Docker daemon can run here"
}

# A broker on loopback that knows the user paperuser1 with passw0rd, treated as the arguments say.
knows_user() {
    broker_start "$BATS_TEST_TMPDIR/broker" loopback
    broker_account paperuser1 passw0rd "$@"
    standin_files "$FILES" cold_restart_ms=50 both_ms=300 relogin_ms=50 throttle_extra_ms=50
}

# Start a gateway that logs to the file $1, with the environment of the other arguments.
start_here() {
    local log=$1
    shift
    touch "$log"
    env -i STANDIN="$FILES" TWS_USERID=paperuser1 TWS_PASSWORD=passw0rd "$@" \
        "$BUILD/standin/ib-gateway" >"$log" 2>&1 </dev/null 3>&- &
    gateways+=($!)
    look_at "$log"
}

# The log that the functions below read.
look_at() {
    LOG=$1
}

gateway() {
    start_here "$BATS_TEST_TMPDIR/log" "$@"
}

# Wait until the log has $2 lines (1) that match $1, 5 seconds at most.
logs() {
    local tries
    for ((tries = 0; tries < 250; tries++)); do
        [ "$(grep -cE -- "$1" "$LOG")" -lt "${2:-1}" ] || return 0
        sleep 0.02
    done
    cat "$LOG"
    return 1
}

# The log without its times.
plain_log() {
    sed -E 's/^[-0-9]{10} [0-9:]{8}:[0-9]{3} //' "$LOG"
}

# The lines $1 (one each line) stand in the log one after the other, nothing between them.
logs_in_a_row() {
    [[ $'\n'$(plain_log)$'\n' == *$'\n'"$1"$'\n'* ]] || {
        plain_log
        return 1
    }
}

still_runs() {
    sleep 0.3
    kill -0 "${gateways[-1]}"
}

# The gateway started last ends, within 10 seconds, with the exit status $1.
ends_with() {
    local status=0 tries
    for ((tries = 0; tries < 500; tries++)); do
        kill -0 "${gateways[-1]}" 2>/dev/null || break
        sleep 0.02
    done
    cat "$LOG"
    not kill -0 "${gateways[-1]}" 2>/dev/null || return 1
    wait "${gateways[-1]}" || status=$?
    [ "$status" -eq "$1" ]
}

@test "a right password logs in, and the account's id tells the mode" {
    knows_user
    gateway
    logs '^[-0-9]{10} [0-9:]{8}:[0-9]{3} IBC: Login has completed$'
    logs 'IBC: Configuration tasks completed$'
    logs_in_a_row 'IBC: Setting password
IBC: Login attempt: 1
IBC: Click button: Paper Log In
IBC: Login has completed
IBC: detected dialog entitled: DU1234567 Trader Workstation Configuration (Simulated Trading); event=Opened
IBC: TWS API socket port is already set to 4002
IBC: Configuration tasks completed'

    broker_account liveuser1 liv3pass account=U7654321
    start_here "$BATS_TEST_TMPDIR/live" TRADING_MODE=live TWS_USERID=liveuser1 TWS_PASSWORD=liv3pass
    logs 'IBC: Click button: Log In$'
    logs 'entitled: U7654321 Trader Workstation Configuration; event=Opened$'
    [ "$(broker_stats liveuser1 '.attempts, .outcomes.accepted, .history[0].mode' | paste -sd ' ')" = "1 1 live" ]
    [ "$(broker_stats paperuser1 '.failures, .at_once' | paste -sd ' ')" = "0 1" ]
}

@test "run.sh's lines stand before IBC's, and SIGTERM ends it within a second with status 143" {
    local start
    knows_user
    gateway
    logs 'Login has completed'
    start=$EPOCHREALTIME
    kill "${gateways[0]}"
    ends_with 143
    [ "$(((${EPOCHREALTIME/./} - ${start/./}) / 1000))" -lt 1000 ]
    logs_in_a_row '.> API_PORT set to: 4002
.> SOCAT_PORT set to: 4004'
    logs '^\.> Starting IBC in paper mode, with params:$'
    logs '^\.> .* Received SIGINT or SIGTERM\. Shutting down IB Gateway\.$'
    logs_in_a_row '.> Stopping IBC.
IBC returned exit status 143
Finding autorestart file
autorestart file not found: full authentication will be required

Gateway finished

.> Done... 143'
}

@test "the current Gateway hangs at a wrong password, after one failure" {
    knows_user
    gateway TWS_PASSWORD=wrong1
    logs 'IBC: detected dialog entitled: Unrecognized Username or Password; event=Opened$'
    still_runs
    [ "$(broker_stats paperuser1 '.attempts, .failures, .outcomes.rejected' | paste -sd ' ')" = "1 1 1" ]
    [ "$(plain_log | tail -n 1)" = "IBC: detected dialog entitled: Unrecognized Username or Password; event=Opened" ]
}

@test "the cold-restart loop alone locks the account, and then the right password is rejected too" {
    knows_user rejection=failed
    gateway TWS_PASSWORD=wrong1
    logs 'IBC: Login attempt: 1$' 11
    logs_in_a_row 'IBC: Login failed
IBC: Cold restart in progress
IBC: Login has not completed: exiting immediately
IBC returned exit status 0
IBC will cold-restart shortly
IBC will restart shortly
sleep 2
Starting Gateway with this command:'
    not grep -q 'Login attempt: 2' "$LOG"
    [ "$(broker_stats paperuser1 .locked)" = true ]
    [ "$(broker_stats paperuser1 '.history[9].outcome, .history[10].outcome' | paste -sd ' ')" = "rejected refused-locked" ]
    kill "${gateways[0]}"

    broker_account paperuser1 passw0rd
    start_here "$BATS_TEST_TMPDIR/right"
    logs 'Unrecognized Username or Password'
    [ "$(broker_stats paperuser1 '.locks, .outcomes.accepted' | paste -sd ' ')" = "1 0" ]
}

@test "a lock ends some time after the last failure, and a retry prolongs it" {
    knows_user rejection=failed lock_ms=1500
    gateway TWS_PASSWORD=wrong1
    broker_waits paperuser1 .locked
    kill "${gateways[0]}"
    sleep 0.8
    start_here "$BATS_TEST_TMPDIR/retry"
    logs 'Login failed'
    kill "${gateways[1]}"
    sleep 0.8
    start_here "$BATS_TEST_TMPDIR/too-early"
    logs 'Login failed'
    kill "${gateways[2]}"
    sleep 1.6
    start_here "$BATS_TEST_TMPDIR/late-enough"
    logs 'Login has completed'
    [ "$(broker_stats paperuser1 .consecutive)" = 0 ]
}

@test "nine failures do not lock, and a success in between starts the count again" {
    knows_user rejection=failed answers="$(printf 'reject,%.0s' {1..9})accept"
    gateway
    logs 'Login has completed'
    kill "${gateways[0]}"
    broker_account paperuser1 passw0rd rejection=failed \
        answers="$(printf 'reject,%.0s' {1..9})accept,$(printf 'reject,%.0s' {1..9})accept"
    start_here "$BATS_TEST_TMPDIR/again"
    logs 'Login has completed'
    [ "$(broker_stats paperuser1 '.failures, .locks' | paste -sd ' ')" = "18 0" ]
}

@test "a paper user is rejected in live mode, and it counts as a failure" {
    knows_user kind=paper
    gateway TRADING_MODE=live
    logs 'Unrecognized Username or Password'
    [ "$(broker_stats paperuser1 .failures)" = 1 ]
}

@test "a login error is told between lines of exclamation marks and leads to a cold restart" {
    knows_user answers=login-error,accept
    gateway
    logs 'Login has completed'
    local bar
    bar=$(grep -m 1 -xE '!{70,}' "$LOG")
    logs_in_a_row "$bar
IBC: Login error message:
Soft token=0 received instead of expected permanent for
zdc1.ibllc.com:4001 (SSL)
$bar
IBC: Cold restart in progress"
    [ "$(broker_stats paperuser1 '.attempts, .failures' | paste -sd ' ')" = "2 0" ]
}

@test "a throttled login stays at its dialog, and says how long in minutes and seconds" {
    local seconds text
    for seconds in "53:53 seconds" "287:4 minutes & 47 seconds" "61:1 minute & 1 second" "120:2 minutes"; do
        text=${seconds#*:} seconds=${seconds%%:*}
        knows_user answers=throttle throttle_s="$seconds"
        start_here "$BATS_TEST_TMPDIR/log.$seconds"
        logs "IBC: Too many failed login attempts\. Please wait $text before attempting to re-login again\.\$"
        still_runs
        [ "$(grep -c 'Login attempt' "$LOG")" = 1 ]
        broker_stop
    done
    unset BROKER_DIRECTORY
}

@test "with relogin a throttled gateway waits as long as it was told, then logs in by itself" {
    knows_user answers=throttle,accept throttle_s=1
    gateway RELOGIN_AFTER_TWOFA_TIMEOUT=yes
    logs 'IBC: Will re-login at .*; login number: 2$'
    logs 'IBC: Login attempt: 2$'
    logs 'Login has completed'
    [ "$(broker_stats paperuser1 '.attempts, .inside_wait, .failures' | paste -sd ' ')" = "2 0 0" ]
    [ "$(broker_stats paperuser1 '.history[1].at - .history[0].at >= 1')" = true ]
}

@test "an attempt inside a printed wait is throttled again, counted, and counts as a failure" {
    knows_user rejection=failed throttle_after=2 throttle_s=3
    gateway TWS_PASSWORD=wrong1
    logs 'Please wait [23] seconds before'
    kill "${gateways[0]}"
    [ "$(broker_stats paperuser1 '.attempts, .failures, .inside_wait' | paste -sd ' ')" = "3 3 0" ]

    start_here "$BATS_TEST_TMPDIR/too-early"
    logs 'Please wait [123] seconds? before'
    [ "$(broker_stats paperuser1 '.attempts, .failures, .inside_wait' | paste -sd ' ')" = "4 4 1" ]
    [ "$(broker_stats paperuser1 '.history[3].inside_wait')" = true ]
}

@test "a login that is dropped silently leaves not one line" {
    knows_user answers=drop,accept
    gateway
    logs 'Click button: Paper Log In'
    still_runs
    [ "$(plain_log | tail -n 1)" = "IBC: Click button: Paper Log In" ]
    [ "$(broker_stats paperuser1 '.failures, .outcomes.dropped' | paste -sd ' ')" = "0 1" ]
}

@test "a second factor that times out counts as a failure; without relogin IBC waits for ever" {
    knows_user answers=second-factor-timeout second_factor_ms=100
    gateway
    logs 'Re-login after second factor authentication timeout not required$'
    logs_in_a_row 'IBC: Second Factor Authentication initiated
IBC: detected dialog entitled: Second Factor Authentication; event=Closed
IBC: Duration since login: 180 seconds
IBC: Re-login after second factor authentication timeout not required'
    still_runs
    [ "$(broker_stats paperuser1 '.attempts, .failures, .outcomes["second-factor-timeout"]' | paste -sd ' ')" = "1 1 1" ]
}

@test "with relogin a second factor is asked for again and again until the account is locked" {
    knows_user answers=second-factor-timeout second_factor_ms=20
    gateway RELOGIN_AFTER_TWOFA_TIMEOUT=yes
    logs 'IBC: Re-login after second factor authentication timeout in 5 second$' 10
    logs 'IBC: Login attempt: 11$'
    broker_waits paperuser1 .locked
}

@test "a second factor that is answered logs in" {
    knows_user answers=second-factor second_factor_ms=50
    gateway
    logs 'Second Factor Authentication initiated'
    logs 'Login has completed'
    [ "$(broker_stats paperuser1 .failures)" = 0 ]
}

@test "an answered second factor without a login ends IBC with 1111, and the image restarts it or not" {
    knows_user answers=second-factor-stuck second_factor_ms=20
    gateway RELOGIN_AFTER_TWOFA_TIMEOUT=yes TWOFA_EXIT_INTERVAL=0
    ends_with 87
    logs_in_a_row 'IBC: Exiting after error with exit code=1111
IBC returned exit status 87
Finding autorestart file
autorestart file not found: full authentication will be required

Gateway finished'
    logs 'IBC: IBC closing because login has not completed after Second Factor Authentication$'

    start_here "$BATS_TEST_TMPDIR/restart" RELOGIN_AFTER_TWOFA_TIMEOUT=yes TWOFA_EXIT_INTERVAL=0 \
        TWOFA_TIMEOUT_ACTION=restart
    logs 'IBC returned exit status 87' 2
    [ "$(grep -c 'Login attempt: 1$' "$LOG")" -ge 2 ]
}

@test "of two gateways with one username the second takes the session, and gives it back" {
    knows_user
    start_here "$BATS_TEST_TMPDIR/first"
    logs 'Login has completed'
    start_here "$BATS_TEST_TMPDIR/second"
    logs 'IBC: detected dialog entitled: Existing session detected; event=Opened$'
    logs '\(scenario 3\)$'
    logs '\(scenario 4\)$'
    ends_with 0
    look_at "$BATS_TEST_TMPDIR/first"
    logs 'IBC: Re-login to session$'
    logs 'Login has completed' 2
    kill -0 "${gateways[0]}"
    [ "$(broker_stats paperuser1 .at_once)" = 2 ]
}

@test "IBC lets the other session be where it is set up to" {
    knows_user
    start_here "$BATS_TEST_TMPDIR/first" EXISTING_SESSION_DETECTED_ACTION=primaryoverride
    logs 'Login has completed'
    start_here "$BATS_TEST_TMPDIR/second" EXISTING_SESSION_DETECTED_ACTION=secondary
    logs '\(scenario 2\)$'
    ends_with 0
    start_here "$BATS_TEST_TMPDIR/third" EXISTING_SESSION_DETECTED_ACTION=manual
    logs '\(scenario 1\)$'
    kill "${gateways[-1]}"
    start_here "$BATS_TEST_TMPDIR/fourth"
    logs 'Login has completed'
    look_at "$BATS_TEST_TMPDIR/first"
    logs '\(scenario 6\)$'
}

@test "a session elsewhere that does not give way ends the gateway; a killed one may linger" {
    knows_user answers=conflict,accept linger_ms=1500
    gateway
    logs '\(scenario 4\)$'
    ends_with 0
    [ "$(broker_stats paperuser1 '.failures, .outcomes.conflict' | paste -sd ' ')" = "0 1" ]

    start_here "$BATS_TEST_TMPDIR/killed"
    logs 'Login has completed'
    pkill -KILL -P "${gateways[-1]}"
    start_here "$BATS_TEST_TMPDIR/meets-it"
    logs '\(scenario 4\)$'
    sleep 1.6
    start_here "$BATS_TEST_TMPDIR/stopped"
    logs 'Login has completed'
    kill "${gateways[-1]}"
    start_here "$BATS_TEST_TMPDIR/meets-none"
    logs 'Login has completed'
    not grep -q 'Existing session' "$LOG"
    kill "${gateways[-1]}"

    broker_account paperuser1 passw0rd answers=crash after_ms=10 linger_ms=1500
    start_here "$BATS_TEST_TMPDIR/crashes"
    ends_with 1
    start_here "$BATS_TEST_TMPDIR/meets-that"
    logs '\(scenario 4\)$'
}

@test "a password that expires is announced before the login completes" {
    knows_user answers=expiry
    gateway
    logs 'Login has completed'
    logs_in_a_row 'IBC: detected frame entitled: Password Notice; event=Opened
IBC: Login has completed'
}

@test "a gateway may crash after its login, or log off, and the container ends" {
    knows_user answers=crash,logoff after_ms=100 exit_status=3
    gateway
    ends_with 3
    logs_in_a_row 'IBC: Configuration tasks completed
IBC returned exit status 3
Finding autorestart file'
    start_here "$BATS_TEST_TMPDIR/logoff"
    ends_with 0
    logs 'Login has completed'
    logs '^Gateway finished$'
}

@test "a daily restart inside the container is a login of its own" {
    knows_user answers=restart,cold-restart,accept after_ms=50
    gateway
    logs 'IBC: Login has completed$' 3
    [ "$(grep -c 'Login attempt: 1$' "$LOG")" = 3 ]
    logs 'IBC: detected dialog entitled: Restart in progress; event=Opened$'
    logs 'authentication will not be required$'
    logs '^IBC will cold-restart shortly$'
    [ "$(broker_stats paperuser1 '.attempts, .at_once' | paste -sd ' ')" = "3 1" ]
}

@test "the broker changes its mind while a gateway runs" {
    knows_user rejection=failed
    gateway TWS_PASSWORD=n3wpass
    logs 'Login failed' 2
    broker_account paperuser1 n3wpass
    logs 'Login has completed'
}

@test "a username that nobody has, and one that is no name, are rejected and counted" {
    knows_user
    gateway TWS_USERID=nobody1
    logs 'Unrecognized Username or Password'
    start_here "$BATS_TEST_TMPDIR/evil" TWS_USERID=../../passwd
    logs 'Unrecognized Username or Password'
    [ "$(broker_stats nobody1 .failures)" = 1 ]
    [ "$(broker_stats '?' .failures)" = 1 ]
}

@test "without the broker there is no connection, and a cold restart" {
    knows_user
    echo "127.0.0.1 1" >"$FILES/broker"
    gateway
    logs 'Connection to server failed' 2
    logs_in_a_row 'IBC: Connection to server failed: the server cannot be reached
IBC: Cold restart in progress'
}

@test "both mode starts live first and paper later, on one log without a tag" {
    knows_user
    broker_account liveuser1 liv3pass kind=live
    printf 'passw0rd\n' >"$SECRET"
    gateway TRADING_MODE=both TWS_USERID=liveuser1 TWS_PASSWORD= TWS_PASSWORD_FILE=<(printf liv3pass) \
        TWS_USERID_PAPER=paperuser1 TWS_PASSWORD_PAPER_FILE="$SECRET"
    logs 'Login has completed' 2
    [ "$(grep -oE '^\.> Starting IBC in (live|paper)' "$LOG" | paste -sd ,)" = \
        ".> Starting IBC in live,.> Starting IBC in paper" ]
    [ "$(grep -c 'Login attempt: 1$' "$LOG")" = 2 ]
    [ "$(broker_stats paperuser1 '.history[0].mode, .at_once' | paste -sd ' ')" = "paper 1" ]
    [ "$(broker_stats liveuser1 '.history[0].mode')" = live ]
    jq -e '.paperuser1.history[0].at - .liveuser1.history[0].at > 0.25' "$BROKER_DIRECTORY/stats.json"
    kill "${gateways[0]}"
    ends_with 143
    logs '^IBC returned exit status 143$' 2
}

@test "both mode ends where plain passwords and files are mixed, when the paper instance is to start" {
    local mixed
    knows_user
    printf 'passw0rd\n' >"$SECRET"
    for mixed in "TWS_PASSWORD_PAPER_FILE=$SECRET" \
        "TWS_PASSWORD= TWS_PASSWORD_FILE=$SECRET TWS_PASSWORD_PAPER=passw0rd"; do
        # shellcheck disable=SC2086 # variables to be split
        gateway TRADING_MODE=both TWS_USERID_PAPER=paperuser1 $mixed
        ends_with 1
        logs '^error: both TWS_PASSWORD and TWS_PASSWORD_FILE are set \(but are exclusive\)$'
        logs 'Login has completed'
        not pgrep -P "${gateways[-1]}"
    done
    [ "$(broker_stats paperuser1 .attempts)" = 2 ]
}

@test "a plain and a file password at once are an error, as is a file that is not there" {
    knows_user
    printf 'passw0rd\n' >"$SECRET"
    gateway TWS_PASSWORD_FILE="$SECRET"
    ends_with 1
    logs '^error: both TWS_PASSWORD and TWS_PASSWORD_FILE are set \(but are exclusive\)$'
    gateway TWS_PASSWORD= TWS_PASSWORD_FILE=/f
    ends_with 1
    logs '^/home/ibgateway/scripts/common\.sh: line [0-9]+: /f: No such file or directory$'
    [ "$(broker_stats paperuser1 .attempts)" = 0 ]
}

@test "a file's newlines at its end are cut, and a carriage return ends a line of Java's properties" {
    knows_user
    printf 'passw0rd\n\n' >"$SECRET"
    gateway TWS_PASSWORD= TWS_PASSWORD_FILE="$SECRET"
    logs 'Login has completed'
    printf 'passw0rd\r\n' >"$SECRET"
    start_here "$BATS_TEST_TMPDIR/cr" TWS_PASSWORD= TWS_PASSWORD_FILE="$SECRET"
    logs 'Login has completed'
}

@test "with an empty password it waits and tries no login" {
    knows_user
    gateway TWS_PASSWORD=
    logs 'IBC: Setting password$'
    still_runs
    not grep -q 'Login attempt' "$LOG"
    [ "$(broker_stats paperuser1 .attempts)" = 0 ]
}

@test "a trading mode that is none ends it" {
    knows_user
    gateway TRADING_MODE=demo
    ends_with 1
    logs '^\.> Invalid TRADING_MODE: demo$'
}

# --- in containers -------------------------------------------------------------------------------

# A broker for containers that knows paperuser1, and an image of the stand-in that uses it.
image_knows_user() {
    needs_docker
    broker_start "$BATS_TEST_TMPDIR/broker"
    broker_account paperuser1 passw0rd "$@"
    gateway_image_with_broker cold_restart_ms=100
}

# Start the stand-in with these options of docker-run.
start_gateway() {
    docker run -d --name gateway -v "$BATS_TEST_TMPDIR:/run/secrets:ro" -e TWS_USERID=paperuser1 \
        "$@" "$GATEWAY_IMAGE"
}

@test "without a broker the image itself says what is accepted" {
    needs_docker
    gateway_expects paperuser1 passw0rd
    start_gateway --network none -e TWS_PASSWORD=wrong1
    gateway_logs 'IBC: detected dialog entitled: Unrecognized Username or Password; event=Opened$'
    docker stop -t 5 gateway
    [ "$(gateway_inspect '{{.State.ExitCode}}')" = 143 ]
    docker rm gateway
    start_gateway --network none -e TWS_PASSWORD=passw0rd
    gateway_logs 'IBC: Login has completed$'
}

@test "containers reach the broker through their bridge, and no image holds the password" {
    image_knows_user
    printf 'passw0rd\n' >"$SECRET"
    chmod 644 "$SECRET"
    start_gateway --network gateways -e TWS_PASSWORD_FILE=/run/secrets/secret
    gateway_logs 'IBC: Login has completed$'
    [ "$(broker_stats paperuser1 '.attempts, .outcomes.accepted' | paste -sd ' ')" = "1 1" ]
    not grep -q passw0rd <(docker save "$GATEWAY_IMAGE")
    not grep -q passw0rd <(docker inspect gateway)

    docker restart -t 5 gateway
    broker_waits paperuser1 '.attempts == 2 and .outcomes.accepted == 2 and .at_once == 1'
}

@test "a file password that may not be read ends the container" {
    image_knows_user
    printf 'passw0rd\n' >"$SECRET"
    chmod 600 "$SECRET"
    start_gateway --network gateways -e TWS_PASSWORD_FILE=/run/secrets/secret
    [ "$(docker wait gateway)" = 1 ]
    gateway_logs ': /run/secrets/secret: Permission denied$'
}

@test "the danger: with restart unless-stopped a wrong password locks the account, and no restart is seen" {
    image_knows_user rejection=failed
    start_gateway --network gateways --restart unless-stopped -e TWS_PASSWORD=wrong1
    broker_waits paperuser1 '.locked and .failures >= 10'
    [ "$(gateway_inspect '{{.RestartCount}}')" = 0 ]
}

@test "Docker starts a gateway again that crashed after its login, and each time it logs in" {
    image_knows_user answers=crash,logoff,accept after_ms=100
    start_gateway --network gateways --restart unless-stopped -e TWS_PASSWORD=passw0rd
    broker_waits paperuser1 '.outcomes.accepted == 3'
    [ "$(gateway_inspect '{{.RestartCount}}')" = 2 ]
}

@test "a container that is killed leaves its session to nobody" {
    image_knows_user
    start_gateway --network gateways -e TWS_PASSWORD=passw0rd
    gateway_logs 'Login has completed'
    docker kill gateway
    docker start gateway
    broker_waits paperuser1 '.outcomes.accepted == 2'
    [ "$(broker_stats paperuser1 .at_once)" = 1 ]
}
