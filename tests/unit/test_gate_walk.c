/*
 * test_gate_walk.c - a long random walk over the gate: outcomes in time, late and never, logins
 * seen in a log, late or never, and containers that log in by themselves, two processes, set
 * clocks, reboots, new passwords, clears. At every step the gate's answer is held
 * against the oracle's: it never lets through what the oracle forbids, and, as long as one boot's
 * clock has seen everything, it forbids nothing that the oracle lets through.
 *
 * IBCRED_WALK_SEED=N walks another way.
 */
#include "gate_oracle.h"
#include <ibcred/file.h>
#include <ibcred/ledger.h>

#include <fcntl.h>
#include <setjmp.h>
#include <sodium.h>
#include <stdarg.h>
#include <unistd.h>

#include <cmocka.h>

enum { SECOND = 1000, MINUTE = 60 * SECOND, HOUR = 60 * MINUTE, ENTRIES_MAX = 8192 };

static const unsigned char account[IBC_ACCOUNT_ID_BYTES] = "an account";
static const unsigned char key[IBC_AUDIT_KEY_BYTES] = "a key of thirty-two bytes, or so";

/* How often each thing was met: a walk that never met one has proven nothing about it. */
struct tally {
    long asked[IBC_REASON_BURNED + 1];
    long exact;
    long reboots;
    long races;
    long torn;
    long seen; /* logins of a release, in the log */
    long own;  /* logins of the container itself, in the log */
    long late; /* of those seen, after the release had timed out */
};

/* A login's line that is to be read in the log. */
struct sight {
    int64_t tried_at;
    int64_t at; /* INT64_MAX: never */
};

static const struct sight never = {0, INT64_MAX};

struct world {
    uint64_t random;
    struct oracle oracle;
    struct tally *tally;

    int64_t now; /* true time */
    int64_t booted_at;
    unsigned boot;
    int64_t wall_offset;
    bool exact; /* one boot's clock saw everything since the slate was clean, in order */

    int credential;         /* the newest one sealed */
    int charged_credential; /* the last one released */
    enum ibc_outcome mood;  /* what IBKR tends to answer */
    int64_t tell_at;        /* when the outstanding release will be told; INT64_MAX: never */
    struct sight released;  /* of the last release's login */
    struct sight own;       /* of a login that the container made by itself */

    int state_fd; /* where the ledger's file is; -1: the entries are here */
    struct ibc_ledger_entry *entries;
    size_t count;
};

/* --- chance --- */

/* xorshift64*, so that a seed means the same walk everywhere. */
static uint64_t draw(struct world *world) {
    world->random ^= world->random >> 12;
    world->random ^= world->random << 25;
    world->random ^= world->random >> 27;
    return world->random * UINT64_C(2685821657736338717) >> 16;
}

static int64_t between(struct world *world, int64_t from, int64_t to) {
    return from + (int64_t)(draw(world) % (uint64_t)(to - from + 1));
}

static bool chance(struct world *world, int per_cent) {
    return between(world, 1, 100) <= per_cent;
}

/* --- the ledger, in memory or on disk --- */

static struct ibc_instant clocks(const struct world *world) {
    struct ibc_instant now = {
        .wall_ms = INT64_C(1763798400000) + world->now + world->wall_offset,
        .boot_ms = world->now - world->booted_at,
    };
    memcpy(now.boot_id, &world->boot, sizeof world->boot);
    return now;
}

static struct ibc_ledger *open_ledger(const struct world *world) {
    struct ibc_ledger *ledger;
    struct ibc_error err;
    if (ibc_ledger_open(world->state_fd, account, key, &ledger, &err) != IBC_OK) {
        fail_msg("%s", err.text);
    }
    return ledger;
}

static void credential_bytes(int credential, unsigned char out[static IBC_CREDENTIAL_ID_BYTES]) {
    memset(out, 0, IBC_CREDENTIAL_ID_BYTES);
    memcpy(out, &credential, sizeof credential);
}

