/*
 * main.c - stands in for the gnzsnz ib-gateway image: takes the same environment, logs what the
 * image's run.sh and IBC would log, and behaves as they do, for better or worse.
 *
 * No real gateway can log in where tests run. What answers a login is the broker of
 * /standin/broker (broker_main.c; its protocol is in wire.h), shared by all containers of a test;
 * without one, the files /standin/username and /standin/password, compared byte for byte with what
 * the container was given; without those it accepts anything. settings.h has all files there are.
 *
 * Modelled, after gnzsnz/ib-gateway-docker at b2c0259 and IBC 3.24.1:
 *   - run.sh: X and X_FILE with their errors, the modes paper, live and both (live first), the
 *     lines around the start of IBC, SIGTERM, the exit status
 *   - ibcstart.sh: a cold restart inside the container without a cap, an automatic restart, the
 *     second factor's exit status (RELOGIN_AFTER_TWOFA_TIMEOUT, TWOFA_TIMEOUT_ACTION and
 *     TWOFA_EXIT_INTERVAL count as in the image)
 *   - IBC: its lines for each answer, a count of attempts that starts again in each JVM, the wait
 *     after too many attempts, the six scenarios of another session but the fifth
 *   - what becomes of a value on its way to IBC, unless the setting `properties` is 0:
 *     config.ini, Java's properties, trim (config_ini.c, properties.c)
 *   - socat, which lets anybody in from the container's start on (forwarder.c)
 *   - the API from the login to the end of the session (api.c, api_client.c): the handshake of
 *     server version 176 at most, the accounts and the next order's number, three notices, a client
 *     id given once, 32 clients, nobody heard but 127.0.0.1; and what the settings make of it
 *
 * Not modelled: what the API is for (it answers the time, the accounts, the next order's number and
 * that there are no positions; all else it ignores), versions below 100, an API that stays open
 * while its session is elsewhere, VNC and SSH, an automatic restart that needs no login, IBC's own
 * settings beyond those named. From the image it differs in that it heeds SIGTERM at
 * once, also while the paper instance is still to come. How the current Gateway tells of a wrong
 * password is known from reports only, and the server's side is a guess throughout.
 */
#include "config_ini.h"
#include "credentials.h"
#include "forwarder.h"
#include "ibcstart.h"
#include "log.h"
#include "process.h"
#include "settings.h"
#include "wait.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

/* IBC's start scripts that run, and what forwards to their APIs: live, paper, or both. */
static struct {
    pid_t processes[2];
    pid_t forwarders[2];
    size_t count;
} started;

/* The exit status of a shell that ends by SIGTERM, which is what run.sh does. */
enum { EXIT_TERMINATED = 128 + SIGTERM };

static void end_forwarders(void) {
    for (size_t i = 0; i < 2; i++) {
        end_helper(started.forwarders[i]);
        started.forwarders[i] = 0;
    }
}

static void end_them_all(int signal_number) {
    end_forwarders();
    for (size_t i = 0; i < started.count; i++) {
        kill(started.processes[i], signal_number);
    }
    while (wait(NULL) > 0) {
    }
}

/* What happens to the rest of a container whose first process ends. */
static _Noreturn void fail(void) {
    end_them_all(SIGKILL);
    exit(EXIT_FAILURE);
}

static _Noreturn void stop(void) {
    say(".> \U0001F618 Received SIGINT or SIGTERM. Shutting down IB Gateway.");
    say(".> Stopping Xvfb.");
    say(".> Stopping socat.");
    say(".> Stopping IBC.");
    end_them_all(SIGTERM);
    say(".> Done... %d", EXIT_TERMINATED);
    exit(EXIT_TERMINATED);
}

static void set_ports(const char *mode) {
    if (strcmp(mode, "paper") != 0 && strcmp(mode, "live") != 0) {
        say(".> Invalid TRADING_MODE: %s", mode);
        fail();
    }
    say(".> API_PORT set to: %s", strcmp(mode, "paper") == 0 ? "4002" : "4001");
    say(".> SOCAT_PORT set to: %s", strcmp(mode, "paper") == 0 ? "4004" : "4003");
}

