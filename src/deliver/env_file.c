/* env_file.c - an env file on tmpfs, made in two steps, ended by a reaper. */
#include "deliver/new_file.h"
#include "deliver/reaper.h"

#include <errno.h>
#include <ibcred/file.h>

void ibc_env_file_init(struct ibc_env_file *file, const struct ibc_runtime *runtime,
                       enum ibc_format format, int64_t ttl, struct ibc_reaper *reaper) {
    *file = (struct ibc_env_file){
        .runtime = runtime,
        .format = format,
        .ttl = ttl,
        .reaper = reaper,
        .fd = -1,
    };
}

static enum ibc_status reserve(struct ibc_env_file *file, struct ibc_error *err) {
    struct ibc_instant now;
    enum ibc_status status = ibc_clock_now(&now, err);
    if (status != IBC_OK) {
        return status;
    }
    ibc_lease_name(&now, file->ttl, IBC_LEASE_FILE, file->name);
    const int failure =
        new_file(ibc_runtime_fd(file->runtime), file->name, file->content.size, &file->fd);
    if (failure != 0) {
        return ibc_fail_errno(err, IBC_ERR_CREATE, failure, "an env file cannot be made in '%s'",
                              ibc_runtime_path(file->runtime));
    }
    return IBC_OK;
}

static void abandon(void *self) {
    struct ibc_env_file *file = self;
    reaper_stop(file->reaper);
    ibc_close(&file->fd);
    if (file->name[0] != '\0') {
        struct ibc_error ignored;
        (void)!ibc_lease_end(file->runtime, file->name, &ignored);
    }
    file->name[0] = '\0';
    ibc_secret_free(&file->content);
}

static enum ibc_status prepare(void *self, const struct ibc_field *variables, size_t count,
                               struct ibc_error *err) {
    struct ibc_env_file *file = self;
    enum ibc_status status =
        ibc_sink_check_environment(file->format, variables, count, file->environment, err);
    if (status == IBC_OK) {
        status = ibc_sink_write(file->format, variables, count, &file->content, err);
    }
    if (status == IBC_OK) {
        status = reserve(file, err);
    }
    if (status == IBC_OK) {
        status = reaper_order(file->reaper, file->runtime, file->name, err);
    }
    if (status != IBC_OK) {
        abandon(file);
    }
    return status;
}

static enum ibc_status hand_over(void *self, struct ibc_error *err) {
    struct ibc_env_file *file = self;
    bool written = ibc_file_write_all(file->fd, ibc_secret_view(&file->content));
    int saved = errno;
    ibc_close(&file->fd);
    ibc_secret_free(&file->content);
    if (!written) {
        abandon(file);
        return ibc_fail_errno(err, IBC_ERR_CREATE, saved, "the env file in '%s' cannot be written",
                              ibc_runtime_path(file->runtime));
    }
    return IBC_OK;
}

struct ibc_delivery ibc_env_file_delivery(struct ibc_env_file *file) {
    return (struct ibc_delivery){.name = "env-file",
                                 .self = file,
                                 .prepare = prepare,
                                 .hand_over = hand_over,
                                 .abandon = abandon};
}

void ibc_env_file_free(struct ibc_env_file *file) {
    ibc_close(&file->fd);
    ibc_secret_free(&file->content);
}
