/* mend.c - the edits of a report made in one file, and the same as a unified diff. */
#include "doctor/lines.h"

#include <ibcred/doctor.h>
#include <ibcred/file.h>

enum { CONTEXT = 3, DIFF_MAX = 8 * IBC_COMPOSE_FILE_MAX };

/* Lines `first` to `end` (not included) become the bytes of `text`. */
struct change {
    size_t first, end;
    struct ibc_secret text;
    size_t lines; /* of the text */
};

struct mending {
    struct ibc_view old;
    struct line_table lines;
    size_t edit_count;
    const struct ibc_doctor_edit **edits; /* in order, none twice */
    size_t change_count;
    struct change *changes;
};

static int compare_edits(const void *a, const void *b) {
    const struct ibc_doctor_edit *left = *(const struct ibc_doctor_edit *const *)a;
    const struct ibc_doctor_edit *right = *(const struct ibc_doctor_edit *const *)b;
    if (left->start != right->start) {
        return left->start < right->start ? -1 : 1;
    }
    return (left->end > right->end) - (left->end < right->end);
}

static bool same(const struct ibc_doctor_edit *a, const struct ibc_doctor_edit *b) {
    return a->start == b->start && a->end == b->end && strcmp(a->text, b->text) == 0;
}

/* Two rules that want the same have one edit. False where two want different things. */
static bool drop_repeated(struct mending *mending) {
    size_t kept = 0;
    for (size_t i = 0; i < mending->edit_count; i++) {
        const struct ibc_doctor_edit *edit = mending->edits[i];
        const struct ibc_doctor_edit *last = kept > 0 ? mending->edits[kept - 1] : NULL;
        if (last && same(last, edit)) {
            continue;
        }
        if (edit->end > mending->old.size || (last && edit->start < last->end) ||
            (last && edit->start == last->start)) {
            return false;
        }
        mending->edits[kept++] = edit;
    }
    mending->edit_count = kept;
    return true;
}

static enum ibc_status collect(const struct ibc_doctor_report *report, size_t file,
                               struct mending *mending, struct ibc_error *err) {
    mending->edits = calloc(report->count + 1, sizeof(const struct ibc_doctor_edit *));
    mending->changes = calloc(report->count + 1, sizeof *mending->changes);
    if (!mending->edits || !mending->changes) {
        return ibc_fail(err, IBC_ERR_INTERNAL, "no memory for the patch");
    }
    for (size_t i = 0; i < report->count; i++) {
        const struct ibc_doctor_edit *edit = &report->findings[i].edit;
        if (edit->text && edit->file == file) {
            mending->edits[mending->edit_count++] = edit;
        }
    }
    if (mending->edit_count > 1) {
        qsort(mending->edits, mending->edit_count, sizeof(const struct ibc_doctor_edit *),
              compare_edits);
    }
    return drop_repeated(mending)
               ? IBC_OK
               : ibc_fail(err, IBC_ERR_INTERNAL, "two edits of one place do not agree");
}

/* --- the file as it will be ------------------------------------------------------------------- */

/* Bytes `start` to `end` of the old file with edits `first` to `last` (not included) made. */
static void append_edited(const struct mending *mending, size_t start, size_t end, size_t first,
                          size_t last, struct ibc_secret_buffer *out) {
    for (size_t i = first; i < last; i++) {
        const struct ibc_doctor_edit *edit = mending->edits[i];
        ibc_secret_buffer_append(out, mending->old.bytes + start, edit->start - start);
        ibc_secret_buffer_append_text(out, edit->text);
        start = edit->end;
    }
    ibc_secret_buffer_append(out, mending->old.bytes + start, end - start);
}

/* --- changes of whole lines ------------------------------------------------------------------- */

/* Whole lines put before a line leave that line alone. */
static bool inserts_lines(const struct mending *mending, const struct ibc_doctor_edit *edit) {
    const size_t size = strlen(edit->text);
    return edit->start == edit->end && size > 0 && edit->text[size - 1] == '\n' &&
           edit->start == mending->lines.starts[line_of(&mending->lines, edit->start)];
}

static void lines_of_edit(const struct mending *mending, const struct ibc_doctor_edit *edit,
                          size_t *first, size_t *end) {
    *first = line_of(&mending->lines, edit->start);
    if (inserts_lines(mending, edit)) {
        *end = *first;
    } else {
        *end = line_of(&mending->lines, edit->end > edit->start ? edit->end - 1 : edit->end) + 1;
    }
}

