/* notify.c - the list of those who are to be told, in a policy file. */
#include "base/utf8.h"
#include "policy/schema.h"

#include <ibcred/policy.h>

enum { TIMEOUT = 10, TIMEOUT_MAX = 60 /* seconds */ };

static const struct ibc_yaml_word notice_words[] = {
    {"held", IBC_NOTICE_HELD},
    {"throttled", IBC_NOTICE_THROTTLED},
    {"rejected", IBC_NOTICE_REJECTED},
    {"mode-contradiction", IBC_NOTICE_MODE_CONTRADICTION},
    {"password-expiry", IBC_NOTICE_PASSWORD_EXPIRY},
    {"recovered", IBC_NOTICE_RECOVERED},
    {"rotation-due", IBC_NOTICE_ROTATION_DUE},
    {NULL, 0},
};

enum { NOTICES = IBC_ARRAY_SIZE(notice_words) - 1 };

const char *ibc_notice_name(enum ibc_notice notice) {
    for (const struct ibc_yaml_word *at = notice_words; at->word != NULL; at++) {
        if (at->value == (int)notice) {
            return at->word;
        }
    }
    return "unknown";
}

static unsigned every_notice(void) {
    unsigned notices = 0;
    for (size_t i = 0; i < NOTICES; i++) {
        notices |= 1U << notice_words[i].value;
    }
    return notices;
}

/* One entry as it is written: what it says besides, for keys that exclude one another. */
struct entry {
    struct ibc_notify_target target;
    bool has_way, has_format;
};

static enum ibc_status read_notice(struct ibc_yaml *yaml, const struct ibc_yaml_field *field,
                                   size_t index, void *target) {
    (void)index;
    unsigned *notices = target;
    int notice;
    enum ibc_status status = ibc_yaml_word(yaml, field, &notice);
    if (status != IBC_OK) {
        return status;
    }
    if ((*notices & 1U << notice) != 0) {
        return ibc_yaml_fail(yaml, "repeats a word of the list; take it out");
    }
    *notices |= 1U << notice;
    return IBC_OK;
}

static enum ibc_status read_on(struct ibc_yaml *yaml, const struct ibc_yaml_field *field,
                               void *target) {
    *(unsigned *)target = 0;
    return ibc_yaml_list(yaml, field, read_notice, target);
}

/* The scalar at hand where it is printable and, with its NUL, no longer than `room`; or NULL. */
static const char *printable(const struct ibc_yaml *yaml, size_t room) {
    const char *text = ibc_yaml_scalar(yaml);
    return text != NULL && strlen(text) < room && utf8_printable(ibc_view_of(text)) ? text : NULL;
}

/* How much of `text` the arguments so far take up. */
static size_t used_by_arguments(const struct ibc_notify_target *target) {
    size_t used = 0;
    for (size_t i = 0; i < target->argument_count; i++) {
        used += strlen(target->text + used) + 1;
    }
    return used;
}

static enum ibc_status read_argument(struct ibc_yaml *yaml, const struct ibc_yaml_field *field,
                                     size_t index, void *target) {
    (void)field;
    struct ibc_notify_target *command = target;
    const size_t used = used_by_arguments(command);
    const char *argument = printable(yaml, sizeof command->text - used);
    if (argument == NULL) {
        return ibc_yaml_fail(yaml,
                             "must be printable text, all of the command at most %d bytes long, "
                             "each item and one more",
                             IBC_NOTIFY_TEXT_MAX);
    }
    if (index == 0 && argument[0] != '/') {
        return ibc_yaml_fail(yaml, "must be the absolute path of a program, such as "
                                   "/usr/local/bin/page");
    }
    memcpy(command->text + used, argument, strlen(argument) + 1);
    command->argument_count = index + 1;
    return IBC_OK;
}

static enum ibc_status take_way(struct ibc_yaml *yaml, struct entry *entry,
                                enum ibc_notify_way way) {
    if (entry->has_way) {
        return ibc_yaml_fail(yaml, "is a second way in one item; keep one of command, webhook and "
                                   "webhook_file, and make another item for the other");
    }
    entry->has_way = true;
    entry->target.way = way;
    return IBC_OK;
}

static enum ibc_status read_command(struct ibc_yaml *yaml, const struct ibc_yaml_field *field,
                                    void *target) {
    struct entry *entry = target;
    enum ibc_status status = take_way(yaml, entry, IBC_NOTIFY_COMMAND);
    return status == IBC_OK ? ibc_yaml_list(yaml, field, read_argument, &entry->target) : status;
}

