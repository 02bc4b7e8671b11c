/* test_ledger.c - the ledger's text and its file: nothing lost, nothing forged, one at a time. */
#include "gate/ledger_text.h"
#include "gate_rules.h"
#include <ibcred/file.h>
#include <ibcred/gate.h>

#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <sodium.h>
#include <stdarg.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#define LEDGER_NAME "ledger-a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0.log"

static unsigned char key[IBC_AUDIT_KEY_BYTES];
static unsigned char account[IBC_ACCOUNT_ID_BYTES];
static char directory[] = "/tmp/ibcred-test-ledger.XXXXXX";
static int state_fd = -1;

/* Made with Python's hashlib.blake2b(digest_size=16, key=…, salt=…, person=…). */
#define IDS    " 0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f c1c1c1c1c1c1c1c1c1c1c1c1c1c1c1c1 "
#define LINE_1 "v1 1 charge - 0 0 1763798400000 12345" IDS "b80eeb161754a2b167a5054b9dc22ef9\n"
#define LINE_2                                                                                     \
    "v1 2 outcome throttled 287 1763798400512345678 1763798401000 13345" IDS                       \
    "fd67ad9108fb508b5f06cdcc4735386e\n"
#define LINE_3 "v1 3 undelivered - 0 0 1763798401000 13345" IDS "c1074049ca76e1031572d025c8e9ce1d\n"
#define LINE_4                                                                                     \
    "v1 4 attempt - 0 9223372036854775807 1763798401000 13345" IDS                                 \
    "a3d0cab4279b3a231cb89e99476d9ba0\n"
#define LINE_5 "v1 5 clear - 0 0 0 0" IDS "2cabb54e779f4ffa5cc3bb1e9ae1ec37\n"
#define VECTOR LINE_1 LINE_2 LINE_3 LINE_4 LINE_5

static struct ibc_ledger_entry entry_of(enum ibc_ledger_event event, enum ibc_outcome outcome,
                                        int64_t wait, int64_t wall_ms, int64_t boot_ms) {
    struct ibc_ledger_entry entry = {.event = event,
                                     .outcome = outcome,
                                     .wait = wait,
                                     .at = {.wall_ms = wall_ms, .boot_ms = boot_ms}};
    memset(entry.at.boot_id, 0x0f, sizeof entry.at.boot_id);
    memset(entry.credential, 0xc1, sizeof entry.credential);
    return entry;
}

static struct ibc_ledger_entry a_charge(void) {
    return entry_of(IBC_LEDGER_CHARGE, 0, 0, 1763798400000, 12345);
}

/* Of LINE_2. */
static struct ibc_ledger_entry a_throttling(void) {
    struct ibc_ledger_entry entry =
        entry_of(IBC_LEDGER_OUTCOME, IBC_OUTCOME_THROTTLED, 287, 1763798401000, 13345);
    entry.seen_ns = 1763798400512345678;
    return entry;
}

static struct ibc_ledger_entry seen(struct ibc_ledger_entry entry, int64_t seen_ns) {
    entry.seen_ns = seen_ns;
    return entry;
}

static void write_ledger(const void *text, size_t size) {
    ibc_auto_fd fd = openat(state_fd, LEDGER_NAME, O_WRONLY | O_CREAT | O_TRUNC, 0600);
    assert_true(fd >= 0);
    assert_true(ibc_file_write_all(fd, (struct ibc_view){text, size}));
}

static size_t read_ledger(char *out, size_t size) {
    ibc_auto_fd fd = openat(state_fd, LEDGER_NAME, O_RDONLY);
    assert_true(fd >= 0);
    ssize_t got = read(fd, out, size - 1);
    assert_true(got >= 0);
    out[got] = '\0';
    return (size_t)got;
}

static int remove_ledger(void **state) {
    (void)state;
    unlinkat(state_fd, LEDGER_NAME, AT_REMOVEDIR);
    unlinkat(state_fd, LEDGER_NAME, 0);
    unlinkat(state_fd, "other", 0);
    return 0;
}

static struct ibc_ledger *open_ledger(void) {
    struct ibc_ledger *ledger;
    struct ibc_error err;
    if (ibc_ledger_open(state_fd, account, key, &ledger, &err) != IBC_OK) {
        fail_msg("%s", err.text);
    }
    return ledger;
}

static void append(struct ibc_ledger *ledger, struct ibc_ledger_entry entry) {
    struct ibc_error err;
    assert_int_equal(ibc_ledger_append(ledger, &entry, &err), IBC_OK);
}

