/*
 * broker_account.c - reads the file of an account.
 */
#include "broker_account.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char *const answer_names[] = {
    [ANSWER_ACCEPT] = "accept",
    [ANSWER_REJECT] = "reject",
    [ANSWER_LOGIN_ERROR] = "login-error",
    [ANSWER_DROP] = "drop",
    [ANSWER_THROTTLE] = "throttle",
    [ANSWER_CONFLICT] = "conflict",
    [ANSWER_EXPIRY] = "expiry",
    [ANSWER_SECOND_FACTOR] = "second-factor",
    [ANSWER_SECOND_FACTOR_TIMEOUT] = "second-factor-timeout",
    [ANSWER_SECOND_FACTOR_STUCK] = "second-factor-stuck",
    [ANSWER_CRASH] = "crash",
    [ANSWER_LOGOFF] = "logoff",
    [ANSWER_RESTART] = "restart",
    [ANSWER_COLD_RESTART] = "cold-restart",
};

static bool number_from(const char *text, int64_t *out) {
    char *end;

    *out = strtoll(text, &end, 10);
    return end != text && *end == '\0' && *out >= 0;
}

/* Is it one of the words, which are given as "first|second|third"? */
static bool word_from(const char *text, const char *words, char *out, size_t size) {
    size_t length = strlen(text);

    for (const char *word = words; word != NULL; word = strchr(word, '|')) {
        word += *word == '|';
        if (strcspn(word, "|") == length && strncmp(word, text, length) == 0) {
            snprintf(out, size, "%s", text);
            return true;
        }
    }
    return false;
}

static bool answer_from(const char *name, enum answer *out) {
    for (size_t i = 0; i < sizeof answer_names / sizeof answer_names[0]; i++) {
        if (strcmp(name, answer_names[i]) == 0) {
            *out = (enum answer)i;
            return true;
        }
    }
    return false;
}

static bool answers_from(char *list, struct account *out) {
    const char *name;

    out->answer_count = 0;
    while ((name = strsep(&list, ",")) != NULL) {
        if (out->answer_count == ANSWERS_MAX ||
            !answer_from(name, &out->answers[out->answer_count])) {
            return false;
        }
        out->answer_count++;
    }
    return true;
}

static bool set_number(struct account *out, const char *name, const char *value, bool *known) {
    const struct {
        const char *name;
        int64_t *number;
    } numbers[] = {
        {"throttle_s", &out->throttle_s},
        {"throttle_after", &out->throttle_after},
        {"second_factor_ms", &out->second_factor_ms},
        {"after_ms", &out->after_ms},
        {"exit_status", &out->exit_status},
        {"linger_ms", &out->linger_ms},
        {"lock_ms", &out->lock_ms},
    };

    for (size_t i = 0; i < sizeof numbers / sizeof numbers[0]; i++) {
        if (strcmp(name, numbers[i].name) == 0) {
            *known = true;
            return number_from(value, numbers[i].number);
        }
    }
    *known = false;
    return false;
}

static bool set(struct account *out, const char *name, char *value) {
    bool known;
    bool understood = set_number(out, name, value, &known);

    if (known) {
        return understood;
    }
    if (strcmp(name, "password") == 0) {
        return text_from_hex(value, &out->password);
    }
    if (strcmp(name, "answers") == 0) {
        return answers_from(value, out);
    }
    if (strcmp(name, "account") == 0) {
        snprintf(out->account, sizeof out->account, "%s", value);
        return true;
    }
    if (strcmp(name, "kind") == 0) {
        return word_from(value, "any|paper|live", out->kind, sizeof out->kind);
    }
    if (strcmp(name, "rejection") == 0) {
        return word_from(value, "dialog|failed", out->rejection, sizeof out->rejection);
    }
    if (strcmp(name, "lock_answer") == 0) {
        return word_from(value, "rejected|throttled", out->lock_answer, sizeof out->lock_answer);
    }
    return false;
}

static const struct account defaults = {
    .kind = "any",
    .rejection = "dialog",
    .lock_answer = "rejected",
    .answer_count = 1,
    .throttle_s = 59,
    .second_factor_ms = 500,
    .after_ms = 500,
    .exit_status = 1,
    .lock_ms = 24LL * 60 * 60 * 1000,
};

bool account_read(const char *directory, const char *user, struct account *out) {
    char path[4096], line[WIRE_LINE_MAX];
    FILE *file;

    snprintf(path, sizeof path, "%s/accounts/%s", directory, user);
    file = fopen(path, "re");
    if (file == NULL) {
        return false;
    }
    *out = defaults;
    while (fgets(line, sizeof line, file) != NULL) {
        char *value = line;
        const char *name;

        line[strcspn(line, "\n")] = '\0';
        name = strsep(&value, " ");
        if (value == NULL || !set(out, name, value)) {
            fprintf(stderr, "ib-broker: %s: '%s' is not understood\n", path, name);
            exit(EXIT_FAILURE);
        }
    }
    fclose(file);
    return true;
}

void account_unknown(struct account *out) {
    *out = defaults;
    out->answers[0] = ANSWER_REJECT;
}

enum answer account_answer(const struct account *account, size_t attempt) {
    size_t last = account->answer_count - 1;

    return account->answers[attempt - 1 < last ? attempt - 1 : last];
}