static struct ibc_gate_verdict decide(const struct world *world, int credential,
                                      const struct ibc_instant *now, int64_t maintenance_ms) {
    unsigned char id[IBC_CREDENTIAL_ID_BYTES];
    credential_bytes(credential, id);
    if (world->state_fd < 0) {
        return ibc_gate_decide(world->entries, world->count, &world->oracle.rules, id, now,
                               maintenance_ms);
    }
    ibc_auto_ledger *ledger = open_ledger(world);
    size_t count;
    const struct ibc_ledger_entry *entries = ibc_ledger_entries(ledger, &count);
    return ibc_gate_decide(entries, count, &world->oracle.rules, id, now, maintenance_ms);
}

/* A crash in the middle of an append: part of a line, without its end. */
static void tear(struct world *world) {
    char path[64] = "ledger-";
    sodium_bin2hex(path + strlen(path), 33, account, sizeof account);
    snprintf(path + strlen(path), 5, ".log");
    ibc_auto_fd fd = openat(world->state_fd, path, O_WRONLY | O_APPEND);
    assert_true(fd >= 0);
    char part[200];
    int size = snprintf(part, sizeof part, "v1 %zu charge - 0 1763798400000 12345 0123456789abcdef",
                        world->count + 1);
    int64_t torn = between(world, 1, size);
    assert_int_equal(write(fd, part, (size_t)torn), torn);
    world->tally->torn++;
}

static void append(struct world *world, struct ibc_ledger_entry entry, int credential) {
    credential_bytes(credential, entry.credential);
    assert_true(world->count < ENTRIES_MAX);
    world->entries[world->count++] = entry;
    if (world->state_fd >= 0) {
        ibc_auto_ledger *ledger = open_ledger(world);
        struct ibc_error err;
        assert_int_equal(ibc_ledger_append(ledger, &entry, &err), IBC_OK);
        assert_int_equal(entry.sequence, world->count);
        ibc_ledger_free(&ledger);
        if (chance(world, 20)) {
            tear(world);
        }
    }
}

/* --- what happens in the world --- */

static enum ibc_outcome what_ibkr_says(struct world *world) {
    if (chance(world, 15)) {
        world->mood = (enum ibc_outcome)between(world, IBC_OUTCOME_SUCCESS, IBC_OUTCOME_UNKNOWN);
    }
    bool usual = world->mood != IBC_OUTCOME_SUCCESS || chance(world, 30);
    return usual ? world->mood : IBC_OUTCOME_SILENT_DROP;
}

static void tell(struct world *world) {
    enum ibc_outcome outcome = what_ibkr_says(world);
    int64_t printed = 0;
    if (outcome == IBC_OUTCOME_THROTTLED && chance(world, 50)) {
        printed = between(world, 1, chance(world, 10) ? 20000 : 400);
    }
    append(
        world,
        (struct ibc_ledger_entry){
            .event = IBC_LEDGER_OUTCOME, .outcome = outcome, .wait = printed, .at = clocks(world)},
        world->charged_credential);
    oracle_tell(&world->oracle, world->charged_credential, outcome, printed, world->now);
    world->exact |= outcome == IBC_OUTCOME_SUCCESS || outcome == IBC_OUTCOME_CONTRADICTED;
    world->tell_at = INT64_MAX;
}

static void tell_what_is_due(struct world *world) {
    if (outstanding(&world->oracle) ? world->now >= world->tell_at : chance(world, 4)) {
        tell(world);
    }
}

static int64_t when_told(struct world *world) {
    int64_t timeout = world->oracle.rules.attempt_timeout * SECOND;
    int64_t delay = between(world, 0, chance(world, 20) ? 3 * HOUR : timeout);
    return chance(world, 80) ? world->now + delay : INT64_MAX;
}

