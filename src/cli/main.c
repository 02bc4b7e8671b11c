/* main.c - the table of commands. */
#include "cli/cli.h"
#include "cli/interrupt.h"

#include <fcntl.h>
#include <ibcred/file.h>
#include <ibcred/input.h>
#include <unistd.h>

static const char version[] =
#include "version.inc"
    ;

static const struct command commands[] = {
    {"init", "[--recipient KEY]… [--passphrase]", "make a vault, and an identity to open it with",
     cmd_init},
    {"seal", "PROFILE [--kind paper|live]", "put credentials into the vault", cmd_seal},
    {"import", "[FILE] [--as PROFILE]", "seal profiles out of JSON lines or another store",
     cmd_import},
    {"rotate", "[PROFILE]", "stage a new password, and see it through", cmd_rotate},
    {"export", "[PROFILE] --to KEY…", "write a profile as a file that age opens", cmd_export},
    {"list", "", "name the profiles", cmd_list},
    {"show", "[PROFILE]", "tell about one profile", cmd_show},
    {"remove", "PROFILE", "take a profile out of the vault", cmd_remove},
    {"verify", "", "check every byte of the vault", cmd_verify},
    {"key", "new|add KEY|list|remove KEY|rotate (each has its --help)",
     "the keys that open the vault", cmd_key},
    {"unlock", "[--ttl DURATION]", "keep a passphrase vault open for a while", cmd_unlock},
    {"lock", "", "close it again before its time", cmd_lock},
    {"check", "[PROFILE]", "say what a release would meet, without releasing", cmd_check},
    {"inject", "[PROFILE]", "release into an env file, a secret directory or a swarm secret",
     cmd_inject},
    {"exec", "[PROFILE] -- COMMAND…", "run a command with the credentials in its environment",
     cmd_exec},
    {"up", "[PROFILE] [-- COMPOSE ARGUMENTS…]", "start the gateway and see it logged in", cmd_up},
    {"watch", "[PROFILE] --container NAME", "follow a gateway's log and write down what it says",
     cmd_watch},
    {"provision", "github|gitlab|gitea|forgejo [PROFILE]",
     "bring fields, or a key, to a forge's CI secrets", cmd_provision},
    {"ci", "exec [PROFILE] -- COMMAND…|env [PROFILE] (each has its --help)",
     "release inside a CI job, hidden from its log", cmd_ci},
    {"report", "PROFILE OUTCOME", "say what came of a release", cmd_report},
    {"gate", "[PROFILE]", "say whether the account may log in now", cmd_gate},
    {"probe", "[HOST[:PORT]]", "ask the gateway's API whether it is logged in, and to what",
     cmd_probe},
    {"doctor", "[-f FILE]…", "find what can lock an account or leak a password", cmd_doctor},
    {"reap", "[--all]", "end the deliveries that are overdue", cmd_reap},
    {"audit", "[verify]", "show or check the audit log", cmd_audit},
};

const char *program_version(void) {
    return version;
}

const struct command *find_command(const char *name) {
    for (size_t i = 0; i < IBC_ARRAY_SIZE(commands); i++) {
        if (strcmp(commands[i].name, name) == 0) {
            return &commands[i];
        }
    }
    return NULL;
}

void print_usage(FILE *stream) {
    fputs("usage: ibcred COMMAND [OPTION]… [OPERAND]…\n\n", stream);
    for (size_t i = 0; i < IBC_ARRAY_SIZE(commands); i++) {
        fprintf(stream, "  %-9s  %s\n", commands[i].name, commands[i].summary);
    }
    fputs("\nibcred COMMAND --help tells about one of them.\n", stream);
}

/* Whatever else is asked for, end what is overdue: a reaper may have been killed. */
static void sweep(void) {
    struct ibc_instant now;
    struct ibc_error ignored;
    if (ibc_clock_now(&now, &ignored) != IBC_OK) {
        return;
    }
    struct runtime_candidates candidates;
    runtime_candidates(&candidates);
    for (size_t i = 0; i < candidates.count; i++) {
        ibc_auto_runtime *runtime = NULL;
        size_t ended;
        if (ibc_runtime_open_existing(candidates.paths[i], &runtime, &ignored) == IBC_OK) {
            (void)!ibc_lease_sweep(runtime, &now, false, &ended, &ignored);
        }
    }
}

/* A closed standard descriptor would be given to the next file opened, and written to. */
static void open_standard_descriptors(void) {
    int fd;
    do {
        fd = open("/dev/null", O_RDWR);
    } while (fd >= STDIN_FILENO && fd <= STDERR_FILENO);
    ibc_close(&fd);
}

static enum ibc_status run(struct cli *cli, const struct command *command, int argc, char **argv,
                           struct ibc_error *err) {
    enum ibc_status status = ibc_secret_init(err);
    if (status != IBC_OK) {
        return status;
    }
    ibc_json_use_secret_memory();
    withhold_passphrase();
    sweep();
    return command->run(cli, argc, argv, err);
}

int main(int argc, char **argv) {
    const char *name = argc > 1 ? argv[1] : "";
    if (strcmp(name, "--version") == 0) {
        printf("ibcred %s\n", version);
        return EXIT_SUCCESS;
    }
    if (strcmp(name, "--help") == 0 || strcmp(name, "help") == 0) {
        print_usage(stdout);
        return EXIT_SUCCESS;
    }
    open_standard_descriptors();
    struct cli cli = {0};
    struct ibc_error err = {0};
    const struct command *command = find_command(name);
    enum ibc_status status =
        command
            ? run(&cli, command, argc - 1, argv + 1, &err)
            : ibc_fail(&err, IBC_ERR_USAGE, "there is no command '%s'; see: ibcred --help", name);
    if (status != IBC_OK) {
        print_error(&cli, &err);
    }
    die_of_interrupt();
    return status == IBC_OK && cli.says_no ? EXIT_FAILURE : ibc_status_exit_code(status);
}
