/* scrub.c - an env file without the lines that bind some names. */
#include "input/dotenv_file.h"
#include "input/parts.h"

#include <ibcred/file.h>

/* Bytes of the file that go, always whole lines. */
struct range {
    size_t start;
    size_t end;
};

struct ranges {
    struct range *list;
    size_t count;
};

static void free_ranges(struct ranges *ranges) {
    free(ranges->list);
}

struct names {
    const char *const *list;
    size_t count;
};

static bool is_named(const struct names *names, struct ibc_view name) {
    for (size_t i = 0; i < names->count; i++) {
        if (ibc_view_is(name, names->list[i])) {
            return true;
        }
    }
    return false;
}

static int compare_starts(const void *a, const void *b) {
    const struct range *left = a, *right = b;
    return (left->start > right->start) - (left->start < right->start);
}

static enum ibc_status find_ranges(const struct dotenv_file *file, const struct names *names,
                                   struct ranges *out, struct ibc_error *err) {
    size_t most = ibc_dotenv_count(file->read_as[0]);
    most += file->count == 2 ? ibc_dotenv_count(file->read_as[1]) : 0;
    out->list = calloc(most + 1, sizeof *out->list);
    if (!out->list) {
        return ibc_fail(err, IBC_ERR_INTERNAL, "no memory for the lines of an env file");
    }
    for (size_t reader = 0; reader < file->count; reader++) {
        const struct ibc_dotenv *dotenv = file->read_as[reader];
        for (size_t i = 0; i < ibc_dotenv_count(dotenv); i++) {
            const struct ibc_dotenv_entry *entry = ibc_dotenv_at(dotenv, i);
            if (is_named(names, entry->name)) {
                out->list[out->count++] = (struct range){entry->start, entry->end};
            }
        }
    }
    qsort(out->list, out->count, sizeof *out->list, compare_starts);
    return IBC_OK;
}

static bool overlaps(const struct ranges *ranges, const struct ibc_dotenv_entry *entry) {
    for (size_t i = 0; i < ranges->count; i++) {
        if (entry->start < ranges->list[i].end && ranges->list[i].start < entry->end) {
            return true;
        }
    }
    return false;
}

/* Compose v2 lets a binding follow another on one line: that one must not go along. */
static enum ibc_status spare_others(const struct dotenv_file *file, const struct names *names,
                                    const struct ranges *ranges, const char *file_name,
                                    struct ibc_error *err) {
    for (size_t reader = 0; reader < file->count; reader++) {
        const struct ibc_dotenv *dotenv = file->read_as[reader];
        for (size_t i = 0; i < ibc_dotenv_count(dotenv); i++) {
            const struct ibc_dotenv_entry *entry = ibc_dotenv_at(dotenv, i);
            if (!is_named(names, entry->name) && overlaps(ranges, entry)) {
                const struct place place = {.name = file_name, .line = entry->line};
                return fail_at(
                    &place, IBC_ERR_DATA,
                    "another variable on a line that is to go; give it a line of its own", err);
            }
        }
    }
    return IBC_OK;
}

static enum ibc_status copy_rest(struct ibc_view text, const struct ranges *ranges,
                                 struct ibc_secret *out, struct ibc_error *err) {
    ibc_auto_secret_buffer kept;
    ibc_secret_buffer_init(&kept, text.size);
    size_t at = 0;
    for (size_t i = 0; i < ranges->count; i++) {
        const struct range *range = &ranges->list[i];
        if (range->start > at) {
            ibc_secret_buffer_append(&kept, text.bytes + at, range->start - at);
        }
        at = range->end > at ? range->end : at;
    }
    ibc_secret_buffer_append(&kept, text.bytes + at, text.size - at);
    return ibc_secret_buffer_finish(&kept, "the env file", out, err);
}

enum ibc_status ibc_input_scrub(struct ibc_view text, const char *name,
                                enum ibc_input_format format, const char *const *names,
                                size_t name_count, struct ibc_secret *out, struct ibc_error *err) {
    *out = (struct ibc_secret){0};
    const struct names wanted = {names, name_count};
    auto_dotenv_file file = {0};
    IBC_CLEANUP(free_ranges) struct ranges ranges = {0};
    enum ibc_status status = dotenv_file_read(text, name, format, &file, err);
    if (status == IBC_OK) {
        status = find_ranges(&file, &wanted, &ranges, err);
    }
    if (status == IBC_OK) {
        status = spare_others(&file, &wanted, &ranges, name, err);
    }
    return status == IBC_OK ? copy_rest(text, &ranges, out, err) : status;
}