static size_t count_entries(void) {
    ibc_auto_ledger *ledger = open_ledger();
    size_t count;
    ibc_ledger_entries(ledger, &count);
    return count;
}

static enum ibc_status parse(const void *text, size_t size, size_t *count, size_t *valid_size,
                             struct ibc_error *err) {
    struct ibc_ledger_entry *entries;
    enum ibc_status status = ibc_ledger_parse((struct ibc_view){text, size}, account, key, &entries,
                                              count, valid_size, err);
    free(entries);
    return status;
}

static void assert_damaged(const char *text, const char *where) {
    size_t count, valid_size;
    struct ibc_error err;
    assert_int_equal(parse(text, strlen(text), &count, &valid_size, &err), IBC_ERR_DATA);
    assert_int_equal(count, 0);
    assert_non_null(strstr(err.text, where));
}

/* --- words --- */

static void outcomes_are_read_as_the_command_line_writes_them(void **state) {
    (void)state;
    const struct {
        const char *text;
        bool accepted;
        enum ibc_outcome outcome;
        int64_t wait;
    } table[] = {
        {"success", true, IBC_OUTCOME_SUCCESS, 0},
        {"rejected", true, IBC_OUTCOME_REJECTED, 0},
        {"throttled", true, IBC_OUTCOME_THROTTLED, 0},
        {"throttled=1", true, IBC_OUTCOME_THROTTLED, 1},
        {"throttled=86400", true, IBC_OUTCOME_THROTTLED, 86400},
        {"2fa-timeout", true, IBC_OUTCOME_SECOND_FACTOR_TIMEOUT, 0},
        {"session-conflict", true, IBC_OUTCOME_SESSION_CONFLICT, 0},
        {"silent-drop", true, IBC_OUTCOME_SILENT_DROP, 0},
        {"failed", true, IBC_OUTCOME_FAILED, 0},
        {"contradicted", true, IBC_OUTCOME_CONTRADICTED, 0},
        {"unknown", true, IBC_OUTCOME_UNKNOWN, 0},
        {"throttled=", false, 0, 0},
        {"throttled=0", false, 0, 0},
        {"throttled=86401", false, 0, 0},
        {"throttled=-1", false, 0, 0},
        {"throttled=1s", false, 0, 0},
        {"rejected=5", false, 0, 0},
        {"failed=5", false, 0, 0},
        {"contradicted=5", false, 0, 0},
        {"Success", false, 0, 0},
        {"", false, 0, 0},
        {"success ", false, 0, 0},
    };
    for (size_t i = 0; i < IBC_ARRAY_SIZE(table); i++) {
        enum ibc_outcome outcome = IBC_OUTCOME_UNKNOWN;
        int64_t wait = -1;
        assert_int_equal(ibc_outcome_parse(table[i].text, &outcome, &wait), table[i].accepted);
        if (table[i].accepted) {
            assert_int_equal(outcome, table[i].outcome);
            assert_int_equal(wait, table[i].wait);
        } else {
            assert_int_equal(wait, -1);
        }
    }
    assert_string_equal(ibc_outcome_name(IBC_OUTCOME_SECOND_FACTOR_TIMEOUT), "2fa-timeout");
    assert_string_equal(ibc_outcome_name((enum ibc_outcome)99), "?");
}

/* --- text --- */

static void the_text_is_the_one_documented(void **state) {
    (void)state;
    ibc_auto_ledger *ledger = open_ledger();
    append(ledger, a_charge());
    append(ledger, a_throttling());
    append(ledger, entry_of(IBC_LEDGER_UNDELIVERED, 0, 0, 1763798401000, 13345));
    append(ledger, seen(entry_of(IBC_LEDGER_ATTEMPT, 0, 0, 1763798401000, 13345), INT64_MAX));
    append(ledger, entry_of(IBC_LEDGER_CLEAR, 0, 0, 0, 0));
    char text[2048];
    read_ledger(text, sizeof text);
    assert_string_equal(text, VECTOR);
}