static void see(struct world *world, struct sight *sight) {
    const struct oracle *oracle = &world->oracle;
    int64_t timed_out_at = INT64_MIN;
    if (outstanding(oracle)) {
        timed_out_at = over_at(oracle, &oracle->logins[oracle->count - 1]);
    }
    world->tally->late += outstanding(oracle) && timed_out_at <= world->now;
    append(world,
           (struct ibc_ledger_entry){
               .event = IBC_LEDGER_ATTEMPT, .seen_ns = world->now * 1000000, .at = clocks(world)},
           world->charged_credential);
    int before = oracle->count;
    oracle_see(&world->oracle, sight->tried_at, world->now);
    *sight = never;
    if (oracle->count == before) {
        world->tally->seen++;
        return;
    }
    world->tally->own++;
    world->tell_at = when_told(world);
    /* Two at once: the gate may take the later one to have ended no earlier than the other. */
    world->exact &= timed_out_at <= world->now;
}

/* IBC logs in again, or the gateway restarts at night: nobody asked. */
static void the_container_logs_in_by_itself(struct world *world) {
    int64_t latest = chance(world, 30) ? 2 * HOUR : 2 * SECOND;
    world->own = (struct sight){world->now, world->now + between(world, 0, latest)};
    if (chance(world, 20)) {
        world->own = never;
    }
}

static void see_what_is_due(struct world *world) {
    if (world->own.at == INT64_MAX && chance(world, 4)) {
        the_container_logs_in_by_itself(world);
    }
    if (world->now >= world->released.at) {
        see(world, &world->released);
    }
    if (world->now >= world->own.at) {
        see(world, &world->own);
    }
}

static void a_person_clears(struct world *world) {
    append(world, (struct ibc_ledger_entry){.event = IBC_LEDGER_CLEAR, .at = clocks(world)},
           world->credential);
    oracle_clear(&world->oracle, world->credential);
    world->exact = true;
    world->tell_at = INT64_MAX;
}

static void reboot(struct world *world) {
    world->now += between(world, 5 * SECOND, chance(world, 30) ? 30 * HOUR : 5 * MINUTE);
    world->booted_at = world->now;
    world->boot++;
    world->exact = false;
    world->tally->reboots++;
}

static void disturb(struct world *world) {
    if (chance(world, 10)) {
        world->wall_offset = between(world, -40000, 40000) * HOUR;
    }
    if (chance(world, 1)) {
        reboot(world);
    }
    bool stuck = failures_hold(&world->oracle) || world->oracle.contradicted;
    if (world->credential + 1 < CREDENTIALS_MAX &&
        chance(world, world->oracle.burned[world->credential] ? 20 : 1)) {
        world->credential++;
    }
    if (chance(world, stuck ? 10 : 1)) {
        a_person_clears(world);
    }
}

/*
 * Often just before, at and just after the moment at which the oracle would let one through, or to
 * the moment at which a line of the log is read.
 */
static void pass_time(struct world *world) {
    const int64_t before = world->now;
    const int64_t longest[] = {20, 2 * SECOND, MINUTE, 10 * MINUTE, 3 * HOUR};
    int64_t free_at = ask_oracle(&world->oracle, world->credential, world->now).free_at;
    if (free_at > world->now && chance(world, 40)) {
        world->now = free_at + between(world, -1, 1);
    } else {
        world->now += between(world, 0, longest[between(world, 0, 4)]);
    }
    const struct sight *next = world->released.at < world->own.at ? &world->released : &world->own;
    if (next->at > before && next->at < world->now && chance(world, 60)) {
        world->now = next->at;
    }
}

/* --- a process asks --- */

