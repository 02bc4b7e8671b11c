/*
 * resume.h - where a stream of stamped things is taken up after a cut, and which of them were
 * seen. Pure.
 *
 * The daemon hands out what is stamped at or after a given time, in the order in which it was
 * kept. That order is not quite the stamps': the two streams of a container are stamped before
 * they meet, and clocks are set back. So the stream is asked for from a little before the last
 * thing seen, and everything up to that very thing is skipped: the n-th with its stamp, where n
 * with that stamp had been seen in a row. Should it be gone (a log that was rotated), the first
 * thing stamped later than all that were seen is new. What this cannot see is what a clock that was
 * set back by more than RESUME_SLACK_NS stamps earlier than what was asked for: the daemon hands
 * out nothing of that.
 */
#ifndef IBCRED_DOCKER_RESUME_H
#define IBCRED_DOCKER_RESUME_H

#include <ibcred/common.h>

#define RESUME_SLACK_NS INT64_C(2000000000)

struct resume {
    int64_t from;   /* what was asked for at first */
    int64_t last;   /* stamp of the last thing seen */
    uint64_t count; /* how many with that stamp were seen in a row; 0: nothing was seen */
    int64_t newest; /* the latest stamp seen */
    bool skipping;
    uint64_t met; /* how many with the stamp `last` were skipped */
};

/* From the time `from` on, in nanoseconds; 0 for all there is. */
void resume_start(struct resume *resume, int64_t from);

/* The time to ask for now; 0 for all there is. */
int64_t resume_since(const struct resume *resume);

/* The stream begins again at resume_since(). */
void resume_again(struct resume *resume);

/* A thing with this stamp came: is it one that was not seen? Then it counts as seen. */
bool resume_is_new(struct resume *resume, int64_t stamp);

#endif