static void every_entry_comes_back_as_it_was_written(void **state) {
    (void)state;
    struct ibc_ledger_entry written[] = {
        entry_of(IBC_LEDGER_CHARGE, 0, 0, LEDGER_WALL_MS_MAX, LEDGER_BOOT_MS_MAX),
        entry_of(IBC_LEDGER_OUTCOME, IBC_OUTCOME_SUCCESS, 0, 1, 2),
        entry_of(IBC_LEDGER_OUTCOME, IBC_OUTCOME_REJECTED, 0, 0, 0),
        entry_of(IBC_LEDGER_OUTCOME, IBC_OUTCOME_THROTTLED, 86400, 3, 4),
        entry_of(IBC_LEDGER_OUTCOME, IBC_OUTCOME_SECOND_FACTOR_TIMEOUT, 0, 5, 6),
        entry_of(IBC_LEDGER_OUTCOME, IBC_OUTCOME_SESSION_CONFLICT, 0, 7, 8),
        entry_of(IBC_LEDGER_OUTCOME, IBC_OUTCOME_SILENT_DROP, 0, 9, 10),
        entry_of(IBC_LEDGER_OUTCOME, IBC_OUTCOME_UNKNOWN, 0, 11, 12),
        seen(entry_of(IBC_LEDGER_OUTCOME, IBC_OUTCOME_CONTRADICTED, 0, 11, 12), 1),
        seen(entry_of(IBC_LEDGER_OUTCOME, IBC_OUTCOME_FAILED, 0, 11, 12), 1),
        seen(entry_of(IBC_LEDGER_OUTCOME, IBC_OUTCOME_THROTTLED, 1, 11, 12), INT64_MAX),
        seen(entry_of(IBC_LEDGER_ATTEMPT, 0, 0, 11, 12), 1),
        entry_of(IBC_LEDGER_UNDELIVERED, 0, 0, 11, 12),
        entry_of(IBC_LEDGER_CLEAR, 0, 0, 13, 14),
    };
    for (size_t i = 0; i < IBC_ARRAY_SIZE(written); i++) {
        ibc_auto_ledger *ledger = open_ledger();
        randombytes_buf(written[i].at.boot_id, sizeof written[i].at.boot_id);
        randombytes_buf(written[i].credential, sizeof written[i].credential);
        struct ibc_error err;
        assert_int_equal(ibc_ledger_append(ledger, &written[i], &err), IBC_OK);
        assert_int_equal(written[i].sequence, i + 1);
        size_t count;
        const struct ibc_ledger_entry *entries = ibc_ledger_entries(ledger, &count);
        assert_int_equal(count, i + 1);
        assert_memory_equal(&entries[i], &written[i], sizeof written[i]);
    }
    ibc_auto_ledger *ledger = open_ledger();
    size_t count;
    const struct ibc_ledger_entry *entries = ibc_ledger_entries(ledger, &count);
    assert_int_equal(count, IBC_ARRAY_SIZE(written));
    assert_memory_equal(entries, written, sizeof written);
}

static void every_flipped_bit_is_found(void **state) {
    (void)state;
    char text[] = VECTOR;
    size_t size = strlen(VECTOR);
    for (size_t bit = 0; bit < 8 * (size - 1); bit++) {
        text[bit / 8] ^= (char)(1 << bit % 8);
        size_t count, valid_size;
        struct ibc_error err;
        assert_int_equal(parse(text, size, &count, &valid_size, &err), IBC_ERR_DATA);
        text[bit / 8] ^= (char)(1 << bit % 8);
    }
}

static void every_truncation_leaves_the_whole_lines_before_it(void **state) {
    (void)state;
    const size_t ends[] = {0,
                           strlen(LINE_1),
                           strlen(LINE_1 LINE_2),
                           strlen(LINE_1 LINE_2 LINE_3),
                           strlen(LINE_1 LINE_2 LINE_3 LINE_4),
                           strlen(VECTOR)};
    for (size_t size = 0; size <= strlen(VECTOR); size++) {
        size_t whole = 0;
        while (whole + 1 < IBC_ARRAY_SIZE(ends) && ends[whole + 1] <= size) {
            whole++;
        }
        size_t count, valid_size;
        struct ibc_error err;
        assert_int_equal(parse(VECTOR, size, &count, &valid_size, &err), IBC_OK);
        assert_int_equal(count, whole);
        assert_int_equal(valid_size, ends[whole]);
    }
}

static void lines_missing_repeated_or_swapped_are_found(void **state) {
    (void)state;
    assert_damaged(LINE_2, LEDGER_NAME ":1 ");
    assert_damaged(LINE_1 LINE_3, LEDGER_NAME ":2 ");
    assert_damaged(LINE_1 LINE_1, LEDGER_NAME ":2 ");
    assert_damaged(LINE_2 LINE_1, LEDGER_NAME ":1 ");
    assert_damaged(LINE_1 "\n" LINE_2, LEDGER_NAME ":2 ");
    assert_damaged("\n" LINE_1, LEDGER_NAME ":1 ");
}

