/* table.c - the rules, and one look with all of them (docs/doctor.md). */
#include "doctor/examine.h"

struct table_row {
    struct ibc_doctor_rule rule;
    void (*of_gateway)(struct examination *exam, const struct gateway *gateway);
    void (*of_project)(struct examination *exam);
};

#define ERROR   IBC_SEVERITY_ERROR
#define WARNING IBC_SEVERITY_WARNING
#define NOTE    IBC_SEVERITY_NOTE

/* What IBKR and the image do is in docs/design.md's sources: its knowledge base, and the image. */
static const struct table_row table[] = {
    {{"plaintext-credential", ERROR, "a credential stands in a compose file",
      "Compose files are committed, copied and sent around, and whoever has the file can log in."},
     .of_gateway = rule_plaintext_credential},
    {{"plaintext-env-file", ERROR, "a credential stands in an env file",
      "The file is read by every program of its user, lies in backups and images, and outlives the "
      "login that it was written for."},
     .of_project = rule_plaintext_env_file},
    {{"env-file-tracked", ERROR, "git keeps an env file with a credential in it",
      "A commit is for good: every clone has the password, also after the file is deleted."},
     .of_project = rule_env_file_tracked},
    {{"env-file-unknown", NOTE, "git could not be asked whether it keeps an env file",
      "git is not there, or refuses to look: it does not trust a repository of another owner."},
     .of_project = rule_env_file_unknown},
    {{"env-file-readable", WARNING, "others can read an env file with a credential in it",
      "Every user and every service of this machine can read the password."},
     .of_project = rule_env_file_readable},
    {{"password-in-environment", WARNING, "a gateway has its password in its environment",
      "Docker shows it to whoever may run docker inspect, and writes it to its disk for as long as "
      "the container is there. The image unsets it when it comes as a file."},
     .of_gateway = rule_password_in_environment},
    {{"password-twice", ERROR, "a password is given both as a value and as a file",
      "The image exits at once when it finds both."},
     .of_gateway = rule_password_twice},
    {{"both-incomplete", ERROR, "mode both lacks the paper user",
      "The paper gateway starts with an empty login and waits for ever, and only the live one "
      "runs."},
     .of_gateway = rule_both_incomplete},
    {{"both-mixed", ERROR, "mode both mixes a password as a value with one as a file",
      "The image exits at once when the two come in different ways."},
     .of_gateway = rule_both_mixed},
    {{"ignored-variable", WARNING, "a variable that the image does not know",
      "The image reads TWS_USERID and TWS_PASSWORD or TWS_PASSWORD_FILE. With any other name the "
      "login form stays empty, and a password that nobody needs is in the environment."},
     .of_gateway = rule_ignored_variable},
    {{"unknown-mode", ERROR, "TRADING_MODE is not paper, live or both",
      "The image stops at any other word, also in another case."},
     .of_gateway = rule_unknown_mode},
    {{"mode-not-allowed", ERROR, "the policy does not allow the mode",
      "ibcred releases nothing for this mode, so the gateway cannot be started through it, and "
      "one that is started past it trades in a mode that nobody allowed."},
     .of_gateway = rule_mode_not_allowed},
    {{"mode-without-profile", ERROR, "no profile of the vault fits the mode",
      "A paper user in live mode is rejected by IBKR and counts as a failed login; ten of them "
      "lock the account. A live user in paper mode is one word away from real money."},
     .of_gateway = rule_mode_without_profile},
    {{"mode-port", WARNING, "all published API ports are the other mode's",
      "In this mode nothing listens behind the port: clients are accepted and get no answer."},
     .of_gateway = rule_mode_port},
    {{"wrong-port", ERROR, "a port is published that the gateway does not answer on",
      "On 4001, 4002, 7496 and 7497 the API takes connections from inside the container only "
      "(TrustedIPs=127.0.0.1). For others the image forwards 4003, 4004, 7498 and 7499."},
     .of_gateway = rule_wrong_port},
    {{"open-port", ERROR, "the API or VNC is open beyond this machine",
      "The API asks nobody for a password: whoever reaches the port can trade. Docker's published "
      "ports pass by the rules of ufw and firewalld."},
     .of_gateway = rule_open_port},
    {{"restart-loop", ERROR, "a gateway is started again by itself",
      "Every start is a login. A password that IBKR rejected is tried again and again, and ten "
      "failures in a day lock the account until a day after the last one."},
     .of_gateway = rule_restart_loop},
    {{"no-grace-period", WARNING, "a gateway is killed before it has logged out",
      "A gateway that is killed leaves its session behind, and the next login finds it taken."},
     .of_gateway = rule_no_grace_period},
    {{"unpinned-image", WARNING, "a gateway's image changes by itself",
      "The next pull may bring another Gateway and another IBC, with other words in the log and "
      "another way to log in, on a day that nobody chose; and whoever owns the tag gets the "
      "password."},
     .of_gateway = rule_unpinned_image},
    {{"socket-exposed", ERROR, "a container has the Docker daemon's socket",
      "Whoever has the socket is root on this machine, and reads every container's environment "
      "and every secret that is mounted."},
     .of_project = rule_socket_exposed},
    {{"override-unused", WARNING, "an override that Compose does not read, or reads in vain",
      "What it should change is left as it was: the gateway starts without it, and no one is "
      "told."},
     .of_project = rule_override_unused},
    {{"no-gateway", NOTE, "no service is a gateway",
      "Nothing here was judged as a gateway. Where there is one, it goes by a name and an image "
      "that the policy does not know."},
     .of_project = rule_no_gateway},
    {{"not-read", NOTE, "a part of the files was not followed",
      "The doctor reads the files that it is given and no further."},
     .of_project = rule_not_read},
    {{"secret-readable", WARNING, "everybody can read the file of a gateway's secret",
      "Compose mounts the file with the owner and the mode that it has here. The image runs as "
      "1000:1000, so mode 0400 with that owner is enough."},
     .of_gateway = rule_secret_readable},
    {{"runtime-on-disk", ERROR, "the runtime directory is on a disk",
      "What is written to a disk cannot be wiped for certain, so ibcred delivers nothing there."},
     .of_project = rule_runtime_on_disk},
    {{"swap-unencrypted", WARNING, "passwords may reach swap that is not encrypted",
      "Pages of a tmpfs, and of a process with a password in its environment, are written to swap "
      "when memory is short, and stay there in plain text."},
     .of_project = rule_swap_unencrypted},
    {{"open-vault", WARNING, "others can read or write the vault",
      "It is encrypted, but whoever can read it can guess at its passphrase for as long as he "
      "likes, "
      "and one that others can write is refused."},
     .of_project = rule_open_vault},
    {{"open-identity", ERROR, "others can read or write the identity",
      "The identity opens the vault, without any passphrase."},
     .of_project = rule_open_identity},
    {{"open-policy", ERROR, "others can write the policy",
      "The policy decides what is released; one that others can write is refused."},
     .of_project = rule_open_policy},
    {{"invalid-policy", ERROR, "the policy is refused, or is none",
      "Nothing is released by it, so no gateway can be started through ibcred."},
     .of_project = rule_invalid_policy},
    {{"identity-in-git", ERROR, "the identity lies where git may take it in",
      "One `git add .` puts the key beside the vault that it opens, into every clone."},
     .of_project = rule_identity_in_git},
    {{"clock-off", WARNING, "the clock is not to be trusted",
      "Maintenance windows, the times in the audit log and certificates are judged by it."},
     .of_project = rule_clock_off},
    {{"daemon-exposed", ERROR, "the Docker daemon is reached without TLS",
      "Whoever is on the way reads what the daemon is told, and whoever reaches it is root there."},
     .of_project = rule_daemon_exposed},
};

