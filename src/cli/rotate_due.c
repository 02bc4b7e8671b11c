/* rotate_due.c - which passwords are too old, for cron. */
#include "cli/rotate.h"

#include <ibcred/file.h>
#include <ibcred/notify.h>

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>

#define DAY_MS INT64_C(86400000)

/* What all profiles come to. */
struct due_list {
    const struct session *session;
    int64_t now_ms;
    size_t due;
    char first[IBC_PROFILE_NAME_MAX + 1]; /* the first that is due */
    json_t *entries;                      /* those that are due, or soon will be */
};

/* --- one --- */

/*
 * When the password of `version` is due, by the wall clock: once it is older than the policy wants
 * it, or so long before IBKR ends it as the policy wants to be warned.
 */
static int64_t due_at(const struct ibc_policy *policy, const struct ibc_version *version) {
    const int64_t by_age = version->created_ms + policy->rotation_max_age * 1000;
    const int64_t by_notice = version->expires_ms - policy->rotation_warn * 1000;
    return version->expires_ms != 0 && by_notice < by_age ? by_notice : by_age;
}

static void print_row(const char *name, const struct ibc_version *version, bool due,
                      int64_t due_ms) {
    char sealed[IBC_TIMESTAMP_MAX], at[IBC_TIMESTAMP_MAX];
    ibc_format_timestamp(version->created_ms, sealed);
    ibc_format_timestamp(due_ms > 0 ? due_ms : 0, at);
    printf("%-24s %s %.10s, version %u, sealed %.10s%s\n", name, due ? "due   since" : "soon  on",
           at, (unsigned)version->number, sealed,
           version->expires_ms != 0 ? ", IBKR has said that it ends" : "");
}

static json_t *entry_json(const struct ibc_profile *profile, const struct ibc_version *version,
                          bool due, int64_t due_ms) {
    const struct ibc_version *staged = ibc_profile_staged(profile);
    return json_pack("{s:s, s:i, s:s, s:o, s:o, s:o, s:o}", "profile", profile->name, "version",
                     (int)version->number, "state", due ? "due" : "soon", "due_at",
                     json_time(due_ms), "sealed", json_time(version->created_ms), "expires_at",
                     json_time(version->expires_ms), "staged",
                     json_version(staged ? staged->number : 0));
}

static enum ibc_status look_at(void *context, const char *name, enum ibc_kind kind,
                               struct ibc_error *err) {
    (void)kind;
    struct due_list *list = context;
    ibc_auto_profile *profile = NULL;
    enum ibc_status status = ibc_vault_get(list->session->vault, name, &profile, err);
    const struct ibc_version *active = status == IBC_OK ? ibc_profile_active(profile) : NULL;
    if (!active) {
        return status;
    }
    const struct ibc_policy *policy = &list->session->policy;
    const int64_t due_ms = due_at(policy, active);
    const bool due = list->now_ms >= due_ms;
    if (!due && list->now_ms < due_ms - policy->rotation_warn * 1000) {
        return IBC_OK;
    }
    if (due && list->due++ == 0) {
        snprintf(list->first, sizeof list->first, "%s", name);
    }
    if (list->session->cli->json) {
        json_array_append_new(list->entries, entry_json(profile, active, due, due_ms));
    } else {
        print_row(name, active, due, due_ms);
    }
    return IBC_OK;
}

/* --- once a day --- */

#define TOLD "rotation-due.told"

/* Take it upon us to tell people today. False: they were told less than a day ago. */
static bool claim_day(const struct session *session, int64_t now_ms) {
    ibc_auto_fd fd =
        openat(session->state_fd, TOLD, O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
    if (fd >= 0) {
        return true;
    }
    struct stat info;
    if (errno != EEXIST || fstatat(session->state_fd, TOLD, &info, AT_SYMLINK_NOFOLLOW) != 0) {
        return true;
    }
    const int64_t age = now_ms - (int64_t)info.st_mtim.tv_sec * 1000;
    if (age >= 0 && age < DAY_MS) {
        return false;
    }
    (void)utimensat(session->state_fd, TOLD, NULL, AT_SYMLINK_NOFOLLOW);
    return true;
}

static void close_for_notifier(void *context) {
    session_close(context);
}

static void notify(struct session *session, const struct due_list *list,
                   const struct ibc_error *said) {
    if (!claim_day(session, list->now_ms)) {
        return;
    }
    const struct ibc_notification notification = {
        .notice = IBC_NOTICE_ROTATION_DUE,
        .profile = list->first,
        .mode = "",
        .container = "",
        .text = said->text,
        .wall_ms = list->now_ms,
    };
    ibc_notify_start(&session->policy, &notification, close_for_notifier, session);
}

/* --- all --- */

static enum ibc_status answer(struct session *session, const struct due_list *list,
                              struct ibc_error *err) {
    enum ibc_status status =
        session->cli->json ? print_json(json_incref(list->entries), err) : flush_output(err);
    if (status != IBC_OK || list->due == 0) {
        return status;
    }
    if (list->due == 1) {
        ibc_fail(err, IBC_ERR_WAIT,
                 "the password of profile '%s' is due: change it at IBKR, then: ibcred rotate %s",
                 list->first, list->first);
    } else {
        ibc_fail(err, IBC_ERR_WAIT,
                 "the passwords of %zu profiles are due, the first is '%s': change them at IBKR, "
                 "then each with: ibcred rotate PROFILE",
                 list->due, list->first);
    }
    notify(session, list, err);
    return IBC_ERR_WAIT;
}

static void free_list(struct due_list *list) {
    json_decref(list->entries);
}

enum ibc_status rotate_due(const struct cli *cli, struct ibc_error *err) {
    auto_session session;
    enum ibc_status status = session_open(&session, cli, false, err);
    if (status != IBC_OK) {
        return status;
    }
    IBC_CLEANUP(free_list)
    struct due_list list = {
        .session = &session, .now_ms = ibc_clock_wall_ms(), .entries = json_array()};
    status = ibc_vault_each(session.vault, look_at, &list, err);
    return status == IBC_OK ? answer(&session, &list, err) : status;
}
