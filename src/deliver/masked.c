/* masked.c - another delivery, once the job's runner was told what to hide. */
#include <ibcred/deliver.h>
#include <ibcred/file.h>

#include <errno.h>
#include <signal.h>

void ibc_masked_init(struct ibc_masked *masked, enum ibc_ci ci, const struct ibc_delivery *inner,
                     int runner) {
    *masked = (struct ibc_masked){.ci = ci, .inner = inner, .runner = runner};
}

static enum ibc_status prepare(void *self, const struct ibc_field *variables, size_t count,
                               struct ibc_error *err) {
    struct ibc_masked *masked = self;
    ibc_secret_free(&masked->lines);
    enum ibc_status status = ibc_ci_mask(masked->ci, variables, count, &masked->lines, err);
    if (status == IBC_OK) {
        status = masked->inner->prepare(masked->inner->self, variables, count, err);
    }
    return status;
}

/* A runner that has gone away is a failure like any other, after which the charge is taken back. */
static int tell_runner(const struct ibc_masked *masked) {
    void (*before)(int) = signal(SIGPIPE, SIG_IGN);
    const int failure =
        ibc_file_write_all(masked->runner, ibc_secret_view(&masked->lines)) ? 0 : errno;
    signal(SIGPIPE, before);
    return failure;
}

static enum ibc_status hand_over(void *self, struct ibc_error *err) {
    struct ibc_masked *masked = self;
    const int failure = tell_runner(masked);
    ibc_secret_free(&masked->lines);
    if (failure != 0) {
        return ibc_fail_errno(err, IBC_ERR_IO, failure,
                              "the runner could not be told what to hide from this job's log, so "
                              "nothing was handed over");
    }
    return masked->inner->hand_over(masked->inner->self, err);
}

static void abandon(void *self) {
    struct ibc_masked *masked = self;
    ibc_secret_free(&masked->lines);
    masked->inner->abandon(masked->inner->self);
}

struct ibc_delivery ibc_masked_delivery(struct ibc_masked *masked) {
    return (struct ibc_delivery){.name = masked->inner->name,
                                 .self = masked,
                                 .prepare = prepare,
                                 .hand_over = hand_over,
                                 .abandon = abandon};
}

void ibc_masked_free(struct ibc_masked *masked) {
    ibc_secret_free(&masked->lines);
}