static void a_ledger_of_another_account_or_key_is_found(void **state) {
    (void)state;
    struct ibc_error err;
    size_t count, valid_size;
    account[3] ^= 1;
    assert_int_equal(parse(VECTOR, strlen(VECTOR), &count, &valid_size, &err), IBC_ERR_DATA);
    account[3] ^= 1;
    key[31] ^= 1;
    assert_int_equal(parse(VECTOR, strlen(VECTOR), &count, &valid_size, &err), IBC_ERR_DATA);
    key[31] ^= 1;
    assert_int_equal(parse(VECTOR, strlen(VECTOR), &count, &valid_size, &err), IBC_OK);
}

/* The line whose text is `body`, with the hash that it would have as the first one. */
static void seal_line(const char *body, char *out, size_t size) {
    struct ledger_chain chain = ledger_chain_start(account, key);
    ledger_chain_advance(&chain, ibc_view_of(body));
    char hash[2 * LEDGER_HASH_BYTES + 1];
    sodium_bin2hex(hash, sizeof hash, chain.previous, LEDGER_HASH_BYTES);
    snprintf(out, size, "%s %s\n", body, hash);
}

#define BOOT "0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f"
#define CRED "c1c1c1c1c1c1c1c1c1c1c1c1c1c1c1c1"

static void a_line_written_in_any_other_way_is_refused_although_its_hash_fits(void **state) {
    (void)state;
    static const char *const bodies[] = {
        "v2 1 charge - 0 0 0 0 " BOOT " " CRED,
        "V1 1 charge - 0 0 0 0 " BOOT " " CRED,
        "v1 01 charge - 0 0 0 0 " BOOT " " CRED,
        "v1 +1 charge - 0 0 0 0 " BOOT " " CRED,
        "v1 2 charge - 0 0 0 0 " BOOT " " CRED,
        "v1 0 charge - 0 0 0 0 " BOOT " " CRED,
        "v1 1 Charge - 0 0 0 0 " BOOT " " CRED,
        "v1 1 charged - 0 0 0 0 " BOOT " " CRED,
        "v1 1  - 0 0 0 0 " BOOT " " CRED,
        "v1 1 charge success 0 0 0 0 " BOOT " " CRED,
        "v1 1 outcome - 0 0 0 0 " BOOT " " CRED,
        "v1 1 outcome ? 0 0 0 0 " BOOT " " CRED,
        "v1 1 clear unknown 0 0 0 0 " BOOT " " CRED,
        "v1 1 charge - 5 0 0 0 " BOOT " " CRED,
        "v1 1 outcome rejected 5 0 0 0 " BOOT " " CRED,
        "v1 1 outcome throttled 86401 0 0 0 " BOOT " " CRED,
        "v1 1 outcome throttled -1 0 0 0 " BOOT " " CRED,
        "v1 1 charge - 0 0 00 0 " BOOT " " CRED,
        "v1 1 charge - 0 0 -1 0 " BOOT " " CRED,
        "v1 1 charge - 0 0 253402300800000 0 " BOOT " " CRED,
        "v1 1 charge - 0 0 0 9467280000001 " BOOT " " CRED,
        "v1 1 charge - 0 0 0 99999999999999999999999999 " BOOT " " CRED,
        "v1 1 charge - 0 0 0 0 0F0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f " CRED,
        "v1 1 charge - 0 0 0 0 0g0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f " CRED,
        "v1 1 charge - 0 0 0 0 0f0f " CRED,
        "v1 1 charge - 0 0 0 0 " BOOT " " CRED "00",
        "v1 1 charge - 0 0 0 0 " BOOT " " CRED " ",
        "v1 1 charge - 0 0 0 0 " BOOT "  " CRED,
        " v1 1 charge - 0 0 0 0 " BOOT " " CRED,
        "v1 1 charge - 0 0 0 0 " BOOT "\t" CRED,
        "v1 1 charge - 0 0 0 " BOOT " " CRED,
        "v1 1 charge - 0 0 0 0 0 " BOOT " " CRED,
        "v1 1 charge - 0 1 0 0 " BOOT " " CRED,
        "v1 1 clear - 0 1 0 0 " BOOT " " CRED,
        "v1 1 undelivered - 0 1 0 0 " BOOT " " CRED,
        "v1 1 attempt - 0 0 0 0 " BOOT " " CRED,
        "v1 1 attempt - 0 01 0 0 " BOOT " " CRED,
        "v1 1 attempt - 0 -1 0 0 " BOOT " " CRED,
        "v1 1 attempt - 0 9223372036854775808 0 0 " BOOT " " CRED,
        "v1 1 attempt - 5 1 0 0 " BOOT " " CRED,
        "v1 1 attempt success 0 1 0 0 " BOOT " " CRED,
        "v1 1 outcome failed 5 0 0 0 " BOOT " " CRED,
        "v1 1 outcome contradicted 5 0 0 0 " BOOT " " CRED,
        "v1",
        "",
    };
    char line[512];
    seal_line("v1 1 charge - 0 0 0 0 " BOOT " " CRED, line, sizeof line);
    size_t count, valid_size;
    struct ibc_error err;
    assert_int_equal(parse(line, strlen(line), &count, &valid_size, &err), IBC_OK);
    for (size_t i = 0; i < IBC_ARRAY_SIZE(bodies); i++) {
        seal_line(bodies[i], line, sizeof line);
        assert_damaged(line, LEDGER_NAME ":1 ");
    }
}

