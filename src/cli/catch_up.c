/* catch_up.c - see catch_up.h. */
#include "cli/catch_up.h"

#include <errno.h>
#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

/* This program, even when its file was replaced meanwhile. */
#define OWN_PROGRAM "/proc/self/exe"

enum { ARGUMENTS_MAX = 16 };

void say_staging(const struct cli *cli, const char *profile, const struct ibc_reported *reported) {
    if (reported->promoted != 0) {
        say(cli, "%s: version %u has proven itself and is the active one now", profile,
            (unsigned)reported->promoted);
    }
    if (reported->burned != 0) {
        say(cli, "%s: version %u was rejected and is burned; the active one stays as it was",
            profile, (unsigned)reported->burned);
    }
}

static void add_option(const char **arguments, size_t *count, const char *name, const char *value) {
    if (value) {
        arguments[(*count)++] = name;
        arguments[(*count)++] = value;
    }
}

void catch_up_wait(pid_t *child) {
    while (*child > 0 && waitpid(*child, NULL, 0) < 0 && errno == EINTR) {
    }
    *child = 0;
}

/* One that cannot be looked at counts as having some. */
static bool has_copies(const struct session *session, const char *name) {
    ibc_auto_profile *profile = NULL;
    struct ibc_error ignored;
    return ibc_vault_get(session->vault, name, &profile, &ignored) != IBC_OK ||
           profile->copy_count > 0;
}

static void spawn(const struct cli *cli, const char *profile, pid_t *child) {
    const char *arguments[ARGUMENTS_MAX] = {"ibcred", "rotate", profile, "--resume"};
    size_t count = 4;
    add_option(arguments, &count, "--vault", cli->vault);
    add_option(arguments, &count, "--identity", cli->identity);
    add_option(arguments, &count, "--policy", cli->policy);
    if (cli->quiet) {
        arguments[count++] = "--quiet";
    }
    posix_spawnattr_t attributes;
    if (posix_spawnattr_init(&attributes) != 0) {
        return;
    }
    /* As it was before interrupts were caught: a Ctrl-C ends it, and another run goes on. */
    sigset_t caught;
    sigemptyset(&caught);
    sigaddset(&caught, SIGINT);
    sigaddset(&caught, SIGTERM);
    sigaddset(&caught, SIGHUP);
    posix_spawnattr_setsigdefault(&attributes, &caught);
    posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGDEF);
    const int failure =
        posix_spawn(child, OWN_PROGRAM, NULL, &attributes, (char *const *)arguments, environ);
    posix_spawnattr_destroy(&attributes);
    if (failure != 0) {
        *child = 0;
        warn(cli, "copies at forges could not be looked after; run: ibcred rotate --resume");
    }
}

void catch_up_start(const struct session *session, const char *profile, pid_t *child) {
    catch_up_wait(child);
    if (!has_copies(session, profile)) {
        return;
    }
    if (session->passphrase.size > 0) {
        struct ibc_error sentence;
        ibc_fail(&sentence, IBC_OK,
                 "profile '%s' has copies at forges that are behind; bring them up to date with: "
                 "ibcred rotate %s --resume",
                 profile, profile);
        warn(session->cli, sentence.text);
        return;
    }
    spawn(session->cli, profile, child);
}
