/* job_environment.c - variables for what comes after this step, in the file that carries them. */
#include <ibcred/deliver.h>
#include <ibcred/file.h>

#include <errno.h>
#include <fcntl.h>
#include <sodium.h>
#include <sys/stat.h>
#include <unistd.h>

/* As actions/toolkit begins its own (packages/core/src/file-command.ts). */
#define DELIMITER_PREFIX "ghadelimiter_"

enum {
    RANDOM_BYTES = 16,
    RANDOM_DIGITS = 2 * RANDOM_BYTES,
    DELIMITER_MAX = sizeof DELIMITER_PREFIX + RANDOM_DIGITS,
    FILE_MODE = 0600,
};

void ibc_job_environment_init(struct ibc_job_environment *file, enum ibc_ci ci, const char *path) {
    *file = (struct ibc_job_environment){.ci = ci, .path = path, .fd = -1};
}

static void choose_delimiter(char out[static DELIMITER_MAX]) {
    unsigned char random[RANDOM_BYTES];
    char digits[RANDOM_DIGITS + 1];
    randombytes_buf(random, sizeof random);
    sodium_bin2hex(digits, sizeof digits, random, sizeof random);
    snprintf(out, DELIMITER_MAX, DELIMITER_PREFIX "%s", digits);
}

static enum ibc_status create(struct ibc_job_environment *file, struct ibc_error *err) {
    file->fd = open(file->path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, FILE_MODE);
    if (file->fd < 0 && errno == EEXIST) {
        return ibc_fail(err, IBC_ERR_CREATE,
                        "'%s' is there already; remove it, or name another with --output",
                        file->path);
    }
    return file->fd < 0
               ? ibc_fail_errno(err, IBC_ERR_CREATE, errno, "'%s' cannot be made", file->path)
               : IBC_OK;
}

/* Whoever wrote before may have left the last line open. */
static enum ibc_status end_last_line(struct ibc_job_environment *file, struct ibc_error *err) {
    char last;
    if (file->size == 0 || (pread(file->fd, &last, 1, file->size - 1) == 1 && last == '\n')) {
        return IBC_OK;
    }
    ibc_auto_secret_buffer buffer;
    ibc_secret_buffer_init(&buffer, file->content.size + 1);
    ibc_secret_buffer_append_byte(&buffer, '\n');
    ibc_secret_buffer_append(&buffer, file->content.bytes, file->content.size);
    ibc_secret_free(&file->content);
    return ibc_secret_buffer_finish(&buffer, "the job's variables", &file->content, err);
}

static enum ibc_status open_runners(struct ibc_job_environment *file, struct ibc_error *err) {
    struct stat info;
    file->fd = open(file->path, O_RDWR | O_APPEND | O_NOFOLLOW | O_NOCTTY | O_CLOEXEC);
    if (file->fd < 0) {
        return ibc_fail_errno(err, errno == ENOENT ? IBC_ERR_NOT_FOUND : IBC_ERR_CREATE, errno,
                              "the runner's file '%s', which GITHUB_ENV names, cannot be written",
                              file->path);
    }
    if (fstat(file->fd, &info) != 0 || !S_ISREG(info.st_mode)) {
        return ibc_fail(err, IBC_ERR_CREATE, "'%s', which GITHUB_ENV names, is no regular file",
                        file->path);
    }
    file->size = info.st_size;
    return end_last_line(file, err);
}

/* Leave the file as it was. */
static void abandon(void *self) {
    struct ibc_job_environment *file = self;
    if (file->fd >= 0 && file->ci == IBC_CI_GITLAB) {
        (void)unlink(file->path);
    } else if (file->fd >= 0) {
        (void)!ftruncate(file->fd, file->size);
    }
    ibc_job_environment_free(file);
}

static enum ibc_status prepare(void *self, const struct ibc_field *variables, size_t count,
                               struct ibc_error *err) {
    struct ibc_job_environment *file = self;
    char delimiter[DELIMITER_MAX];
    choose_delimiter(delimiter);
    enum ibc_status status =
        ibc_ci_environment(file->ci, variables, count, delimiter, &file->content, err);
    if (status == IBC_OK) {
        status = file->ci == IBC_CI_GITLAB ? create(file, err) : open_runners(file, err);
    }
    if (status != IBC_OK) {
        ibc_job_environment_free(file);
    }
    return status;
}

static enum ibc_status hand_over(void *self, struct ibc_error *err) {
    struct ibc_job_environment *file = self;
    if (!ibc_file_write_all(file->fd, ibc_secret_view(&file->content))) {
        const int failure = errno;
        abandon(file);
        return ibc_fail_errno(err, IBC_ERR_CREATE, failure, "'%s' cannot be written", file->path);
    }
    ibc_job_environment_free(file);
    return IBC_OK;
}

struct ibc_delivery ibc_job_environment_delivery(struct ibc_job_environment *file) {
    return (struct ibc_delivery){.name = "ci-env",
                                 .self = file,
                                 .prepare = prepare,
                                 .hand_over = hand_over,
                                 .abandon = abandon};
}

void ibc_job_environment_free(struct ibc_job_environment *file) {
    ibc_close(&file->fd);
    ibc_secret_free(&file->content);
}