/* --- the file --- */

static void a_ledger_that_is_not_there_is_empty_and_private(void **state) {
    (void)state;
    assert_int_equal(count_entries(), 0);
    struct stat info;
    assert_int_equal(fstatat(state_fd, LEDGER_NAME, &info, AT_SYMLINK_NOFOLLOW), 0);
    assert_int_equal(info.st_mode & 07777, 0600);
    assert_int_equal(info.st_size, 0);
}

static void a_torn_last_line_is_dropped_and_gone_after_the_next_append(void **state) {
    (void)state;
    for (size_t torn = 1; torn < strlen(LINE_2); torn += 7) {
        write_ledger(LINE_1 LINE_2, strlen(LINE_1) + torn);
        ibc_auto_ledger *ledger = open_ledger();
        size_t count;
        ibc_ledger_entries(ledger, &count);
        assert_int_equal(count, 1);
        append(ledger, a_throttling());
        char text[1024];
        read_ledger(text, sizeof text);
        assert_string_equal(text, LINE_1 LINE_2);
    }
}

static void a_damaged_ledger_does_not_open_and_stays_as_it_is(void **state) {
    (void)state;
    write_ledger(LINE_1 LINE_3, strlen(LINE_1 LINE_3));
    struct ibc_ledger *ledger;
    struct ibc_error err;
    assert_int_equal(ibc_ledger_open(state_fd, account, key, &ledger, &err), IBC_ERR_DATA);
    assert_null(ledger);
    assert_non_null(strstr(err.text, "sequence"));
    char text[1024];
    read_ledger(text, sizeof text);
    assert_string_equal(text, LINE_1 LINE_3);
}

static void a_ledger_larger_than_any_is_damaged(void **state) {
    (void)state;
    write_ledger("", 0);
    ibc_auto_fd fd = openat(state_fd, LEDGER_NAME, O_WRONLY);
    assert_int_equal(ftruncate(fd, (off_t)IBC_LEDGER_FILE_MAX + 1), 0);
    struct ibc_ledger *ledger;
    struct ibc_error err;
    assert_int_equal(ibc_ledger_open(state_fd, account, key, &ledger, &err), IBC_ERR_DATA);
}

static void assert_not_opened(enum ibc_status expected) {
    struct ibc_ledger *ledger;
    struct ibc_error err;
    assert_int_equal(ibc_ledger_open(state_fd, account, key, &ledger, &err), expected);
    assert_null(ledger);
}

static void a_file_that_others_can_touch_is_refused(void **state) {
    (void)state;
    const mode_t modes[] = {0620, 0602, 0666};
    for (size_t i = 0; i < IBC_ARRAY_SIZE(modes); i++) {
        write_ledger(LINE_1, strlen(LINE_1));
        assert_int_equal(fchmodat(state_fd, LEDGER_NAME, modes[i], 0), 0);
        assert_not_opened(IBC_ERR_REFUSED);
    }
    remove_ledger(NULL);
    assert_int_equal(symlinkat("other", state_fd, LEDGER_NAME), 0);
    assert_not_opened(IBC_ERR_REFUSED);
    remove_ledger(NULL);
    write_ledger("", 0);
    assert_int_equal(linkat(state_fd, LEDGER_NAME, state_fd, "other", 0), 0);
    assert_not_opened(IBC_ERR_REFUSED);
    remove_ledger(NULL);
    assert_int_equal(mkfifoat(state_fd, LEDGER_NAME, 0600), 0);
    assert_not_opened(IBC_ERR_REFUSED);
    remove_ledger(NULL);
    assert_int_equal(mkdirat(state_fd, LEDGER_NAME, 0700), 0);
    assert_not_opened(IBC_ERR_IO);
}

