/*
 * cli.h - what the commands of the program share.
 *
 * A command is a function in a file of its own, named in main.c's table. It parses its options,
 * does its work through the library's public headers, prints answers to stdout and talk to
 * stderr, and returns a status; main() turns that into the sentence and the exit code.
 */
#ifndef IBCRED_CLI_H
#define IBCRED_CLI_H

#include <ibcred/broker.h>
#include <ibcred/clock.h>
#include <ibcred/policy.h>

#include <jansson.h>

/* What every command takes: options that mean the same everywhere. */
struct cli {
    const char *vault;
    const char *identity;
    const char *policy;
    bool json;
    bool quiet;
    bool no_color;
    bool says_no; /* the command did its work, and its answer is exit code 1 */
};

struct command {
    const char *name;
    const char *arguments; /* as the usage line shows them */
    const char *summary;   /* one line */
    enum ibc_status (*run)(struct cli *cli, int argc, char **argv, struct ibc_error *err);
};

/* --- options.c ---------------------------------------------------------------------------------*/

enum { OPTION_VALUES_MAX = 64 };

struct option_values {
    size_t count;
    const char *items[OPTION_VALUES_MAX];
};

/* One option of a command: exactly one of the three pointers says where it goes. */
struct option_spec {
    const char *name;
    const char *argument; /* how the help names its value; NULL: a switch */
    const char *help;
    bool *flag;
    const char **value;
    struct option_values *values; /* may be given several times */
    char letter;                  /* a short form as well; 0: none */
};

/*
 * Take the options out of argv: the command's own and those of struct cli. `*argc` and `*argv`
 * are left with the operands, argv[0] gone. At "--" it stops. --help prints and exits.
 */
IBC_CHECKED enum ibc_status parse_options(struct cli *cli, const char *command,
                                          const struct option_spec *own, size_t own_count,
                                          int *argc, char ***argv, struct ibc_error *err);

/* The one operand of the command, or NULL where it was left out. More is a usage error. */
IBC_CHECKED enum ibc_status optional_operand(int argc, char **argv, const char **operand,
                                             struct ibc_error *err);

/*
 * Cut argv at "--", for commands that run another one: options and profile before it, `*command`
 * after it (NULL where help is asked for). `usage` is what stands before "-- COMMAND".
 * IBC_ERR_USAGE: there is none.
 */
IBC_CHECKED enum ibc_status split_command(const char *usage, int *argc, char **argv,
                                          char ***command, struct ibc_error *err);

IBC_CHECKED enum ibc_status mode_option(const char *text, enum ibc_mode *out,
                                        struct ibc_error *err);

const struct command *find_command(const char *name);
void print_usage(FILE *stream);
const char *program_version(void);

/* --- session.c -------------------------------------------------------------------------------- */

/* The policy alone, for commands that need no vault. */
IBC_CHECKED enum ibc_status load_policy(const struct cli *cli, struct ibc_policy *out,
                                        struct ibc_error *err);

/* The files of one run, open. */
struct session {
    const struct cli *cli;
    char *vault_path;
    struct ibc_identities *identities;
    struct ibc_secret passphrase; /* asked once, kept until the session closes */
    struct ibc_keyring keyring;
    struct ibc_policy policy;
    int state_fd;
    struct ibc_vault *vault;     /* session_open() */
    struct ibc_vault_edit *edit; /* session_edit() */
    struct ibc_broker broker;
};

void session_close(struct session *session);
#define auto_session IBC_CLEANUP(session_close) struct session

/*
 * Open policy, state directory and vault for reading; refuses a vault older than one seen.
 * `accept_older` takes such a one as a restore.
 */
IBC_CHECKED enum ibc_status session_open(struct session *session, const struct cli *cli,
                                         bool accept_older, struct ibc_error *err);

/* Close the vault and wipe its keys until session_wake(), which reads vault and policy anew. */
void session_rest(struct session *session);
IBC_CHECKED enum ibc_status session_wake(struct session *session, struct ibc_error *err);

/*
 * Wait for the gate, at rest meanwhile. IBC_ERR_WAIT: interrupted, where interrupts are caught; the
 * session is still at rest then.
 */
