/* output.c - writing a file aside and giving it its name at the end. */
#include "vault/output.h"

#include <errno.h>
#include <fcntl.h>
#include <ibcred/file.h>
#include <sys/stat.h>
#include <unistd.h>

enum { BUFFER_BYTES = 65536 };

struct vault_output {
    char *path; /* NULL once it has its final name */
    int fd;
    int failure; /* errno of the first write that failed */
    size_t used;
    unsigned char buffer[BUFFER_BYTES];
};

enum ibc_status vault_output_new(const char *path, mode_t mode, struct vault_output **out,
                                 struct ibc_error *err) {
    *out = NULL;
    ibc_auto_free char *own_path = strdup(path);
    vault_auto_output *output = own_path ? calloc(1, sizeof *output) : NULL;
    if (!output) {
        return ibc_fail(err, IBC_ERR_INTERNAL, "no memory to write '%s'", path);
    }
    output->fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, mode);
    if (output->fd < 0) {
        return ibc_fail_errno(err, IBC_ERR_CREATE, errno, "'%s' cannot be created", path);
    }
    output->path = ibc_steal(&own_path);
    if (fchmod(output->fd, mode) != 0) {
        return ibc_fail_errno(err, IBC_ERR_CREATE, errno, "'%s' cannot be given its mode", path);
    }
    *out = ibc_steal(&output);
    return IBC_OK;
}

void vault_output_free(struct vault_output **output) {
    if (*output) {
        if ((*output)->path) {
            unlink((*output)->path);
        }
        ibc_close(&(*output)->fd);
        free((*output)->path);
        free(*output);
        *output = NULL;
    }
}

static void flush_buffer(struct vault_output *output) {
    const struct ibc_view buffered = {.bytes = output->buffer, .size = output->used};
    if (output->failure == 0 && !ibc_file_write_all(output->fd, buffered)) {
        output->failure = errno;
    }
    output->used = 0;
}

void vault_output_write(struct vault_output *output, struct ibc_view view) {
    while (view.size > 0) {
        const size_t room = BUFFER_BYTES - output->used;
        const size_t size = view.size < room ? view.size : room;
        memcpy(output->buffer + output->used, view.bytes, size);
        output->used += size;
        view.bytes += size;
        view.size -= size;
        if (output->used == BUFFER_BYTES) {
            flush_buffer(output);
        }
    }
}

enum ibc_status vault_output_sync(struct vault_output *output, struct ibc_error *err) {
    flush_buffer(output);
    if (output->failure == 0 && fsync(output->fd) != 0) {
        output->failure = errno;
    }
    if (output->failure != 0) {
        return ibc_fail_errno(err, IBC_ERR_IO, output->failure,
                              "'%s' cannot be written, the vault stays as it was", output->path);
    }
    return IBC_OK;
}

/* The file has its final name now: it is nobody's temporary any more. */
static void forget_path(struct vault_output *output) {
    free(output->path);
    output->path = NULL;
}

enum ibc_status vault_output_replace(struct vault_output *output, const char *target,
                                     struct ibc_error *err) {
    if (rename(output->path, target) != 0) {
        return ibc_fail_errno(err, IBC_ERR_IO, errno, "vault '%s' cannot be replaced", target);
    }
    forget_path(output);
    return ibc_file_sync_parent(target, err);
}

enum ibc_status vault_output_publish(struct vault_output *output, const char *target,
                                     struct ibc_error *err) {
    if (!ibc_file_rename_new(output->path, target)) {
        return ibc_fail_errno(err, IBC_ERR_CREATE, errno, "vault '%s' cannot be created", target);
    }
    forget_path(output);
    return ibc_file_sync_parent(target, err);
}