bool ibc_policy_is_webhook(const char *text) {
    static const char *const schemes[] = {"http://", "https://"};
    for (const char *at = text; *at != '\0'; at++) {
        if (*at <= ' ' || *at > '~') {
            return false;
        }
    }
    for (size_t i = 0; i < IBC_ARRAY_SIZE(schemes); i++) {
        const size_t size = strlen(schemes[i]);
        if (strncmp(text, schemes[i], size) == 0) {
            return strcspn(text + size, "/?#") > 0;
        }
    }
    return false;
}

static enum ibc_status read_webhook(struct ibc_yaml *yaml, const struct ibc_yaml_field *field,
                                    void *target) {
    (void)field;
    struct entry *entry = target;
    enum ibc_status status = take_way(yaml, entry, IBC_NOTIFY_WEBHOOK);
    if (status != IBC_OK) {
        return status;
    }
    const char *url = printable(yaml, sizeof entry->target.text);
    if (url == NULL || !ibc_policy_is_webhook(url)) {
        return ibc_yaml_fail(yaml, "must be an http:// or https:// URL of at most %d bytes",
                             IBC_NOTIFY_TEXT_MAX - 1);
    }
    memcpy(entry->target.text, url, strlen(url) + 1);
    return IBC_OK;
}

static enum ibc_status read_webhook_file(struct ibc_yaml *yaml, const struct ibc_yaml_field *field,
                                         void *target) {
    (void)field;
    struct entry *entry = target;
    enum ibc_status status = take_way(yaml, entry, IBC_NOTIFY_WEBHOOK_FILE);
    if (status != IBC_OK) {
        return status;
    }
    const char *path = printable(yaml, sizeof entry->target.text);
    if (path == NULL || path[0] != '/') {
        return ibc_yaml_fail(yaml, "must be the absolute path of a file, of at most %d bytes",
                             IBC_NOTIFY_TEXT_MAX - 1);
    }
    memcpy(entry->target.text, path, strlen(path) + 1);
    return IBC_OK;
}

static const struct ibc_yaml_word format_words[] = {{"json", false}, {"slack", true}, {NULL, 0}};

static enum ibc_status read_format(struct ibc_yaml *yaml, const struct ibc_yaml_field *field,
                                   void *target) {
    struct entry *entry = target;
    int slack;
    enum ibc_status status = ibc_yaml_word(yaml, field, &slack);
    if (status == IBC_OK) {
        entry->target.slack = slack != 0;
        entry->has_format = true;
    }
    return status;
}

static enum ibc_status check_entry(struct ibc_yaml *yaml, const void *target) {
    const struct entry *entry = target;
    if (!entry->has_way) {
        return ibc_yaml_fail(yaml, "tells nobody; add one of command, webhook and webhook_file");
    }
    if (entry->has_format && entry->target.way == IBC_NOTIFY_COMMAND) {
        return ibc_yaml_fail(yaml, "gives a command a format, which only webhooks have; take it "
                                   "out");
    }
    return IBC_OK;
}

static const struct ibc_yaml_field entry_fields[] = {
    {.key = "on",
     .read = read_on,
     .offset = offsetof(struct entry, target.notices),
     .min = 1,
     .max = NOTICES,
     .words = notice_words},
    {.key = "command", .read = read_command, .min = 1, .max = IBC_NOTIFY_ARGUMENTS_MAX},
    {.key = "webhook", .read = read_webhook},
    {.key = "webhook_file", .read = read_webhook_file},
    {.key = "format", .read = read_format, .words = format_words},
    {.key = "timeout",
     .read = ibc_yaml_duration,
     .offset = offsetof(struct entry, target.timeout),
     .min = 1,
     .max = TIMEOUT_MAX},
};

static const struct ibc_yaml_table entry_table = {
    .fields = entry_fields, .count = IBC_ARRAY_SIZE(entry_fields), .check = check_entry};

static enum ibc_status read_entry(struct ibc_yaml *yaml, const struct ibc_yaml_field *field,
                                  size_t index, void *target) {
    (void)field;
    struct ibc_policy *policy = target;
    struct entry entry = {.target = {.notices = every_notice(), .timeout = TIMEOUT}};
    const struct ibc_yaml_field mapping = {.table = &entry_table};
    enum ibc_status status = ibc_yaml_mapping(yaml, &mapping, &entry);
    if (status == IBC_OK) {
        policy->notify[index] = entry.target;
        policy->notify_count = index + 1;
    }
    return status;
}

enum ibc_status ibc_policy_read_notify(struct ibc_yaml *yaml, const struct ibc_yaml_field *field,
                                       void *target) {
    struct ibc_policy *policy = target;
    policy->notify_count = 0;
    return ibc_yaml_list(yaml, field, read_entry, policy);
}