static size_t count_newlines(struct ibc_view text) {
    size_t count = text.size > 0 && text.bytes[text.size - 1] != '\n';
    for (size_t i = 0; i < text.size; i++) {
        count += text.bytes[i] == '\n';
    }
    return count;
}

/* The edits from `first` on that touch the same lines, as one change; how many those are. */
static enum ibc_status make_change(struct mending *mending, size_t first, size_t *taken,
                                   struct ibc_error *err) {
    struct change *change = &mending->changes[mending->change_count++];
    lines_of_edit(mending, mending->edits[first], &change->first, &change->end);
    size_t last = first + 1;
    for (; last < mending->edit_count; last++) {
        size_t begin, end;
        lines_of_edit(mending, mending->edits[last], &begin, &end);
        if (begin > change->end) {
            break;
        }
        change->end = end > change->end ? end : change->end;
    }
    *taken = last - first;
    ibc_auto_secret_buffer text;
    ibc_secret_buffer_init(&text, DIFF_MAX);
    append_edited(mending, mending->lines.starts[change->first], mending->lines.starts[change->end],
                  first, last, &text);
    enum ibc_status status = ibc_secret_buffer_finish(&text, "the patch", &change->text, err);
    change->lines = count_newlines(ibc_secret_view(&change->text));
    return status;
}

static enum ibc_status make_changes(struct mending *mending, struct ibc_error *err) {
    for (size_t i = 0, taken = 0; i < mending->edit_count; i += taken) {
        enum ibc_status status = make_change(mending, i, &taken, err);
        if (status != IBC_OK) {
            return status;
        }
    }
    return IBC_OK;
}

/* --- the diff --------------------------------------------------------------------------------- */

/* Lines of a text, each with its sign in front. */
static void append_signed(struct ibc_secret_buffer *out, char sign, struct ibc_view text) {
    while (text.size > 0) {
        const unsigned char *newline = memchr(text.bytes, '\n', text.size);
        const size_t size = newline ? (size_t)(newline - text.bytes) + 1 : text.size;
        ibc_secret_buffer_append_byte(out, (unsigned char)sign);
        ibc_secret_buffer_append(out, text.bytes, size);
        if (!newline) {
            ibc_secret_buffer_append_text(out, "\n\\ No newline at end of file\n");
        }
        text.bytes += size;
        text.size -= size;
    }
}

static struct ibc_view old_lines(const struct mending *mending, size_t first, size_t end) {
    const size_t *starts = mending->lines.starts;
    return (struct ibc_view){mending->old.bytes + starts[first], starts[end] - starts[first]};
}

/* How many lines of context there are before `line`, down to `least`: none past a secret. */
static size_t context_before(const struct mending *mending, size_t line, size_t least) {
    size_t count = 0;
    while (count < CONTEXT && line - count > least && !mending->lines.secret[line - count - 1]) {
        count++;
    }
    return count;
}

static size_t context_after(const struct mending *mending, size_t line) {
    size_t count = 0;
    while (count < CONTEXT && line + count < mending->lines.count &&
           !mending->lines.secret[line + count]) {
        count++;
    }
    return count;
}

/* Are the lines between two changes few enough, and all to be shown, to be in one hunk? */
static bool one_hunk(const struct mending *mending, const struct change *a,
                     const struct change *b) {
    if (b->first - a->end > (size_t)2 * CONTEXT) {
        return false;
    }
    for (size_t line = a->end; line < b->first; line++) {
        if (mending->lines.secret[line]) {
            return false;
        }
    }
    return true;
}

static void append_header(struct ibc_secret_buffer *out, size_t old_first, size_t old_count,
                          size_t new_first, size_t new_count) {
    char text[128];
    /* Of a side without lines the line before is named. */
    snprintf(text, sizeof text, "@@ -%zu,%zu +%zu,%zu @@\n", old_first + (old_count > 0), old_count,
             new_first + (new_count > 0), new_count);
    ibc_secret_buffer_append_text(out, text);
}

/*
 * Changes `first` to `last` (not included) as one hunk. `shift` is how many lines the file has
 * gained before it.
 */
