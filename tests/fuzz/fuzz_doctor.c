/*
 * fuzz_doctor.c - any bytes as a compose file: judged, and mended so that it is still one, that the
 * patch is exactly what was changed, and that the patch shows no credential.
 */
#include <ibcred/doctor.h>

enum { LOOKS = 64 };

static void require(bool holds) {
    if (!holds) {
        abort();
    }
}

struct text {
    const unsigned char *at, *end;
};

/* The next line with its newline; false at the end. */
static bool next_line(struct text *text, struct ibc_view *line) {
    if (text->at == text->end) {
        return false;
    }
    const unsigned char *newline = memchr(text->at, '\n', (size_t)(text->end - text->at));
    const unsigned char *end = newline ? newline + 1 : text->end;
    *line = (struct ibc_view){text->at, (size_t)(end - text->at)};
    text->at = end;
    return true;
}

static struct text text_of(const struct ibc_secret *secret) {
    return (struct text){secret->bytes, secret->bytes + secret->size};
}

static void take(struct text *text, struct ibc_view line) {
    require((size_t)(text->end - text->at) >= line.size);
    require(memcmp(text->at, line.bytes, line.size) == 0);
    text->at += line.size;
}

/* A number and what must stand before it. */
static size_t number(const unsigned char **at, char before) {
    require(**at == (unsigned char)before);
    char *end;
    const size_t value = strtoull((const char *)*at + 1, &end, 10);
    *at = (const unsigned char *)end;
    return value;
}

static void skip_to(struct text *old, struct text *new, size_t *line, size_t wanted) {
    struct ibc_view skipped;
    for (; *line < wanted; (*line)++) {
        require(next_line(old, &skipped));
        take(new, skipped);
    }
}

/* One line of a hunk, of which the newline is not the file's where `cut`. */
static void apply(struct ibc_view line, bool cut, struct text *old, struct text *new,
                  size_t left[2]) {
    const struct ibc_view content = {line.bytes + 1, line.size - 1 - cut};
    if (line.bytes[0] != '+') {
        take(old, content);
        left[0]--;
    }
    if (line.bytes[0] != '-') {
        take(new, content);
        left[1]--;
    }
}

/* Read the diff as patch(1) does, without any tolerance: it leads from one text to the other. */
static void check_diff(struct text old, struct text new, struct text diff) {
    struct ibc_view line;
    size_t at = 1;
    require(next_line(&diff, &line) && memcmp(line.bytes, "--- a/", 6) == 0);
    require(next_line(&diff, &line) && memcmp(line.bytes, "+++ b/", 6) == 0);
    while (next_line(&diff, &line)) {
        require(memcmp(line.bytes, "@@ ", 3) == 0);
        const unsigned char *cursor = line.bytes + 3;
        const size_t start = number(&cursor, '-');
        size_t left[2] = {number(&cursor, ','), 0};
        cursor++;
        (void)number(&cursor, '+');
        left[1] = number(&cursor, ',');
        /* Of a hunk without lines of the old file the line before is named. */
        require(start + (left[0] == 0) >= at);
        skip_to(&old, &new, &at, start + (left[0] == 0));
        at += left[0];
        while (left[0] > 0 || left[1] > 0) {
            require(next_line(&diff, &line));
            const bool cut = diff.at < diff.end && *diff.at == '\\';
            apply(line, cut, &old, &new, left);
            struct ibc_view no_newline;
            require(!cut || next_line(&diff, &no_newline));
        }
    }
    require(old.end - old.at == new.end - new.at);
    require(old.at == old.end || memcmp(old.at, new.at, (size_t)(old.end - old.at)) == 0);
}

static size_t occurrences(struct ibc_view text, const char *value, size_t size) {
    size_t count = 0;
    for (size_t i = 0; i + size <= text.size; i++) {
        count += memcmp(text.bytes + i, value, size) == 0;
    }
    return count;
}

/* A password that stands in the file once, so that it is nothing else, is not in the diff. */
static void check_secrets(const struct ibc_compose_project *project,
                          const struct ibc_secret *mended, const struct ibc_secret *diff) {
    for (size_t i = 0; i < project->service_count; i++) {
        const struct ibc_compose_service *service = &project->services[i];
        for (size_t j = 0; j < service->variable_count; j++) {
            const struct ibc_compose_variable *variable = &service->variables[j];
            const char *value = variable->text.value;
            if (!value || !ibc_doctor_is_credential(variable->name) || strlen(value) < 4 ||
                occurrences(project->texts[0], value, strlen(value)) != 1 ||
                occurrences(ibc_secret_view(mended), value, strlen(value)) != 1) {
                continue;
            }
            require(!memmem(diff->bytes, diff->size, value, strlen(value)));
        }
    }
}

static bool judge(struct ibc_view text, struct ibc_compose_project **project,
                  struct ibc_doctor_report *report) {
    static const struct ibc_doctor_world world;
    struct ibc_policy policy;
    struct ibc_error err = {0};
    const struct ibc_compose_source file = {"fuzz", text};
    ibc_policy_default(&policy);
    if (ibc_compose_parse(&file, 1, NULL, NULL, project, &err) != IBC_OK) {
        return false;
    }
    require(ibc_doctor_examine(*project, &world, &policy, report, &err) == IBC_OK);
    return true;
}

/* It is still a compose file, and what is left to mend (a port that stood there twice) ends. */
static void check_mended(const struct ibc_secret *mended, int looks) {
    ibc_auto_compose *project = NULL;
    ibc_auto_doctor_report report = {0};
    ibc_auto_secret again = {0}, diff = {0};
    struct ibc_error err = {0};
    require(looks > 0 && judge(ibc_secret_view(mended), &project, &report));
    require(ibc_doctor_mend(project, 0, &report, &again, &diff, &err) == IBC_OK);
    if (diff.size > 0) {
        check_mended(&again, looks - 1);
    }
}

int LLVMFuzzerInitialize(int *argc, char ***argv);

int LLVMFuzzerInitialize(int *argc, char ***argv) {
    (void)argc;
    (void)argv;
    struct ibc_error err = {0};
    return ibc_secret_init(&err) == IBC_OK ? 0 : -1;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    ibc_auto_compose *project = NULL;
    ibc_auto_doctor_report report = {0};
    ibc_auto_secret mended = {0}, diff = {0}, old = {0};
    struct ibc_error err = {0};
    const struct ibc_view text = {data, size};
    if (!judge(text, &project, &report)) {
        return 0;
    }
    require(ibc_doctor_mend(project, 0, &report, &mended, &diff, &err) == IBC_OK);
    if (diff.size > 0) {
        require(ibc_secret_copy(&old, text, &err) == IBC_OK);
        check_diff(text_of(&old), text_of(&mended), text_of(&diff));
        check_secrets(project, &mended, &diff);
        check_mended(&mended, LOOKS);
    }
    return 0;
}
