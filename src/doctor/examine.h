/*
 * examine.h - what the rules share: the thing examined, and how something found is written down.
 *
 * A rule finds with found(), says what to do with instead(), and where a program can do it, hands
 * in the edit. The last two take what found() gave, which is NULL where the same was found before.
 */
#ifndef IBCRED_DOCTOR_EXAMINE_H
#define IBCRED_DOCTOR_EXAMINE_H

#include "doctor/lines.h"

#include <ibcred/doctor.h>
#include <ibcred/sink.h>

/* A service that logs in at IBKR, and what the rules ask of it again and again. */
struct gateway {
    const struct ibc_compose_service *service;
    enum ibc_consumer consumer;
    const struct ibc_compose_variable *trading_mode; /* NULL: not set, or empty */
    bool mode_known;                                 /* paper, live or both: */
    enum ibc_mode mode;
    const struct ibc_compose_service *published; /* whose ports lead to it: its own, mostly */
    bool bound_by_network; /* of those the ones without an address go to loopback */
    bool certain;          /* not only because it is told a username: that may be a client */
};

struct examination {
    const struct ibc_compose_project *project;
    const struct ibc_doctor_world *world;
    const struct ibc_policy *policy;
    struct ibc_doctor_report *report;
    struct line_table lines[IBC_COMPOSE_FILES_MAX];
    size_t gateway_count;
    struct gateway *gateways;
    size_t rule;  /* the one that looks now */
    void *places; /* where it, and others before it, found something; of finding.c */
    bool no_memory;
};

/* --- finding.c -------------------------------------------------------------------------------- */

/* NULL: found there before by the same rule, or no memory. */
struct ibc_doctor_finding *found(struct examination *exam, const struct ibc_place *place,
                                 const char *what, ...) IBC_PRINTF(3, 4);
void instead(struct examination *exam, struct ibc_doctor_finding *finding, const char *fmt, ...)
    IBC_PRINTF(3, 4);

enum { QUOTED_MAX = 320, SHOWN_MAX = 128 };

/*
 * As one word of a shell's command line, in quotes where it needs them; "FILE" for what cannot be
 * shown. Returns `out`.
 */
const char *quoted(const char *text, char out[static QUOTED_MAX]);

/*
 * What may be shown of a value: out of a variable it may be anything, so then what the file has
 * in its place. Cut to fit. Returns `out`.
 */
const char *shown(const struct ibc_compose_text *text, char out[static SHOWN_MAX]);

/* The whole file as a place: its first line. */
struct ibc_place line_one(const char *file);
/* A file of this machine, of which no line is meant. */
struct ibc_place whole_file(const char *file);

void sort_findings(struct examination *exam);

/* --- gateway.c -------------------------------------------------------------------------------- */

/* False without memory. */
IBC_CHECKED bool list_gateways(struct examination *exam);

/* The variable where it has a value that is not empty, or will have one when Compose goes on. */
const struct ibc_compose_variable *given(const struct ibc_compose_service *service,
                                         const char *name);
/* Where its value stands, or the entry where it has none. */
const struct ibc_place *value_place(const struct ibc_compose_variable *variable);
/* "paper" or "live": which profile a command is to name. */
const char *profile_for(const struct gateway *gateway);
bool is_loopback(const char *address);

/* --- edits.c ---------------------------------------------------------------------------------- */

enum { EDIT_TEXT_MAX = 512 };

/*
 * Replace the scalar by `text`, in the quotes it has, or in double ones if `quoted`; not where it
 * is no plain piece of one of the project's files, or on a line with a secret.
 */
void replace_scalar(struct examination *exam, struct ibc_doctor_finding *finding,
                    const struct ibc_compose_text *scalar, const char *text, bool quoted);

/* Add the line `key: value` to the service's mapping, where it is written as a block. */
void add_line(struct examination *exam, struct ibc_doctor_finding *finding,
              const struct ibc_compose_service *service, const char *line);

/* --- settle.c --------------------------------------------------------------------------------- */

/* Drop the edits that contradict one another, and those that would make two ports the same. */
void settle_edits(struct examination *exam);

/* --- the rules -------------------------------------------------------------------------------- */

/* credentials.c */
void rule_plaintext_credential(struct examination *exam, const struct gateway *gateway);
void rule_plaintext_env_file(struct examination *exam);
void rule_env_file_tracked(struct examination *exam);
void rule_env_file_unknown(struct examination *exam);
void rule_env_file_readable(struct examination *exam);
void rule_password_in_environment(struct examination *exam, const struct gateway *gateway);
void rule_password_twice(struct examination *exam, const struct gateway *gateway);
void rule_secret_readable(struct examination *exam, const struct gateway *gateway);

/* modes.c */
void rule_both_incomplete(struct examination *exam, const struct gateway *gateway);
void rule_both_mixed(struct examination *exam, const struct gateway *gateway);
void rule_ignored_variable(struct examination *exam, const struct gateway *gateway);
void rule_unknown_mode(struct examination *exam, const struct gateway *gateway);
void rule_mode_not_allowed(struct examination *exam, const struct gateway *gateway);
void rule_mode_without_profile(struct examination *exam, const struct gateway *gateway);

/* ports.c */
void rule_mode_port(struct examination *exam, const struct gateway *gateway);
void rule_wrong_port(struct examination *exam, const struct gateway *gateway);
void rule_open_port(struct examination *exam, const struct gateway *gateway);

/* container.c */
void rule_restart_loop(struct examination *exam, const struct gateway *gateway);
void rule_no_grace_period(struct examination *exam, const struct gateway *gateway);
void rule_unpinned_image(struct examination *exam, const struct gateway *gateway);
void rule_socket_exposed(struct examination *exam);

/* project.c */
void rule_override_unused(struct examination *exam);
void rule_no_gateway(struct examination *exam);
void rule_not_read(struct examination *exam);

/* machine.c */
void rule_runtime_on_disk(struct examination *exam);
void rule_swap_unencrypted(struct examination *exam);
void rule_open_vault(struct examination *exam);
void rule_open_identity(struct examination *exam);
void rule_open_policy(struct examination *exam);
void rule_invalid_policy(struct examination *exam);
void rule_identity_in_git(struct examination *exam);
void rule_clock_off(struct examination *exam);
void rule_daemon_exposed(struct examination *exam);

#endif