IBC_CHECKED enum ibc_status session_wait(struct session *session, int64_t seconds, const char *why,
                                         struct ibc_error *err);

/*
 * ibc_broker_settle(), and the vault read anew where that wrote it. After a failure the vault is
 * closed only where it could not be read anew.
 */
IBC_CHECKED enum ibc_status session_settle(struct session *session, const char *profile,
                                           struct ibc_settled *out, struct ibc_error *err);

/* As session_open(), but for a change: the vault is locked and verified. */
IBC_CHECKED enum ibc_status session_edit(struct session *session, const struct cli *cli,
                                         struct ibc_error *err);

/* Go on with an open session for a change: the vault is read anew, locked and verified. */
IBC_CHECKED enum ibc_status session_lock(struct session *session, struct ibc_error *err);

/* Write the change down: the vault's next generation, then one line of audit. */
IBC_CHECKED enum ibc_status session_commit(struct session *session,
                                           const struct ibc_audit_event *event,
                                           uint64_t *generation, struct ibc_error *err);

/* Open the runtime directory that deliveries go to, as the policy allows. The caller frees. */
IBC_CHECKED enum ibc_status session_runtime(const struct session *session, struct ibc_runtime **out,
                                            struct ibc_error *err);

/* The profile to use: `name`, or where it is NULL the only one whose kind fits `mode`. */
IBC_CHECKED enum ibc_status session_profile(const struct session *session, const char *name,
                                            enum ibc_mode mode,
                                            char out[static IBC_PROFILE_NAME_MAX + 1],
                                            struct ibc_error *err);

/* As session_profile(), for commands that know no mode: the only profile there is. */
IBC_CHECKED enum ibc_status session_any_profile(const struct session *session, const char *name,
                                                char out[static IBC_PROFILE_NAME_MAX + 1],
                                                struct ibc_error *err);

/* Milliseconds since boot, for what is waited for; what is written into the vault has the time of
 * ibc_clock_wall_ms(). */
int64_t boot_clock_ms(void);

/* --- paths.c ---------------------------------------------------------------------------------- */

/* Where things are: option, variable, default. NULL means no memory, or for the last two that
 * there is nothing there. The caller frees. */
char *vault_path(const struct cli *cli);
char *state_path(void);
char *identity_path(const struct cli *cli); /* where it is or would be made */
char *existing_identity(const struct cli *cli);
char *existing_policy(const struct cli *cli);

/* Is there an identity among systemd's credentials for this service? */
bool identity_is_systemds(void);

/* The path of the vault that is there. IBC_ERR_NOT_FOUND where it is not. The caller frees. */
IBC_CHECKED enum ibc_status find_vault(const struct cli *cli, char **path, struct ibc_error *err);

enum { RUNTIME_CANDIDATES_MAX = 3 };

/* The runtime directories to try, in order; the strings live as long as the struct. */
struct runtime_candidates {
    size_t count;
    const char *paths[RUNTIME_CANDIDATES_MAX];
    char text[RUNTIME_CANDIDATES_MAX][4096];
};
void runtime_candidates(struct runtime_candidates *out);

/* The value of an environment variable; NULL when unset or empty. */
const char *variable(const char *name);

/* --- terminal.c ------------------------------------------------------------------------------- */

/* Is there one to ask on? */
bool has_terminal(void);

/* Ask on the terminal, without echo unless `echo`. IBC_ERR_USAGE where there is none. */
IBC_CHECKED enum ibc_status ask(const char *prompt, bool echo, struct ibc_secret *out,
                                struct ibc_error *err);

/* Ask without echo until the same was typed twice. */
IBC_CHECKED enum ibc_status ask_twice(const char *what, struct ibc_secret *out,
                                      struct ibc_error *err);

/* Ask for yes or no; IBC_ERR_USAGE on no, or where there is no terminal (says --yes). */
IBC_CHECKED enum ibc_status confirm(const char *question, struct ibc_error *err);

/* Let no program that this one becomes find a passphrase's descriptor, read or not. */
void withhold_passphrase(void);

/* Read one secret line from the descriptor that the variable IBCRED_PASSPHRASE_FD names. */
IBC_CHECKED enum ibc_status passphrase_from_fd(const char *number, struct ibc_secret *out,
                                               struct ibc_error *err);