static void an_entry_that_no_line_can_hold_is_refused(void **state) {
    (void)state;
    struct ibc_ledger_entry entries[] = {
        entry_of((enum ibc_ledger_event)0, 0, 0, 0, 0),
        entry_of(IBC_LEDGER_CHARGE, IBC_OUTCOME_SUCCESS, 0, 0, 0),
        entry_of(IBC_LEDGER_OUTCOME, 0, 0, 0, 0),
        entry_of((enum ibc_ledger_event)6, 0, 0, 0, 0),
        entry_of(IBC_LEDGER_OUTCOME, (enum ibc_outcome)(IBC_OUTCOME_UNKNOWN + 1), 0, 0, 0),
        entry_of(IBC_LEDGER_OUTCOME, IBC_OUTCOME_CONTRADICTED, 1, 0, 0),
        entry_of(IBC_LEDGER_OUTCOME, IBC_OUTCOME_FAILED, 1, 0, 0),
        entry_of(IBC_LEDGER_ATTEMPT, 0, 0, 0, 0),
        seen(entry_of(IBC_LEDGER_ATTEMPT, 0, 0, 0, 0), -1),
        seen(entry_of(IBC_LEDGER_ATTEMPT, IBC_OUTCOME_SUCCESS, 0, 0, 0), 1),
        seen(entry_of(IBC_LEDGER_OUTCOME, IBC_OUTCOME_SUCCESS, 0, 0, 0), -1),
        seen(a_charge(), 1),
        seen(entry_of(IBC_LEDGER_UNDELIVERED, 0, 0, 0, 0), 1),
        seen(entry_of(IBC_LEDGER_CLEAR, 0, 0, 0, 0), 1),
        entry_of(IBC_LEDGER_OUTCOME, IBC_OUTCOME_THROTTLED, 86401, 0, 0),
        entry_of(IBC_LEDGER_OUTCOME, IBC_OUTCOME_REJECTED, 1, 0, 0),
        entry_of(IBC_LEDGER_CHARGE, 0, 0, -1, 0),
        entry_of(IBC_LEDGER_CHARGE, 0, 0, 0, -1),
        entry_of(IBC_LEDGER_CHARGE, 0, 0, LEDGER_WALL_MS_MAX + 1, 0),
        entry_of(IBC_LEDGER_CHARGE, 0, 0, 0, LEDGER_BOOT_MS_MAX + 1),
    };
    ibc_auto_ledger *ledger = open_ledger();
    for (size_t i = 0; i < IBC_ARRAY_SIZE(entries); i++) {
        struct ibc_error err;
        assert_int_equal(ibc_ledger_append(ledger, &entries[i], &err), IBC_ERR_USAGE);
    }
    char text[64];
    assert_int_equal(read_ledger(text, sizeof text), 0);
}

static void what_a_log_told_is_found_by_its_event_and_time_before_and_after_reading(void **state) {
    (void)state;
    ibc_auto_ledger *ledger = open_ledger();
    assert_null(ibc_ledger_find_seen(ledger, IBC_LEDGER_ATTEMPT, 7));
    append(ledger, a_charge());
    append(ledger, seen(entry_of(IBC_LEDGER_ATTEMPT, 0, 0, 0, 0), 7));
    append(ledger, seen(entry_of(IBC_LEDGER_OUTCOME, IBC_OUTCOME_SUCCESS, 0, 0, 0), INT64_MAX));
    for (int read = 0; read < 2; read++) {
        assert_non_null(ibc_ledger_find_seen(ledger, IBC_LEDGER_ATTEMPT, 7));
        assert_non_null(ibc_ledger_find_seen(ledger, IBC_LEDGER_OUTCOME, INT64_MAX));
        assert_null(ibc_ledger_find_seen(ledger, IBC_LEDGER_OUTCOME, 7));
        assert_null(ibc_ledger_find_seen(ledger, IBC_LEDGER_ATTEMPT, 6));
        assert_null(ibc_ledger_find_seen(ledger, IBC_LEDGER_ATTEMPT, INT64_MAX));
        ibc_ledger_free(&ledger);
        ledger = open_ledger();
    }
}

