/* doctor_fix.c - what a program can mend, shown before it is written. */
#include "cli/doctor.h"

#include <ibcred/file.h>

/* One file's patch; empty where there is nothing to change. */
struct mended {
    struct ibc_secret text, diff;
};

struct mended_files {
    size_t count;
    struct mended files[IBC_COMPOSE_FILES_MAX];
};

static void clear(struct mended_files *mended) {
    for (size_t i = 0; i < mended->count; i++) {
        ibc_secret_free(&mended->files[i].text);
        ibc_secret_free(&mended->files[i].diff);
    }
}

static enum ibc_status mend(const struct look *look, struct mended_files *out, size_t *changed,
                            struct ibc_error *err) {
    *changed = 0;
    while (out->count < look->project->file_count) {
        const size_t i = out->count++;
        enum ibc_status status = ibc_doctor_mend(look->project, i, &look->report,
                                                 &out->files[i].text, &out->files[i].diff, err);
        if (status != IBC_OK) {
            return status;
        }
        *changed += out->files[i].diff.size > 0;
    }
    return IBC_OK;
}

static enum ibc_status show(const struct mended_files *mended, struct ibc_error *err) {
    for (size_t i = 0; i < mended->count; i++) {
        const struct ibc_secret *diff = &mended->files[i].diff;
        if (diff->size > 0) {
            fwrite(diff->bytes, 1, diff->size, stdout);
        }
    }
    return flush_output(err);
}

/* Is the file still what was read? The question may have stood on the terminal for long. */
static enum ibc_status check_unchanged(const char *path, struct ibc_view text,
                                       struct ibc_error *err) {
    ibc_auto_fd fd = -1;
    ibc_auto_secret now = {0};
    enum ibc_status status = ibc_file_open(path, "compose file", &fd, err);
    if (status == IBC_OK) {
        status = ibc_file_read_all(fd, path, IBC_COMPOSE_FILE_MAX, &now, err);
    }
    if (status == IBC_OK && !ibc_view_equal(ibc_secret_view(&now), text)) {
        status =
            ibc_fail(err, IBC_ERR_WAIT,
                     "'%s' was changed since it was read; nothing was written, run the command "
                     "again",
                     path);
    }
    return status;
}

static enum ibc_status write_files(const struct look *look, const struct mended_files *mended,
                                   size_t *written, struct ibc_error *err) {
    enum ibc_status status = IBC_OK;
    for (size_t i = 0; status == IBC_OK && i < mended->count; i++) {
        if (mended->files[i].diff.size > 0) {
            status = check_unchanged(look->project->files[i], look->project->texts[i], err);
        }
    }
    for (size_t i = 0; status == IBC_OK && i < mended->count; i++) {
        if (mended->files[i].diff.size > 0) {
            status = ibc_file_replace(look->project->files[i],
                                      ibc_secret_view(&mended->files[i].text), 0644, err);
            *written += status == IBC_OK;
        }
    }
    return status;
}

enum ibc_status fix_findings(const struct cli *cli, const struct look *look, bool yes,
                             size_t *written, struct ibc_error *err) {
    *written = 0;
    struct mended_files IBC_CLEANUP(clear) mended = {0};
    size_t changed;
    enum ibc_status status = mend(look, &mended, &changed, err);
    if (status == IBC_OK && changed == 0) {
        say(cli, "there is nothing here that --fix can mend");
        return IBC_OK;
    }
    if (status == IBC_OK) {
        status = show(&mended, err);
    }
    if (status == IBC_OK && !yes) {
        status = confirm("Write this?", err);
    }
    return status == IBC_OK ? write_files(look, &mended, written, err) : status;
}
