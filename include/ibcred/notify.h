/*
 * notify.h - tell somebody, by the commands and webhooks of the policy.
 *
 * Telling never stands in the way: it is done by a process of its own, in bounded time, and what
 * fails there fails quietly but for one line on stderr. No text holds a secret, and no sentence
 * the URL of a webhook, which may hold one: a target is named by its place in the policy's list.
 */
#ifndef IBCRED_NOTIFY_H
#define IBCRED_NOTIFY_H

#include <ibcred/policy.h>

#pragma GCC visibility push(default)

/* Everything is borrowed for the call. What is too long is cut, what is not printable becomes '?'.
 */
struct ibc_notification {
    enum ibc_notice notice;
    const char *profile;
    const char *mode;      /* "paper" | "live" | "both" */
    const char *container; /* its name, or "" */
    const char *text;      /* one sentence */
    int64_t wall_ms;       /* when */
};

/*
 * Tell every target of `policy` that wants the notice, one after the other, each within its
 * time-out; returns when all are through.
 *
 * A command is run without a shell, in a session of its own and in the root directory. It finds
 * PATH, HOME, LANG and TZ where they are set, IBCRED_NOTICE, IBCRED_PROFILE, IBCRED_MODE,
 * IBCRED_CONTAINER and IBCRED_TEXT, and nothing else in its environment, and the sentence as one
 * line on its stdin. What it prints is dropped; at the time-out it is killed, with its process
 * group. It is told when it ends with status 0.
 *
 * A webhook gets a POST of {"notice","profile","mode","container","text","time","host"}, or of
 * Slack's {"text"}. It is told when it answers with a status of 200 to 299; what else it answers
 * is not read.
 *
 * `failed` is told of each target that could not be told, with a sentence; NULL for nobody. Meant
 * for the process that ibc_notify_start() makes, and for tests: it waits for children, and expects
 * SIGCHLD not to be ignored.
 */
void ibc_notify_send(const struct ibc_policy *policy, const struct ibc_notification *notification,
                     void (*failed)(const char *sentence));

/*
 * As ibc_notify_send(), in a process of its own, which this one neither waits for nor has to reap,
 * and of which no signal comes. That process keeps stderr, for a line about each failure, and no
 * other descriptor, so that no lock is kept by it. `before` is called first there, with `context`,
 * to wipe what a notifier has no business with (vault, keys); NULL for nothing. It must not unlock
 * anything: locks on files are shared with this process.
 *
 * Does nothing where no target wants the notice. False where no process can be started.
 */
bool ibc_notify_start(const struct ibc_policy *policy, const struct ibc_notification *notification,
                      void (*before)(void *context), void *context);

#pragma GCC visibility pop

#endif