static void an_append_that_fails_half_way_leaves_nothing(void **state) {
    (void)state;
    signal(SIGXFSZ, SIG_IGN);
    struct rlimit limit;
    assert_int_equal(getrlimit(RLIMIT_FSIZE, &limit), 0);
    struct rlimit tight = {.rlim_cur = strlen(LINE_1) + 40, .rlim_max = limit.rlim_max};

    ibc_auto_ledger *ledger = open_ledger();
    append(ledger, a_charge());
    struct ibc_ledger_entry second = a_throttling();
    struct ibc_error err;
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &tight), 0);
    enum ibc_status status = ibc_ledger_append(ledger, &second, &err);
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &limit), 0);
    assert_int_equal(status, IBC_ERR_IO);
    char text[1024];
    read_ledger(text, sizeof text);
    assert_string_equal(text, LINE_1);

    append(ledger, second);
    read_ledger(text, sizeof text);
    assert_string_equal(text, LINE_1 LINE_2);
}

/* --- several processes --- */

/* Wait for the starting gun, ask, and charge when allowed: 1 when allowed, 0 when told to wait. */
static int ask_and_charge(int start_fd) {
    char gun;
    (void)!read(start_fd, &gun, 1);
    struct ibc_ledger_entry charge = a_charge();
    struct ibc_error err;
    if (ibc_clock_now(&charge.at, &err) != IBC_OK) {
        return 99;
    }
    ibc_auto_ledger *ledger = NULL;
    if (ibc_ledger_open(state_fd, account, key, &ledger, &err) != IBC_OK) {
        return 98;
    }
    size_t count;
    const struct ibc_ledger_entry *entries = ibc_ledger_entries(ledger, &count);
    struct ibc_gate_verdict verdict =
        ibc_gate_decide(entries, count, &test_rules, charge.credential, &charge.at, 0);
    if (verdict.decision == IBC_GATE_WAIT) {
        return verdict.reason == IBC_REASON_IN_FLIGHT ? 0 : 97;
    }
    return ibc_ledger_append(ledger, &charge, &err) == IBC_OK ? 1 : 96;
}

static void of_processes_that_ask_at_once_one_is_allowed(void **state) {
    (void)state;
    enum { PROCESSES = 6 };
    for (int round = 0; round < 25; round++) {
        remove_ledger(NULL);
        int gun[2];
        assert_int_equal(pipe(gun), 0);
        pid_t children[PROCESSES];
        for (int i = 0; i < PROCESSES; i++) {
            children[i] = fork();
            assert_true(children[i] >= 0);
            if (children[i] == 0) {
                close(gun[1]);
                _exit(ask_and_charge(gun[0]));
            }
        }
        close(gun[0]);
        close(gun[1]);
        int allowed = 0;
        for (int i = 0; i < PROCESSES; i++) {
            int status;
            assert_int_equal(waitpid(children[i], &status, 0), children[i]);
            assert_true(WIFEXITED(status) && WEXITSTATUS(status) <= 1);
            allowed += WEXITSTATUS(status);
        }
        assert_int_equal(allowed, 1);
        assert_int_equal(count_entries(), 1);
    }
}

/* Waits for the starting gun, then for the lock, and charges. */
static pid_t start_waiter(int gun[static 2]) {
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        close(gun[1]);
        char shot;
        (void)!read(gun[0], &shot, 1);
        alarm(10);
        ibc_auto_ledger *ledger = open_ledger();
        append(ledger, a_charge());
        ibc_ledger_free(&ledger);
        _exit(0);
    }
    return child;
}

static void move_away(void) {
    assert_int_equal(renameat(state_fd, LEDGER_NAME, state_fd, "other"), 0);
}

static void delete (void) {
    assert_int_equal(unlinkat(state_fd, LEDGER_NAME, 0), 0);
}

static void replace(void) {
    move_away();
    write_ledger("", 0);
}