static void pass_through_config_ini(struct login *login) {
    static char file[PROPERTIES_MAX];
    size_t size = config_ini_write(&login->username, &login->password, file);

    config_ini_read(file, size, &login->username, &login->password);
}

static void apply_settings(struct login *login) {
    say(".> Appling settings to IBC's config.ini");
    text_from_environment("TWS_USERID", &login->username);
    if (!text_from_secret("TWS_PASSWORD", &login->password)) {
        fail();
    }
    if (setting("properties", 1) != 0) {
        pass_through_config_ini(login);
    }
    say(".> Settings directory NOT set, defaulting to: /home/ibgateway/Jts");
}

static void start_ibc(const struct login *login) {
    pid_t process;

    say(".> Starting IBC in %s mode, with params:", login->mode);
    say(".>\t\tVersion: 10.30.1t");
    say(".>\t\tprogram: gateway");
    say(".>\t\tibc-init: /home/ibgateway/ibc/config.ini");
    say(".>\t\ton2fatimeout: %s", environment("TWOFA_TIMEOUT_ACTION"));
    process = fork();
    if (process < 0) {
        perror("fork");
        fail();
    }
    if (process == 0) {
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        exit(ibcstart(login));
    }
    started.processes[started.count++] = process;
}

static void start_process(const char *mode) {
    static struct login login;

    login.mode = mode;
    set_ports(mode);
    apply_settings(&login);
    say(".> Starting Port Forwarding.");
    say(".> Starting socat");
    started.forwarders[started.count] = forwarder_start(mode);
    start_ibc(&login);
}

/* What run.sh makes of the environment before it starts the second instance. */
static void turn_to_paper(void) {
    const char *file = environment("TWS_PASSWORD_PAPER_FILE");

    setenv("TWS_USERID", environment("TWS_USERID_PAPER"), 1);
    if (*file != '\0') {
        setenv("TWS_PASSWORD_FILE", file, 1);
    } else {
        setenv("TWS_PASSWORD", environment("TWS_PASSWORD_PAPER"), 1);
    }
}

/* True: the time is over. A stop signal ends the program instead. */
static void pause_for(int64_t milliseconds) {
    struct timespec time = {milliseconds / 1000, milliseconds % 1000 * 1000000};
    sigset_t signals;

    stop_signals(&signals);
    if (sigtimedwait(&signals, NULL, &time) > 0) {
        stop();
    }
}

/* A process has ended. Is it a start script? */
static bool is_start_script(pid_t process) {
    for (size_t i = 0; i < 2; i++) {
        if (process == started.forwarders[i]) {
            started.forwarders[i] = 0;
            return false;
        }
    }
    return true;
}

/* Wait until the start scripts have ended; returns the status of the one that was started last. */
static int wait_for_them(void) {
    sigset_t signals;
    int status, last = EXIT_FAILURE;

    stop_signals(&signals);
    sigaddset(&signals, SIGCHLD);
    for (size_t left = started.count; left > 0;) {
        pid_t process = waitpid(-1, &status, WNOHANG);

        if (process > 0) {
            left -= is_start_script(process);
            if (process == started.processes[started.count - 1]) {
                last = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
            }
        } else if (sigwaitinfo(&signals, NULL) != SIGCHLD) {
            stop();
        }
    }
    end_forwarders();
    return last;
}

int main(void) {
    const char *mode = environment("TRADING_MODE");
    sigset_t signals;

    setvbuf(stdout, NULL, _IOLBF, BUFSIZ);
    stop_signals(&signals);
    sigaddset(&signals, SIGCHLD);
    sigprocmask(SIG_BLOCK, &signals, NULL);

    say("*************************************************************************");
    say(".> Starting IBC/IB gateway");
    say("*************************************************************************");
    if (strcmp(mode, "both") != 0) {
        start_process(*mode != '\0' ? mode : "paper");
        return wait_for_them();
    }
    start_process("live");
    turn_to_paper();
    pause_for(setting("both_ms", 15000));
    start_process("paper");
    return wait_for_them();
}