static void check_against_oracle(const struct world *world, struct ibc_gate_verdict verdict,
                                 struct opinion opinion, int64_t maintenance_ms, bool exact) {
    if (verdict.decision == IBC_GATE_ALLOW) {
        assert_false(opinion.burned);
        assert_false(opinion.held);
        assert_false(opinion.contradicted);
        assert_true(opinion.free_at <= world->now);
        assert_int_equal(maintenance_ms, 0);
        assert_true(seen_by_ibkr(&world->oracle, world->now) < world->oracle.rules.max_attempts);
    }
    assert_int_equal(verdict.decision == IBC_GATE_WAIT, verdict.wait_ms > 0);
    if (!exact) {
        return;
    }
    world->tally->exact++;
    if (opinion.burned || opinion.held || opinion.contradicted) {
        assert_int_equal(verdict.decision, IBC_GATE_HOLD);
        assert_int_equal(verdict.reason == IBC_REASON_CONTRADICTED, opinion.contradicted);
    } else {
        int64_t wait = opinion.free_at - world->now;
        assert_int_equal(verdict.wait_ms, wait > maintenance_ms ? wait : maintenance_ms);
    }
}

static void release(struct world *world, int credential, const struct ibc_instant *at,
                    int64_t asked_at) {
    append(world, (struct ibc_ledger_entry){.event = IBC_LEDGER_CHARGE, .at = *at}, credential);
    world->charged_credential = credential;
    int64_t timeout = world->oracle.rules.attempt_timeout * SECOND;
    int64_t delay = between(world, 0, chance(world, 20) ? 3 * HOUR : timeout);
    int64_t tried_at = asked_at + between(world, 0, delay < timeout ? delay : timeout);
    world->tell_at = chance(world, 80) ? world->now + delay : INT64_MAX;
    if (world->released.at != INT64_MAX && world->released.tried_at > world->now) {
        oracle_forgo(&world->oracle, world->released.tried_at);
    }
    world->released = never;
    if (chance(world, 10)) { /* it takes its time to start, and is watched */
        tried_at = world->now + between(world, 0, 2 * HOUR);
        world->released = (struct sight){tried_at, tried_at};
        world->tell_at = chance(world, 80) ? tried_at + delay : INT64_MAX;
    } else if (chance(world, 50)) {
        world->released = (struct sight){tried_at, tried_at + between(world, 0, timeout)};
    }
    oracle_release(&world->oracle, asked_at, tried_at);
    if (chance(world, 4)) {
        world->now += between(world, 0, 50);
        append(world,
               (struct ibc_ledger_entry){.event = IBC_LEDGER_UNDELIVERED, .at = clocks(world)},
               credential);
        oracle_undeliver(&world->oracle);
        world->released = never;
    }
}

/*
 * Ask with clocks that were read at `asked_at`, and take what one gets. What counts is whether the
 * release is safe now, when it happens.
 */
static void ask(struct world *world, const struct ibc_instant *at, int64_t asked_at) {
    int credential = world->credential;
    if (chance(world, 10)) {
        credential = (int)between(world, credential > 3 ? credential - 3 : 0, credential);
    }
    int64_t maintenance_ms = chance(world, 3) ? between(world, 1, 2 * HOUR) : 0;
    bool exact = world->exact && asked_at == world->now;

    struct opinion opinion = ask_oracle(&world->oracle, credential, world->now);
    struct ibc_gate_verdict verdict = decide(world, credential, at, maintenance_ms);
    check_against_oracle(world, verdict, opinion, maintenance_ms, exact);
    world->tally->asked[verdict.reason]++;
    if (verdict.decision == IBC_GATE_ALLOW) {
        world->exact &= asked_at == world->now;
        release(world, credential, at, asked_at);
    }
}

/* The first process reads its clocks, the second is faster, then the first gets the lock. */
static void two_processes_ask(struct world *world) {
    struct ibc_instant early = clocks(world);
    int64_t early_at = world->now;
    world->now += between(world, 0, 3);
    struct ibc_instant late = clocks(world);
    ask(world, &late, world->now);
    ask(world, &early, early_at);
    world->tally->races++;
}