static void append_hunk(const struct mending *mending, size_t first, size_t last, size_t least,
                        size_t shift, struct ibc_secret_buffer *out) {
    const struct change *changes = mending->changes;
    const size_t before = context_before(mending, changes[first].first, least);
    const size_t after = context_after(mending, changes[last - 1].end);
    const size_t begin = changes[first].first - before, end = changes[last - 1].end + after;
    size_t new_count = end - begin;
    for (size_t i = first; i < last; i++) {
        new_count += changes[i].lines - (changes[i].end - changes[i].first);
    }
    append_header(out, begin, end - begin, begin + shift, new_count);
    size_t line = begin;
    for (size_t i = first; i < last; i++) {
        append_signed(out, ' ', old_lines(mending, line, changes[i].first));
        append_signed(out, '-', old_lines(mending, changes[i].first, changes[i].end));
        append_signed(out, '+', ibc_secret_view(&changes[i].text));
        line = changes[i].end;
    }
    append_signed(out, ' ', old_lines(mending, line, end));
}

static void append_hunks(const struct mending *mending, struct ibc_secret_buffer *out) {
    size_t shift = 0, least = 0;
    for (size_t first = 0; first < mending->change_count;) {
        size_t last = first + 1;
        while (last < mending->change_count &&
               one_hunk(mending, &mending->changes[last - 1], &mending->changes[last])) {
            last++;
        }
        append_hunk(mending, first, last, least, shift, out);
        for (size_t i = first; i < last; i++) {
            shift +=
                mending->changes[i].lines - (mending->changes[i].end - mending->changes[i].first);
        }
        least =
            mending->changes[last - 1].end + context_after(mending, mending->changes[last - 1].end);
        first = last;
    }
}

/*
 * The name as patch(1) reads it: up to white space, unless a tab ends it. What cannot be shown is
 * not shown.
 */
static bool append_name(struct ibc_secret_buffer *out, const char *sign, const char *prefix,
                        const char *name) {
    ibc_auto_free char *shown = strdup(name);
    if (!shown) {
        return false;
    }
    ibc_make_printable(shown);
    ibc_secret_buffer_append_text(out, sign);
    ibc_secret_buffer_append_text(out, prefix);
    ibc_secret_buffer_append_text(out, shown);
    ibc_secret_buffer_append_text(out, strchr(shown, ' ') ? "\t\n" : "\n");
    return true;
}

static enum ibc_status write_diff(const struct mending *mending, const char *name,
                                  struct ibc_secret *out, struct ibc_error *err) {
    ibc_auto_secret_buffer diff;
    ibc_secret_buffer_init(&diff, DIFF_MAX);
    const bool absolute = name[0] == '/';
    name += strncmp(name, "./", 2) == 0 ? 2 : 0;
    if (!append_name(&diff, "--- ", absolute ? "" : "a/", name) ||
        !append_name(&diff, "+++ ", absolute ? "" : "b/", name)) {
        return ibc_fail(err, IBC_ERR_INTERNAL, "no memory for the patch");
    }
    append_hunks(mending, &diff);
    return ibc_secret_buffer_finish(&diff, "the patch", out, err);
}

static void clear(struct mending *mending) {
    for (size_t i = 0; i < mending->change_count; i++) {
        ibc_secret_free(&mending->changes[i].text);
    }
    free(mending->changes);
    free(mending->edits);
    lines_clear(&mending->lines);
}

static enum ibc_status mend(struct mending *mending, const char *name, struct ibc_secret *mended,
                            struct ibc_secret *diff, struct ibc_error *err) {
    enum ibc_status status = make_changes(mending, err);
    if (status != IBC_OK) {
        return status;
    }
    ibc_auto_secret_buffer text;
    ibc_secret_buffer_init(&text, DIFF_MAX);
    append_edited(mending, 0, mending->old.size, 0, mending->edit_count, &text);
    status = ibc_secret_buffer_finish(&text, "the mended file", mended, err);
    return status == IBC_OK ? write_diff(mending, name, diff, err) : status;
}

enum ibc_status ibc_doctor_mend(const struct ibc_compose_project *project, size_t file,
                                const struct ibc_doctor_report *report, struct ibc_secret *mended,
                                struct ibc_secret *diff, struct ibc_error *err) {
    *mended = *diff = (struct ibc_secret){0};
    struct mending IBC_CLEANUP(clear) mending = {.old = project->texts[file]};
    if (!lines_make(project, file, &mending.lines)) {
        return ibc_fail(err, IBC_ERR_INTERNAL, "no memory for the patch");
    }
    enum ibc_status status = collect(report, file, &mending, err);
    return status == IBC_OK && mending.edit_count > 0
               ? mend(&mending, project->files[file], mended, diff, err)
               : status;
}
