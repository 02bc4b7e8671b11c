/* forge_turn.c - see forge_turn.h. */
#include "cli/forge_turn.h"

#include "cli/interrupt.h"

#include <errno.h>
#include <fcntl.h>
#include <ibcred/file.h>
#include <sys/file.h>

#define LOCK_NAME "provision.lock"

enum { LOOK_MS = 100, TRY_MS = 30000, BUSY_WAIT = 60 /* seconds */ };

static enum ibc_status give_up(struct ibc_error *err) {
    if (is_interrupted()) {
        return ibc_fail(err, IBC_ERR_WAIT, "interrupted");
    }
    ibc_fail(err, IBC_ERR_WAIT,
             "another ibcred is writing to a forge and does not come to an end; try again");
    err->retry_after = BUSY_WAIT;
    return err->status;
}

enum ibc_status forge_turn_take(const struct session *session, int64_t patience, int *turn,
                                struct ibc_error *err) {
    *turn = -1;
    ibc_auto_fd fd =
        openat(session->state_fd, LOCK_NAME, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (fd < 0) {
        return ibc_fail_errno(err, IBC_ERR_CREATE, errno,
                              "'" LOCK_NAME "' cannot be made in the state directory");
    }
    const int64_t end = boot_clock_ms() + patience * 1000 + TRY_MS;
    while (flock(fd, LOCK_EX | LOCK_NB) != 0) {
        if (boot_clock_ms() >= end || !pause_for(LOOK_MS)) {
            return give_up(err);
        }
    }
    *turn = fd;
    fd = -1;
    return IBC_OK;
}
