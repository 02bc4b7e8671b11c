/* resume.c - skipping what was seen before a cut. */
#include "docker/resume.h"

void resume_start(struct resume *resume, int64_t from) {
    *resume = (struct resume){.from = from};
}

int64_t resume_since(const struct resume *resume) {
    if (resume->count == 0) {
        return resume->from;
    }
    const int64_t since = resume->last > RESUME_SLACK_NS ? resume->last - RESUME_SLACK_NS : 0;
    return since > resume->from ? since : resume->from;
}

void resume_again(struct resume *resume) {
    resume->skipping = resume->count > 0;
    resume->met = 0;
}

/* Is everything seen skipped once a thing with this stamp is? */
static bool skips(struct resume *resume, int64_t stamp) {
    if (stamp > resume->newest) {
        resume->skipping = false;
        return false;
    }
    if (stamp == resume->last && ++resume->met == resume->count) {
        resume->skipping = false;
    }
    return true;
}

bool resume_is_new(struct resume *resume, int64_t stamp) {
    if (resume->skipping && skips(resume, stamp)) {
        return false;
    }
    const bool again = resume->count > 0 && stamp == resume->last;
    resume->count = again ? resume->count + 1 : 1;
    resume->last = stamp;
    if (stamp > resume->newest) {
        resume->newest = stamp;
    }
    return true;
}
