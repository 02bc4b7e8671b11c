/*
 * doctor.h - what in a set-up can lock an account, leak a password or leave a gateway unreachable.
 *
 * Rules (docs/doctor.md) look at a project as Compose would start it, at the policy and at facts
 * about the machine, and find. Gathering the facts is one step, ibc_doctor_world_gather(), and
 * judging them another, which is pure. No finding shows a value that may be a secret.
 */
#ifndef IBCRED_DOCTOR_H
#define IBCRED_DOCTOR_H

#include <ibcred/compose.h>
#include <ibcred/policy.h>

#pragma GCC visibility push(default)

enum ibc_severity { IBC_SEVERITY_NOTE = 1, IBC_SEVERITY_WARNING, IBC_SEVERITY_ERROR };

/* "note", "warning", "error": what SARIF 2.1.0 (3.27.10) calls them as well */
const char *ibc_severity_name(enum ibc_severity severity);

struct ibc_doctor_rule {
    const char *id; /* "open-port" */
    enum ibc_severity severity;
    const char *summary; /* what it finds, in a few words */
    const char *why;     /* one or two sentences */
};

/* All rules, in the order of docs/doctor.md. */
size_t ibc_doctor_rule_count(void);
const struct ibc_doctor_rule *ibc_doctor_rule(size_t index);

/* Bytes `start` to `end` of one of the project's files, and what is to stand there instead. */
struct ibc_doctor_edit {
    size_t file; /* index into the project's files */
    size_t start, end;
    char *text; /* NULL: nothing to be done by a program */
};

/* All strings but `file` are the finding's own, printable and without a newline. */
struct ibc_doctor_finding {
    size_t rule;           /* its index */
    char *file;            /* as the project names it, or a path of this machine; NULL: none */
    unsigned line, column; /* from 1; 0 where there is no line to show */
    char *what;            /* one sentence */
    char *instead;         /* the text to write there, a command, or a sentence */
    struct ibc_doctor_edit edit;
};

struct ibc_doctor_report {
    size_t count;
    struct ibc_doctor_finding *findings; /* by file in the project's order, then by place */
    size_t capacity;                     /* the report's own */
};

/* A file that the project names. */
struct ibc_doctor_file {
    const char *path; /* as the project has it; owned by the project */
    bool there;
    bool delivered;  /* lies where a vault's delivery put it */
    bool tracked;    /* by git: */
    bool git_silent; /* which could not be asked */
    unsigned mode;   /* permission bits */
};

/* A file of ibcred's own. */
struct ibc_doctor_own_file {
    const char *path; /* NULL: there is none, or it is of no interest */
    bool there;
    bool in_git; /* in a work tree of git, which does not ignore it */
    unsigned mode;
};

/* What is so beside the files. The zero value finds nothing. */
struct ibc_doctor_world {
    size_t file_count;
    struct ibc_doctor_file *files;
    char *override; /* beside the first compose file, and not read; NULL: none */
    struct ibc_doctor_own_file vault, identity, policy;
    const char *policy_trouble; /* as in the request */
    const char *runtime;   /* the first directory that deliveries may go to; NULL: not looked at */
    bool runtime_on_tmpfs; /* one of them is */
    bool runtime_swaps;    /* that tmpfs may be swapped out */
    char *swap;            /* one that is neither encrypted nor in memory; NULL: none */
    int64_t now_ms, built_ms, audited_ms; /* wall clocks; 0: not known */
    bool clock_adrift;                    /* the kernel knows of nobody who keeps it in time */
    bool daemon_exposed;                  /* DOCKER_HOST leads to another host without TLS */
    bool vault_opened;                    /* a vault's profiles were counted: */
    size_t paper_profiles, live_profiles;
};

struct ibc_doctor_request {
    bool machine; /* look at this machine too, not only at the project's files */
    const char *vault, *identity, *policy; /* paths; NULL: none */
    const char *policy_trouble;            /* the sentence that says why that policy is not the one
                                            * that is judged by; NULL: it is */
    const char *state;                     /* the state directory; NULL: none */
    size_t runtime_count;
    const char *const *runtimes; /* candidates for the runtime directory */
    char *const *environment;    /* like environ(7), for DOCKER_HOST; may be NULL */
};

/*
 * Look around, changing nothing: stat(2) and statfs(2) on what the project and the request name,
 * /proc, /sys, adjtimex(2), `git ls-files` on env files with a credential in a git work tree, and
 * `git check-ignore` on the identity in one; no program, hook or fetch that the repository names.
 * What cannot be seen is as if it were fine. IBC_ERR_INTERNAL: no memory. What the request points
 * to must outlive the world. The caller frees with ibc_doctor_world_free(), also on failure.
 */
IBC_CHECKED enum ibc_status ibc_doctor_world_gather(const struct ibc_compose_project *project,
                                                    const struct ibc_doctor_request *request,
                                                    struct ibc_doctor_world *out,
                                                    struct ibc_error *err);
void ibc_doctor_world_free(struct ibc_doctor_world *world);
#define ibc_auto_doctor_world IBC_CLEANUP(ibc_doctor_world_free) struct ibc_doctor_world

/* Is this the name of a variable that carries a password or a code to log in with? Pure. */
bool ibc_doctor_is_credential(const char *name);

/*
 * Judge. Pure. IBC_ERR_INTERNAL: no memory. The caller frees with ibc_doctor_report_free(), also on
 * failure.
 */
IBC_CHECKED enum ibc_status ibc_doctor_examine(const struct ibc_compose_project *project,
                                               const struct ibc_doctor_world *world,
                                               const struct ibc_policy *policy,
                                               struct ibc_doctor_report *out,
                                               struct ibc_error *err);
void ibc_doctor_report_free(struct ibc_doctor_report *report);
#define ibc_auto_doctor_report IBC_CLEANUP(ibc_doctor_report_free) struct ibc_doctor_report

/*
 * Does the service log in at IBKR: by its image, as the policy knows it, by its name, or by the
 * variables that it gets? Pure.
 */
bool ibc_doctor_is_gateway(const struct ibc_policy *policy,
                           const struct ibc_compose_service *service);

/*
 * File `file` of the project with the report's edits of it made, and the same as a unified diff
 * for patch(1) and git-apply(1). Pure. Where there is nothing to change both are empty. No line of
 * the diff holds a secret: edits are never on such a line (the rules see to it), and its context
 * ends before one. IBC_ERR_INTERNAL: edits that overlap, or no memory.
 */
IBC_CHECKED enum ibc_status ibc_doctor_mend(const struct ibc_compose_project *project, size_t file,
                                            const struct ibc_doctor_report *report,
                                            struct ibc_secret *mended, struct ibc_secret *diff,
                                            struct ibc_error *err);

#pragma GCC visibility pop

#endif