const char *ibc_severity_name(enum ibc_severity severity) {
    static const char *const names[] = {
        [IBC_SEVERITY_NOTE] = "note",
        [IBC_SEVERITY_WARNING] = "warning",
        [IBC_SEVERITY_ERROR] = "error",
    };
    return names[severity];
}

size_t ibc_doctor_rule_count(void) {
    return IBC_ARRAY_SIZE(table);
}

const struct ibc_doctor_rule *ibc_doctor_rule(size_t index) {
    return &table[index].rule;
}

static bool prepare(struct examination *exam) {
    bool whole = list_gateways(exam);
    for (size_t i = 0; whole && i < exam->project->file_count; i++) {
        whole = lines_make(exam->project, i, &exam->lines[i]);
    }
    return whole;
}

static void apply(struct examination *exam, size_t rule) {
    exam->rule = rule;
    if (table[rule].of_project) {
        table[rule].of_project(exam);
    }
    for (size_t i = 0; table[rule].of_gateway && i < exam->gateway_count; i++) {
        table[rule].of_gateway(exam, &exam->gateways[i]);
    }
}

static void finish(struct examination *exam) {
    for (size_t i = 0; i < exam->project->file_count; i++) {
        lines_clear(&exam->lines[i]);
    }
    free(exam->gateways);
}

enum ibc_status ibc_doctor_examine(const struct ibc_compose_project *project,
                                   const struct ibc_doctor_world *world,
                                   const struct ibc_policy *policy, struct ibc_doctor_report *out,
                                   struct ibc_error *err) {
    *out = (struct ibc_doctor_report){0};
    struct examination exam = {.project = project, .world = world, .policy = policy, .report = out};
    exam.no_memory = !prepare(&exam);
    for (size_t i = 0; !exam.no_memory && i < IBC_ARRAY_SIZE(table); i++) {
        apply(&exam, i);
    }
    settle_edits(&exam);
    sort_findings(&exam);
    finish(&exam);
    return exam.no_memory ? ibc_fail(err, IBC_ERR_INTERNAL, "no memory for what was found")
                          : IBC_OK;
}