static void step(struct world *world) {
    pass_time(world);
    disturb(world);
    see_what_is_due(world);
    tell_what_is_due(world);
    if (chance(world, 15)) {
        two_processes_ask(world);
    } else {
        struct ibc_instant now = clocks(world);
        ask(world, &now, world->now);
    }
}

/* --- walks --- */

static uint64_t seed(void) {
    const char *text = getenv("IBCRED_WALK_SEED");
    return text ? strtoull(text, NULL, 10) : 20261122;
}

/* One ledger from its beginning, under rules of its own. */
static void walk(uint64_t number, int steps, int state_fd, struct tally *tally) {
    const int64_t windows[] = {2 * 3600, 6 * 3600, 24 * 3600};
    struct world *world = calloc(1, sizeof *world);
    assert_non_null(world);
    world->random = (seed() + number) * UINT64_C(0x9e3779b97f4a7c15) | 1;
    world->tally = tally;
    world->state_fd = state_fd;
    world->exact = true;
    world->tell_at = INT64_MAX;
    world->released = world->own = never;
    world->mood = IBC_OUTCOME_SILENT_DROP;
    world->now = between(world, 1, 100 * HOUR);
    world->entries = calloc(ENTRIES_MAX, sizeof *world->entries);
    assert_non_null(world->entries);
    world->oracle.rules = test_rules;
    world->oracle.rules.window = windows[between(world, 0, 2)];
    world->oracle.rules.max_attempts = between(world, 3, 9);
    world->oracle.rules.max_failures = between(world, 1, world->oracle.rules.max_attempts);
    for (int i = 0; i < steps; i++) {
        step(world);
    }
    free(world->entries);
    free(world);
}

static void report_tally(const struct tally *tally) {
    print_message("seed %llu: ", (unsigned long long)seed());
    for (int i = 0; i <= IBC_REASON_BURNED; i++) {
        print_message("%s %ld, ", ibc_gate_reason_name((enum ibc_gate_reason)i), tally->asked[i]);
    }
    print_message("checked to the millisecond %ld, reboots %ld, races %ld, torn lines %ld, ",
                  tally->exact, tally->reboots, tally->races, tally->torn);
    print_message("logins seen %ld, of the container's own %ld, late %ld\n", tally->seen,
                  tally->own, tally->late);
}

static void a_walk_of_100000_steps_never_passes_what_the_oracle_forbids(void **state) {
    (void)state;
    struct tally tally = {0};
    for (uint64_t i = 0; i < 250; i++) {
        walk(i, 400, -1, &tally);
    }
    report_tally(&tally);
    for (int i = 0; i <= IBC_REASON_BURNED; i++) {
        assert_true(tally.asked[i] > 50);
    }
    assert_true(tally.seen > 500 && tally.own > 500 && tally.late > 50);
}

static void a_walk_over_the_ledgers_file_survives_torn_lines(void **state) {
    (void)state;
    struct tally tally = {0};
    for (uint64_t i = 0; i < 5; i++) {
        char directory[] = "/tmp/ibcred-walk.XXXXXX";
        assert_non_null(mkdtemp(directory));
        int state_fd = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        assert_true(state_fd >= 0);
        walk(1000 + i, 400, state_fd, &tally);
        char name[64] = "ledger-";
        sodium_bin2hex(name + strlen(name), 33, account, sizeof account);
        snprintf(name + strlen(name), 5, ".log");
        assert_int_equal(unlinkat(state_fd, name, 0), 0);
        close(state_fd);
        assert_int_equal(rmdir(directory), 0);
    }
    report_tally(&tally);
    assert_true(tally.asked[IBC_REASON_NONE] > 50);
    assert_true(tally.torn > 50);
}

int main(void) {
    if (sodium_init() < 0) {
        return 1;
    }
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_walk_of_100000_steps_never_passes_what_the_oracle_forbids),
        cmocka_unit_test(a_walk_over_the_ledgers_file_survives_torn_lines),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
