/*
 * broker_account.h - how the broker is to treat a user: DIRECTORY/accounts/USER.
 *
 * Read anew at each attempt, so a test changes it by replacing the file (rename). Lines
 * "NAME VALUE"; all but the password may be left out:
 *
 *     password HEX        the only one that is right, in hexadecimal
 *     kind any|paper|live what the username is; a paper user is rejected in live mode (any)
 *     account ID          told after login (DU1234567 in paper mode, U1234567 in live mode)
 *     rejection dialog|failed   how the gateway learns of a rejection (dialog): it hangs, or is
 *                         started anew by IBC
 *     answers A,B,…       for the user's first, second, … attempt since the broker was started;
 *                         the last one holds for all that follow (accept)
 *     throttle_s N        the wait printed after too many failures (59)
 *     throttle_after N    consecutive failures that bring it about; 0: only by answers (0)
 *     second_factor_ms N  until the second factor is answered or times out (500)
 *     after_ms N          from the login to a crash, a log-off or a restart (500)
 *     exit_status N       of the crash (1)
 *     linger_ms N         what is left of a session whose gateway crashed or was killed (0)
 *     lock_ms N           from the last failure to the end of a lock (86400000)
 *     lock_answer rejected|throttled   what a locked user is told (rejected)
 *
 * Answers: accept · reject (also the right password) · login-error · drop (no answer at all) ·
 * throttle · conflict (a session elsewhere that does not give way) · expiry (accepted, with a
 * notice) · second-factor (answered in time) · second-factor-timeout · second-factor-stuck
 * (answered, and no login) · and, after a login: crash · logoff · restart · cold-restart. A wrong
 * password is rejected under all of them but login-error, drop and throttle.
 */
#ifndef STANDIN_BROKER_ACCOUNT_H
#define STANDIN_BROKER_ACCOUNT_H

#include "wire.h"

#include <stdint.h>

enum {
    USERNAME_MAX = 64, /* bytes */
    ANSWERS_MAX = 32,
};

enum answer {
    ANSWER_ACCEPT,
    ANSWER_REJECT,
    ANSWER_LOGIN_ERROR,
    ANSWER_DROP,
    ANSWER_THROTTLE,
    ANSWER_CONFLICT,
    ANSWER_EXPIRY,
    ANSWER_SECOND_FACTOR,
    ANSWER_SECOND_FACTOR_TIMEOUT,
    ANSWER_SECOND_FACTOR_STUCK,
    ANSWER_CRASH,
    ANSWER_LOGOFF,
    ANSWER_RESTART,
    ANSWER_COLD_RESTART,
};

struct account {
    struct text password;
    char kind[8];
    char account[32]; /* "" for the usual one of the mode */
    char rejection[8];
    char lock_answer[16];
    enum answer answers[ANSWERS_MAX];
    size_t answer_count; /* at least 1 */
    int64_t throttle_s, throttle_after;
    int64_t second_factor_ms, after_ms, linger_ms, lock_ms;
    int64_t exit_status;
};

/*
 * Read the account of `user`, whose name is known to be harmless. False when there is none; an
 * account that is not understood ends the program with a sentence, as a test would be meaningless.
 */
bool account_read(const char *directory, const char *user, struct account *out);

/* The account of a user that does not exist: nothing is right. */
void account_unknown(struct account *out);

/* The answer to the attempt that is number `attempt`, counted from 1. */
enum answer account_answer(const struct account *account, size_t attempt);

#endif
