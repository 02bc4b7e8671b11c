/* machine.c - what is so beside the files: ibcred's own files, memory, clock, daemon. */
#include "doctor/examine.h"

#include <ibcred/clock.h>

enum {
    OTHERS = 0006,
    GROUP_OR_OTHERS = 0066,
    WRITE = 0022,
    CLOCK_SLACK_MS = 60000, /* two machines that write one log are never quite together */
};

void rule_runtime_on_disk(struct examination *exam) {
    const struct ibc_doctor_world *world = exam->world;
    if (world->runtime && !world->runtime_on_tmpfs && !exam->policy->allow_disk) {
        const struct ibc_place place = whole_file(world->runtime);
        instead(
            exam,
            found(exam, &place, "no runtime directory is on tmpfs, so nothing can be delivered"),
            "IBCRED_RUNTIME_DIR=/dev/shm/ibcred, or another directory on tmpfs");
    }
}

static bool passwords_in_environment(const struct examination *exam) {
    for (size_t i = 0; i < exam->gateway_count; i++) {
        if (given(exam->gateways[i].service, "TWS_PASSWORD") ||
            given(exam->gateways[i].service, "TWS_PASSWORD_PAPER")) {
            return true;
        }
    }
    return false;
}

void rule_swap_unencrypted(struct examination *exam) {
    const struct ibc_doctor_world *world = exam->world;
    if (!world->swap || (!world->runtime_swaps && !passwords_in_environment(exam))) {
        return;
    }
    const struct ibc_place place = whole_file("/proc/swaps");
    char word[QUOTED_MAX];
    instead(exam,
            found(exam, &place, "'%s' is swap without encryption, and a password may come to it",
                  world->swap),
            "swap on dm-crypt with a random key (crypttab(5): swap), zram, or: swapoff %s",
            quoted(world->swap, word));
}

static void judge_mode(struct examination *exam, const struct ibc_doctor_own_file *file,
                       const char *what, unsigned forbidden, const char *whom, const char *proper) {
    if (!file->path || !file->there || (file->mode & forbidden) == 0) {
        return;
    }
    const struct ibc_place place = whole_file(file->path);
    char word[QUOTED_MAX];
    const char *verb = (file->mode & forbidden & WRITE) == 0              ? "read"
                       : (file->mode & forbidden & (unsigned)~WRITE) == 0 ? "written"
                                                                          : "read and written";
    instead(exam,
            found(exam, &place, "the %s can be %s by %s (mode %04o)", what, verb, whom, file->mode),
            "chmod %s %s", proper, quoted(file->path, word));
}

void rule_open_vault(struct examination *exam) {
    judge_mode(exam, &exam->world->vault, "vault", OTHERS | WRITE, "others", "600");
}

void rule_open_identity(struct examination *exam) {
    judge_mode(exam, &exam->world->identity, "identity", GROUP_OR_OTHERS, "group or others", "600");
}

void rule_open_policy(struct examination *exam) {
    judge_mode(exam, &exam->world->policy, "policy", WRITE, "group or others", "go-w");
}

/* Where its mode is what is wrong, rule_open_policy() has said so. */
void rule_invalid_policy(struct examination *exam) {
    const struct ibc_doctor_own_file *policy = &exam->world->policy;
    if (exam->world->policy_trouble && (!policy->there || (policy->mode & WRITE) == 0)) {
        const struct ibc_place place = whole_file(policy->path);
        instead(exam, found(exam, &place, "%s", exam->world->policy_trouble),
                "a policy that holds; until then all else here is judged by the built-in one");
    }
}

void rule_identity_in_git(struct examination *exam) {
    const struct ibc_doctor_own_file *identity = &exam->world->identity;
    if (identity->path && identity->there && identity->in_git) {
        const struct ibc_place place = whole_file(identity->path);
        instead(exam, found(exam, &place, "the identity lies in a git work tree"),
                "~/.config/ibcred/identity, where ibcred looks by itself");
    }
}

void rule_clock_off(struct examination *exam) {
    const struct ibc_doctor_world *world = exam->world;
    const struct ibc_place nowhere = {0};
    const bool known = world->now_ms != 0;
    const char *what = NULL;
    if (known && world->built_ms != 0 && world->now_ms < world->built_ms) {
        what = "the clock stands before the time at which this program was made";
    } else if (known && world->audited_ms - CLOCK_SLACK_MS > world->now_ms) {
        what = "the clock stands before the last line of the audit log";
    } else if (world->clock_adrift) {
        what = "nothing keeps the clock of this machine in time";
    }
    if (what) {
        instead(exam, found(exam, &nowhere, "%s", what),
                "timedatectl set-ntp true, or chrony on the host");
    }
}

void rule_daemon_exposed(struct examination *exam) {
    const struct ibc_place nowhere = {0};
    if (exam->world->daemon_exposed) {
        instead(exam, found(exam, &nowhere, "DOCKER_HOST leads to another host without TLS"),
                "DOCKER_HOST=ssh://USER@HOST, or DOCKER_TLS_VERIFY=1 with its certificates");
    }
}
