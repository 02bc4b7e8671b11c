/*
 * policy.h - what the owner of the accounts allows.
 *
 * A policy is a YAML file, read strictly; policy/default.yaml documents every key, is compiled in
 * and is the default of each. The numbers about IBKR in it have their sources there.
 */
#ifndef IBCRED_POLICY_H
#define IBCRED_POLICY_H

#include <ibcred/kind.h>
#include <ibcred/sink.h>

#pragma GCC visibility push(default)

enum {
    IBC_POLICY_FILE_MAX = 262144, /* bytes */
    IBC_WINDOWS_MAX = 32,
    IBC_WINDOW_NAME_MAX = 64, /* bytes */
    IBC_ZONE_MAX = 64,        /* bytes */
    IBC_POLICY_FIELDS_MAX = 64,
    IBC_POLICY_FIELD_NAME_MAX = 64, /* bytes */
    IBC_IMAGES_MAX = 16,
    IBC_IMAGE_PATTERN_MAX = 128, /* bytes */
    IBC_NOTIFY_TARGETS_MAX = 8,
    IBC_NOTIFY_ARGUMENTS_MAX = 16, /* of a command */
    IBC_NOTIFY_TEXT_MAX = 1024,    /* bytes of a command, each argument with its NUL, or of a URL */
};

enum ibc_leniency { IBC_DENY, IBC_WARN, IBC_ALLOW };

/* The numbers of the login gate. Durations in seconds. */
struct ibc_gate_rules {
    int64_t max_failures;           /* failed logins in `window` that hold the account */
    int64_t max_attempts;           /* releases in `window` not known to be harmless */
    int64_t window;                 /* the rolling window of both */
    int64_t attempt_timeout;        /* how long a release waits for its outcome */
    int64_t rejected_wait;          /* after a rejection, for any other credential */
    int64_t throttled_wait;         /* after a lockout message without a time in it */
    int64_t throttled_margin;       /* added to every throttle wait */
    int64_t throttled_cap;          /* most that doubling makes of throttled_wait */
    int64_t second_factor_wait;     /* after a second factor that timed out */
    int64_t session_conflict_wait;  /* after a session was found elsewhere */
    int64_t silent_drop_wait;       /* after the first silent drop; doubles */
    int64_t silent_drop_cap;        /* where the doubling ends */
    int64_t persistent_drop_wait;   /* after the drop that follows that */
    int64_t persistent_drop_growth; /* per cent, each further one on the one before */
    int64_t persistent_drop_cap;    /* where that ends */
    int64_t unknown_wait;           /* after an attempt nothing was heard of */
};

/* A maintenance window, in local time of its zone. */
struct ibc_window {
    char name[IBC_WINDOW_NAME_MAX + 1];
    char zone[IBC_ZONE_MAX + 1]; /* IANA name */
    unsigned days;               /* bit 0 = Sunday … bit 6 = Saturday: days it begins on */
    int from_minute;             /* of the day, 0…1439 */
    int minutes;                 /* how long it lasts, 1…10080 */
};

/* What somebody may want to be told of. */
enum ibc_notice {
    IBC_NOTICE_HELD = 1,           /* a person must look: nothing is released any more */
    IBC_NOTICE_THROTTLED,          /* IBKR asks to wait */
    IBC_NOTICE_REJECTED,           /* IBKR does not accept the password */
    IBC_NOTICE_MODE_CONTRADICTION, /* the account is not of the kind that was sealed */
    IBC_NOTICE_PASSWORD_EXPIRY,    /* the password ends soon, or has */
    IBC_NOTICE_RECOVERED,          /* logged in again after trouble */
    IBC_NOTICE_ROTATION_DUE,       /* a password is older than it should get */
};

/* "held", "throttled", "rejected", "mode-contradiction", "password-expiry", "recovered",
 * "rotation-due" */
const char *ibc_notice_name(enum ibc_notice notice);