static void who_waited_for_a_ledger_that_went_away_charges_the_one_with_the_name(void **state) {
    (void)state;
    void (*const ways[])(void) = {move_away, delete, replace};
    for (size_t i = 0; i < IBC_ARRAY_SIZE(ways); i++) {
        remove_ledger(NULL);
        int gun[2];
        assert_int_equal(pipe(gun), 0);
        pid_t waiter = start_waiter(gun);
        struct ibc_ledger *ledger = open_ledger();
        append(ledger, a_charge());
        close(gun[0]);
        close(gun[1]);
        usleep(100000); /* by then it waits; where it does not yet, this proves less */
        ways[i]();
        ibc_ledger_free(&ledger);
        int status;
        assert_int_equal(waitpid(waiter, &status, 0), waiter);
        assert_int_equal(status, 0);
        char text[1024];
        read_ledger(text, sizeof text);
        assert_string_equal(text, LINE_1);
    }
}

/* Append for ever, and say so each time it is durable. */
static void append_and_tell(int tell_fd) {
    for (;;) {
        struct ibc_ledger *ledger;
        struct ibc_error err;
        struct ibc_ledger_entry charge = a_charge();
        if (ibc_ledger_open(state_fd, account, key, &ledger, &err) != IBC_OK ||
            ibc_ledger_append(ledger, &charge, &err) != IBC_OK || write(tell_fd, "+", 1) != 1) {
            _exit(1);
        }
        ibc_ledger_free(&ledger);
    }
}

static void a_killed_process_leaves_all_that_it_confirmed(void **state) {
    (void)state;
    size_t confirmed = 0;
    for (int round = 0; round < 40; round++) {
        int told[2];
        assert_int_equal(pipe(told), 0);
        pid_t child = fork();
        assert_true(child >= 0);
        if (child == 0) {
            append_and_tell(told[1]);
        }
        close(told[1]);
        char plus;
        assert_int_equal(read(told[0], &plus, 1), 1);
        confirmed++;
        usleep((useconds_t)randombytes_uniform(5000));
        kill(child, SIGKILL);
        assert_int_equal(waitpid(child, NULL, 0), child);
        while (read(told[0], &plus, 1) == 1) {
            confirmed++;
        }
        close(told[0]);
        size_t count = count_entries();
        assert_true(count == confirmed || count == confirmed + 1);
        confirmed = count;
    }
}

static int set_up(void **state) {
    (void)state;
    for (size_t i = 0; i < sizeof key; i++) {
        key[i] = (unsigned char)i;
    }
    memset(account, 0xa0, sizeof account);
    if (sodium_init() < 0 || !mkdtemp(directory)) {
        return -1;
    }
    state_fd = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    return state_fd >= 0 ? 0 : -1;
}

static int tear_down(void **state) {
    (void)state;
    close(state_fd);
    return rmdir(directory);
}

#define LEDGER_TEST(name) cmocka_unit_test_setup_teardown(name, NULL, remove_ledger)

int main(void) {
    const struct CMUnitTest tests[] = {
        LEDGER_TEST(outcomes_are_read_as_the_command_line_writes_them),
        LEDGER_TEST(the_text_is_the_one_documented),
        LEDGER_TEST(every_entry_comes_back_as_it_was_written),
        LEDGER_TEST(every_flipped_bit_is_found),
        LEDGER_TEST(every_truncation_leaves_the_whole_lines_before_it),
        LEDGER_TEST(lines_missing_repeated_or_swapped_are_found),
        LEDGER_TEST(a_ledger_of_another_account_or_key_is_found),
        LEDGER_TEST(a_line_written_in_any_other_way_is_refused_although_its_hash_fits),
        LEDGER_TEST(a_ledger_that_is_not_there_is_empty_and_private),
        LEDGER_TEST(a_torn_last_line_is_dropped_and_gone_after_the_next_append),
        LEDGER_TEST(a_damaged_ledger_does_not_open_and_stays_as_it_is),
        LEDGER_TEST(a_ledger_larger_than_any_is_damaged),
        LEDGER_TEST(a_file_that_others_can_touch_is_refused),
        LEDGER_TEST(an_entry_that_no_line_can_hold_is_refused),
        LEDGER_TEST(what_a_log_told_is_found_by_its_event_and_time_before_and_after_reading),
        LEDGER_TEST(an_append_that_fails_half_way_leaves_nothing),
        LEDGER_TEST(of_processes_that_ask_at_once_one_is_allowed),
        LEDGER_TEST(who_waited_for_a_ledger_that_went_away_charges_the_one_with_the_name),
        LEDGER_TEST(a_killed_process_leaves_all_that_it_confirmed),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
