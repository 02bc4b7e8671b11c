/*
 * main.c - stands in for the gnzsnz ib-gateway image: takes the same environment, logs what the
 * image and IBC would log, and stays up until it is told to stop.
 *
 * No real gateway can log in where tests run. What the stand-in accepts is in /standin (files
 * `username` and `password`, compared byte for byte with what the container was given); without
 * them it accepts any. It does not model what the image does to a value on its way to IBC.
 */
#include "log.h"
#include "login.h"

#include <signal.h>
#include <stdlib.h>
#include <string.h>

#define EXPECTED_USERNAME "/standin/username"
#define EXPECTED_PASSWORD "/standin/password"

/* The exit status of a shell that ends by SIGTERM, which is what run.sh does. */
enum { EXIT_TERMINATED = 128 + SIGTERM };

static const char *trading_mode(void) {
    const char *mode = getenv("TRADING_MODE");

    if (mode == NULL || *mode == '\0') {
        return "paper";
    }
    if (strcmp(mode, "paper") == 0 || strcmp(mode, "live") == 0) {
        return mode;
    }
    say(".> Invalid TRADING_MODE: %s", mode);
    return NULL;
}

static void block_stop_signals(sigset_t *stop) {
    sigemptyset(stop);
    sigaddset(stop, SIGTERM);
    sigaddset(stop, SIGINT);
    sigprocmask(SIG_BLOCK, stop, NULL);
}

static void stay_until_stopped(const sigset_t *stop) {
    int signal_number;

    sigwait(stop, &signal_number);
    say(".> Received SIGINT or SIGTERM. Shutting down IB Gateway.");
    say(".> Stopping IBC.");
}

int main(void) {
    static struct login given, expected;
    bool known;
    sigset_t stop;

    block_stop_signals(&stop);
    say(".> Starting IBC/IB gateway");
    given.mode = trading_mode();
    if (given.mode == NULL) {
        return EXIT_FAILURE;
    }
    if (!credential_from_environment("TWS_USERID", &given.username) ||
        !credential_from_environment("TWS_PASSWORD", &given.password)) {
        return EXIT_FAILURE;
    }
    known = text_from_file(EXPECTED_USERNAME, &expected.username) &&
            text_from_file(EXPECTED_PASSWORD, &expected.password);

    say(".> API_PORT set to: %s", strcmp(given.mode, "paper") == 0 ? "4002" : "4001");
    say(".> Starting IBC in %s mode, with params:", given.mode);
    log_in(&given, known ? &expected : NULL);
    stay_until_stopped(&stop);
    return EXIT_TERMINATED;
}