enum ibc_notify_way {
    IBC_NOTIFY_COMMAND,      /* run `text`: its arguments one after the other, each with its NUL */
    IBC_NOTIFY_WEBHOOK,      /* POST a JSON object to the URL in `text` */
    IBC_NOTIFY_WEBHOOK_FILE, /* the URL is the first line of the trusted file at the path `text` */
};

struct ibc_notify_target {
    unsigned notices; /* bit 1 << enum ibc_notice */
    enum ibc_notify_way way;
    bool slack;            /* the object is {"text": …} instead of ibcred's own */
    int64_t timeout;       /* seconds */
    size_t argument_count; /* of a command */
    char text[IBC_NOTIFY_TEXT_MAX];
};

/* How an image reads the credentials that it is given. */
struct ibc_image_rule {
    char pattern[IBC_IMAGE_PATTERN_MAX + 1]; /* of its name, as fnmatch(3) without flags */
    enum ibc_consumer consumer;
};

struct ibc_policy {
    bool allow_paper, allow_live;
    enum ibc_leniency live_user_in_paper;
    int64_t ttl_default, ttl_max; /* seconds */
    bool allow_disk;              /* may deliveries lie on a disk? */
    uint16_t port_paper, port_live;
    enum ibc_consumer consumer; /* IBC_CONSUMER_UNKNOWN: found from the image's name */
    size_t image_count;
    struct ibc_image_rule images[IBC_IMAGES_MAX]; /* the first that matches counts */
    int64_t api_client_id;                        /* of our own probes */
    int64_t api_timeout;                          /* seconds */
    uint16_t api_port_paper, api_port_live;       /* on the host, where nothing else is said */
    bool api_attest;                    /* ask the API which account it is after a login */
    int64_t secret_owner, secret_group; /* of the gateway's secret files, where root delivers */
    int64_t secret_mode;                /* their mode as in chmod(2): 0400 or 0440 */
    bool all_fields;                    /* every further field may be delivered */
    size_t field_count;
    char fields[IBC_POLICY_FIELDS_MAX][IBC_POLICY_FIELD_NAME_MAX + 1]; /* where not all: these */
    struct ibc_gate_rules gate;
    int64_t rotation_max_age;           /* seconds: a password that is older is due */
    int64_t rotation_warn;              /* seconds before that: it soon is */
    struct ibc_retention rotation_keep; /* of those replaced */
    int64_t restart_wait; /* seconds: before a supervisor's first restart after a login; doubles */
    int64_t restart_cap;  /* seconds: where the doubling ends */
    int64_t
        restart_steady; /* seconds: a session that lasted this long starts again with the first */
    size_t notify_count;
    struct ibc_notify_target notify[IBC_NOTIFY_TARGETS_MAX];
    size_t window_count;
    struct ibc_window windows[IBC_WINDOWS_MAX];
};

/* The built-in default: policy/default.yaml. */
void ibc_policy_default(struct ibc_policy *out);

/*
 * Parse `text` over the default: a key that is left out keeps its default. `name` is the file in
 * the sentence. IBC_ERR_MISMATCH, with name:line:column: not YAML, an unknown or repeated key, a
 * wrong type, a value out of range, an unknown time zone, or keys that contradict one another.
 * `*out` is unchanged on failure.
 */
IBC_CHECKED enum ibc_status ibc_policy_parse(struct ibc_view text, const char *name,
                                             struct ibc_policy *out, struct ibc_error *err);

/*
 * Read and parse the trusted file at `path` (ibc_file_open_trusted()). IBC_ERR_DATA: longer than
 * IBC_POLICY_FILE_MAX.
 */
IBC_CHECKED enum ibc_status ibc_policy_load(const char *path, struct ibc_policy *out,
                                            struct ibc_error *err);

/* What a field's name begins with that is ibcred's own, such as a forge's token. */
#define IBC_OWN_FIELD_PREFIX "IBCRED_"