/*
 * A passphrase to be: a line from the descriptor that IBCRED_NEW_PASSPHRASE_FD names, or the
 * variable `otherwise` (NULL for none); else asked for, twice. IBC_ERR_USAGE: it is empty.
 */
IBC_CHECKED enum ibc_status new_passphrase(const char *otherwise, struct ibc_secret *out,
                                           struct ibc_error *err);

/* Sleep `seconds`, with a bar that empties on a terminal. False, early, when interrupted. */
bool count_down(const struct cli *cli, int64_t seconds, const char *why);

/* The same, and every few seconds `goes_on` is asked; where it says no the wait is over. */
bool count_down_while(const struct cli *cli, int64_t seconds, const char *why,
                      bool (*goes_on)(void *context), void *context);

/* --- output.c --------------------------------------------------------------------------------- */

/* Talk, on stderr, unless --quiet. */
void say(const struct cli *cli, const char *fmt, ...) IBC_PRINTF(2, 3);
/* A warning: shown even with --quiet. */
void warn(const struct cli *cli, const char *text);
/* The error sentence on stderr, and with --json an object on stdout. */
void print_error(const struct cli *cli, const struct ibc_error *err);

/* Print the object on a line of stdout and free it. IBC_ERR_IO when stdout is gone. */
IBC_CHECKED enum ibc_status print_json(json_t *object, struct ibc_error *err);
/* The fields with their values, or only that of one name; NULL without memory. */
json_t *json_fields(const struct ibc_version *version, const char *only);
/* The object on a line, written in secret memory: stdio would keep a copy on the heap. */
IBC_CHECKED enum ibc_status secret_json_line(const json_t *object, struct ibc_secret *out,
                                             struct ibc_error *err);
/* Write all of it to stdout. IBC_ERR_IO when that cannot be written. */
IBC_CHECKED enum ibc_status print_secret(struct ibc_view text, struct ibc_error *err);
IBC_CHECKED enum ibc_status flush_output(struct ibc_error *err);
/* A JSON string of a wall-clock time, or null for 0. */
json_t *json_time(int64_t wall_ms);
/* A version's number, or null for 0. */
json_t *json_version(uint32_t version);

/* --- release.c: what inject, exec and check have in common -------------------------------------*/

struct release_options {
    const char *mode, *names, *format, *consumer, *ttl;
    const char *paper; /* mode `both`: the paper profile, where there are several */
    bool wait;
    bool staged; /* the staged version, to prove it */
};

struct release_request {
    char profile[IBC_PROFILE_NAME_MAX + 1];
    char paper_profile[IBC_PROFILE_NAME_MAX + 1]; /* mode `both`; else "" */
    struct ibc_request request;
    int64_t ttl; /* seconds */
};

/* Open the session; options and operand into a request, checked against the policy. */
IBC_CHECKED enum ibc_status begin_release(const struct cli *cli,
                                          const struct release_options *options,
                                          const char *profile, struct session *session,
                                          struct release_request *request, struct ibc_error *err);

/* ibc_broker_release(), and with `wait` again after every wait that the gate asks for. */
IBC_CHECKED enum ibc_status release(struct session *session, const struct ibc_request *request,
                                    bool wait, const struct ibc_delivery *delivery,
                                    struct ibc_release *out, struct ibc_error *err);

/* --- commands --------------------------------------------------------------------------------- */

#define COMMAND(name)                                                                              \
    IBC_CHECKED enum ibc_status cmd_##name(struct cli *cli, int argc, char **argv,                 \
                                           struct ibc_error *err)

COMMAND(init);
COMMAND(seal);
COMMAND(import);
COMMAND(rotate);
COMMAND(export);
COMMAND(list);
COMMAND(show);
COMMAND(remove);
COMMAND(verify);
COMMAND(key);
COMMAND(unlock);
COMMAND(lock);
COMMAND(check);
COMMAND(inject);
COMMAND(exec);
COMMAND(up);
COMMAND(watch);
COMMAND(provision);
COMMAND(ci);
COMMAND(report);
COMMAND(gate);
COMMAND(probe);
COMMAND(doctor);
COMMAND(reap);
COMMAND(audit);

#endif