/* May the further field of that name leave the vault with a release? Never one of ibcred's own. */
bool ibc_policy_allows_field(const struct ibc_policy *policy, struct ibc_view name);

/* The API port of the gateway's container that fits the mode. IBC_MODE_BOTH gives live's. */
uint16_t ibc_policy_port(const struct ibc_policy *policy, enum ibc_mode mode);

/*
 * Is `wall_ms` inside a maintenance window? Yields the window (owned by the policy) and, in
 * `*until_ms`, the wall-clock time at which the last of all windows that overlap or touch it ends,
 * looking a week ahead; NULL, with `*until_ms` left alone, when it is outside all. Follows
 * daylight saving time of each window's zone; a window is never made shorter by it. A zone that
 * has vanished since the policy was read counts as a window of one minute.
 *
 * Not thread-safe: it sets the environment variable TZ for as long as it runs. A policy without
 * windows costs nothing.
 */
const struct ibc_window *ibc_policy_window(const struct ibc_policy *policy, int64_t wall_ms,
                                           int64_t *until_ms);

/*
 * How the image of that name (with its tag or digest; NULL: not known) reads its credentials: what
 * the policy says outright, else by the first pattern that matches. IBC_CONSUMER_UNKNOWN: the
 * policy does not know it. Pure.
 */
enum ibc_consumer ibc_policy_consumer(const struct ibc_policy *policy, const char *image);

/*
 * The same by the patterns alone: a consumer means that an image of that name is a gateway's. What
 * the policy says outright is about gateways and makes none of any other image. Pure.
 */
enum ibc_consumer ibc_policy_image(const struct ibc_policy *policy, const char *image);

/* The port on the host under which a gateway of that mode is looked for. */
uint16_t ibc_policy_api_port(const struct ibc_policy *policy, enum ibc_mode mode);

/* What mode, kind and policy say to a release. */
enum ibc_mode_verdict {
    IBC_MODE_PASS,
    IBC_MODE_PASS_WITH_WARNING, /* paper asked for, live user, policy says warn */
    IBC_MODE_REFUSED_POLICY,    /* the policy does not allow that mode */
    IBC_MODE_REFUSED_KIND,      /* kind and mode disagree, or not one profile for one mode */
    IBC_MODE_REFUSED_INCOMPLETE /* `both` without one profile of each kind */
};

/*
 * Pure: may the usernames of `kinds` (count 1, or 2 for `both`) be used for `mode`?
 * IBKR refuses a paper user in live mode and counts a failure, so no policy can allow that;
 * it accepts a live user in paper mode. What no policy can change comes before what one forbids.
 */
enum ibc_mode_verdict ibc_mode_check(const struct ibc_policy *policy, enum ibc_mode mode,
                                     const enum ibc_kind *kinds, size_t count);

/*
 * The same verdict as a status and, where refused or warned, one sentence about `profile`:
 * IBC_ERR_REFUSED where the policy forbids the mode, IBC_ERR_MISMATCH for the other refusals,
 * IBC_OK with the sentence in `err` for a warning, IBC_OK with `err` left alone for a pass.
 */
IBC_CHECKED enum ibc_status ibc_mode_explain(enum ibc_mode_verdict verdict, enum ibc_mode mode,
                                             const char *profile, enum ibc_kind kind,
                                             struct ibc_error *err);

/*
 * Does a username look like something else? IBC_USERNAME_ACCOUNT_ID: like an account id
 * (U1234567, DU1234567): never a username. IBC_USERNAME_CONTRADICTS: its text begins with paper,
 * demo or live and `kind` says the other.
 */
enum ibc_username_verdict { IBC_USERNAME_FINE, IBC_USERNAME_ACCOUNT_ID, IBC_USERNAME_CONTRADICTS };
enum ibc_username_verdict ibc_username_check(struct ibc_view username, enum ibc_kind kind);

#pragma GCC visibility pop

#endif
