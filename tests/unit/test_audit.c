/* test_audit.c - the audit log: what it says, and that nothing of it can be changed unseen. */
#include "audit/chain.h"
#include <ibcred/audit.h>
#include <ibcred/file.h>

#include <fcntl.h>
#include <jansson.h>
#include <setjmp.h>
#include <signal.h>
#include <sodium.h>
#include <stdarg.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#define LOG_NAME  "audit-b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0.jsonl"
#define HEAD_NAME "audit-b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0.head"

enum { TEXT_MAX = 65536 };

static unsigned char key[IBC_AUDIT_KEY_BYTES];
static unsigned char id[IBC_VAULT_ID_BYTES];
static char directory[] = "/tmp/ibcred-test-audit.XXXXXX";
static int state_fd = -1;

static const struct ibc_instant now = {.wall_ms = 1763798400123};

static int remove_log(void **state) {
    (void)state;
    unlinkat(state_fd, LOG_NAME, 0);
    unlinkat(state_fd, HEAD_NAME, 0);
    return 0;
}

static size_t read_file(const char *name, char out[static TEXT_MAX]) {
    ibc_auto_fd fd = openat(state_fd, name, O_RDONLY);
    assert_true(fd >= 0);
    ssize_t size = read(fd, out, TEXT_MAX - 1);
    assert_true(size >= 0);
    out[size] = '\0';
    return (size_t)size;
}

static void write_file(const char *name, const char *text, size_t size) {
    ibc_auto_fd fd = openat(state_fd, name, O_WRONLY | O_CREAT | O_TRUNC, 0600);
    assert_true(fd >= 0);
    assert_true(ibc_file_write_all(fd, (struct ibc_view){(const unsigned char *)text, size}));
}

static struct ibc_audit *open_audit(void) {
    struct ibc_audit *audit;
    struct ibc_error err;
    if (ibc_audit_open(state_fd, id, key, &audit, &err) != IBC_OK) {
        fail_msg("%s", err.text);
    }
    return audit;
}

static void note(const struct ibc_audit_event *event) {
    ibc_auto_audit *audit = open_audit();
    struct ibc_error err;
    if (ibc_audit_append(audit, event, &now, &err) != IBC_OK) {
        fail_msg("%s", err.text);
    }
}

static void note_some(int count) {
    for (int i = 0; i < count; i++) {
        char why[32];
        snprintf(why, sizeof why, "because of %d", i);
        note(&(struct ibc_audit_event){.event = "release", .profile = "paper", .why = why});
    }
}

static enum ibc_status verify(uint64_t *lines, struct ibc_error *err) {
    return ibc_audit_verify(state_fd, id, key, lines, err);
}

static void assert_verified(uint64_t expected) {
    uint64_t lines;
    struct ibc_error err;
    if (verify(&lines, &err) != IBC_OK) {
        fail_msg("%s", err.text);
    }
    assert_int_equal(lines, expected);
}

static void assert_damaged(const char *words) {
    uint64_t lines;
    struct ibc_error err = {0};
    assert_int_equal(verify(&lines, &err), IBC_ERR_DATA);
    if (!strstr(err.text, words)) {
        fail_msg("'%s' is not in: %s", words, err.text);
    }
    assert_int_equal(lines, 0);
}

static void assert_not_opened(void) {
    struct ibc_audit *audit;
    struct ibc_error err;
    assert_int_equal(ibc_audit_open(state_fd, id, key, &audit, &err), IBC_ERR_DATA);
    assert_null(audit);
}

/* Where line `number` (from 1) begins; for the one after the last, the end. */
static char *line_at(char *text, int number) {
    for (int i = 1; i < number; i++) {
        text = strchr(text, '\n') + 1;
    }
    return text;
}

/* --- lines --- */

static void a_line_holds_every_member_in_order(void **state) {
    (void)state;
    note(&(struct ibc_audit_event){.event = "release",
                                   .profile = "pa\"per",
                                   .version = 7,
                                   .mode = "paper",
                                   .delivery = "env-file",
                                   .verdict = "allowed",
                                   .why = "because"});
    char text[TEXT_MAX], start[1024], host[256];
    read_file(LOG_NAME, text);
    assert_int_equal(gethostname(host, sizeof host), 0);
    snprintf(start, sizeof start,
             "{\"seq\":1,\"time\":\"2025-11-22T08:00:00.123Z\",\"event\":\"release\","
             "\"profile\":\"pa\\\"per\",\"version\":7,\"mode\":\"paper\","
             "\"delivery\":\"env-file\",\"verdict\":\"allowed\",\"why\":\"because\",\"uid\":%u,"
             "\"pid\":%d,\"host\":\"%s\",\"prev\":\"%064d\",\"mac\":\"",
             getuid(), (int)getpid(), host, 0);
    assert_memory_equal(text, start, strlen(start));
    assert_int_equal(strlen(text), strlen(start) + AUDIT_MAC_HEX + strlen("\"}\n"));
    json_t *json = json_loads(text, JSON_REJECT_DUPLICATES, NULL);
    assert_int_equal(json_object_size(json), 14);
    json_decref(json);
}

static void what_an_event_does_not_say_is_left_out(void **state) {
    (void)state;
    note(&(struct ibc_audit_event){.event = "seal"});
    char text[TEXT_MAX];
    read_file(LOG_NAME, text);
    json_t *json = json_loads(text, 0, NULL);
    assert_int_equal(json_object_size(json), 8);
    json_decref(json);
}

/* The MAC is BLAKE2b over the bytes before it, as chain.h says, done by hand here. */
static void the_mac_is_the_one_documented(void **state) {
    (void)state;
    note_some(2);
    char text[TEXT_MAX];
    read_file(LOG_NAME, text);
    char *second = line_at(text, 2);
    char *member = strstr(second, ",\"mac\":\"");
    const unsigned char domain[16] = "ibcred audit 1";
    unsigned char mac[32];
    char hex[65];
    crypto_generichash_blake2b_salt_personal(mac, sizeof mac, (const unsigned char *)second,
                                             (size_t)(member - second), key, sizeof key, id,
                                             domain);
    sodium_bin2hex(hex, sizeof hex, mac, sizeof mac);
    assert_memory_equal(member + strlen(",\"mac\":\""), hex, 64);
    assert_memory_equal(strstr(second, "\"prev\":\"") + 8, strstr(text, "\"mac\":\"") + 7, 64);
}

static void text_that_is_not_utf8_keeps_its_ascii(void **state) {
    (void)state;
    note(&(struct ibc_audit_event){.event = "release",
                                   .profile = "p\xff\xc3p",
                                   .why = "gr\xc3\xbc\xc3\x9f \xe2\x82\xac\n\x1b[2J"});
    assert_verified(1);
    char text[TEXT_MAX];
    read_file(LOG_NAME, text);
    json_t *json = json_loads(text, 0, NULL);
    assert_non_null(json);
    assert_string_equal(json_string_value(json_object_get(json, "profile")), "p??p");
    assert_string_equal(json_string_value(json_object_get(json, "why")),
                        "gr\xc3\xbc\xc3\x9f \xe2\x82\xac\n\x1b[2J");
    json_decref(json);
    assert_null(strchr(text, '\x1b'));
    assert_ptr_equal(strchr(text, '\n'), text + strlen(text) - 1);
}

static void a_long_why_is_cut_between_characters(void **state) {
    (void)state;
    const char *const pieces[] = {"a",  "\xc3\xbc", "\xe2\x82\xac", "\xf0\x9f\x92\xa3",
                                  "\"", "\x01",     "\xff"};
    uint64_t lines = 0;
    for (size_t i = 0; i < IBC_ARRAY_SIZE(pieces); i++) {
        for (size_t size = 3900; size < 4000; size += 9) {
            char why[8192];
            size_t piece = strlen(pieces[i]);
            size_t used = 0;
            for (; used + piece <= size; used += piece) {
                memcpy(why + used, pieces[i], piece + 1);
            }
            note(&(struct ibc_audit_event){.event = "release", .profile = "p", .why = why});
            lines++;
        }
        char text[TEXT_MAX];
        read_file(LOG_NAME, text);
        bool replaced = strchr(text, '?') != NULL;
        assert_int_equal(replaced, strcmp(pieces[i], "\xff") == 0);
        assert_verified(lines);
        remove_log(NULL);
        lines = 0;
    }
}

static void a_line_that_must_be_cut_is_as_long_as_it_may_be(void **state) {
    (void)state;
    char why[9000];
    memset(why, 'w', sizeof why - 1);
    why[sizeof why - 1] = '\0';
    note(&(struct ibc_audit_event){.event = "release", .profile = "paper", .why = why});
    char text[TEXT_MAX];
    assert_int_equal(read_file(LOG_NAME, text), IBC_AUDIT_LINE_MAX);
    assert_non_null(strstr(text, "w\xe2\x80\xa6\",\"uid\""));
}

static void an_event_that_no_cut_makes_fit_is_refused(void **state) {
    (void)state;
    char profile[5000];
    memset(profile, 'p', sizeof profile - 1);
    profile[sizeof profile - 1] = '\0';
    ibc_auto_audit *audit = open_audit();
    const char *const whys[] = {NULL, "", "short", profile};
    for (size_t i = 0; i < IBC_ARRAY_SIZE(whys); i++) {
        struct ibc_audit_event event = {.event = "seal", .profile = profile, .why = whys[i]};
        struct ibc_error err;
        assert_int_equal(ibc_audit_append(audit, &event, &now, &err), IBC_ERR_USAGE);
    }
    char text[TEXT_MAX];
    assert_int_equal(read_file(LOG_NAME, text), 0);
}

/* --- the chain --- */

static void a_log_that_is_not_there_verifies_as_empty(void **state) {
    (void)state;
    assert_verified(0);
    assert_verified(0);
    note_some(1);
    assert_verified(1);
    struct stat info;
    assert_int_equal(fstatat(state_fd, LOG_NAME, &info, 0), 0);
    assert_int_equal(info.st_mode & 07777, 0600);
    assert_int_equal(fstatat(state_fd, HEAD_NAME, &info, 0), 0);
    assert_int_equal(info.st_mode & 07777, 0600);
    assert_int_equal(info.st_size, AUDIT_HEAD_SIZE);
}

static void every_flipped_bit_of_the_log_is_found(void **state) {
    (void)state;
    note_some(3);
    char text[TEXT_MAX];
    size_t size = read_file(LOG_NAME, text);
    for (size_t bit = 0; bit < 8 * size; bit++) {
        text[bit / 8] ^= (char)(1 << bit % 8);
        write_file(LOG_NAME, text, size);
        assert_damaged("");
        text[bit / 8] ^= (char)(1 << bit % 8);
    }
    write_file(LOG_NAME, text, size);
    assert_verified(3);
}

static void every_flipped_bit_of_the_head_is_found(void **state) {
    (void)state;
    note_some(2);
    char head[TEXT_MAX];
    size_t size = read_file(HEAD_NAME, head);
    for (size_t bit = 0; bit < 8 * size; bit++) {
        head[bit / 8] ^= (char)(1 << bit % 8);
        write_file(HEAD_NAME, head, size);
        assert_damaged("head");
        assert_not_opened();
        head[bit / 8] ^= (char)(1 << bit % 8);
    }
}

static void every_truncation_of_the_log_is_found(void **state) {
    (void)state;
    note_some(3);
    char text[TEXT_MAX];
    size_t size = read_file(LOG_NAME, text);
    for (size_t kept = 0; kept < size; kept++) {
        write_file(LOG_NAME, text, kept);
        assert_damaged("cut off");
        assert_not_opened();
    }
}

static void a_damaged_line_is_named(void **state) {
    (void)state;
    note_some(4);
    char text[TEXT_MAX], edited[TEXT_MAX];
    size_t size = read_file(LOG_NAME, text);

    memcpy(edited, text, size + 1);
    *strstr(line_at(edited, 2), "because") = 'B';
    write_file(LOG_NAME, edited, size);
    assert_damaged(".jsonl:2 ");

    size_t gap = (size_t)(line_at(text, 3) - line_at(text, 2));
    size_t before = (size_t)(line_at(text, 2) - text);
    memcpy(edited, text, before);
    memcpy(edited + before, text + before + gap, size - before - gap);
    write_file(LOG_NAME, edited, size - gap);
    assert_damaged(".jsonl:2 ");

    memcpy(edited, text, size);
    memcpy(edited + size, line_at(text, 4), size - (size_t)(line_at(text, 4) - text));
    write_file(LOG_NAME, edited, size + (size_t)(text + size - line_at(text, 4)));
    assert_damaged(".jsonl:5 ");
}

static void a_log_without_its_head_is_found(void **state) {
    (void)state;
    note_some(2);
    assert_int_equal(unlinkat(state_fd, HEAD_NAME, 0), 0);
    assert_damaged("head");
    assert_not_opened();
}

static void a_log_that_was_deleted_is_found(void **state) {
    (void)state;
    note_some(2);
    assert_int_equal(unlinkat(state_fd, LOG_NAME, 0), 0);
    assert_damaged("cut off");
    assert_not_opened();
}

static void a_log_of_another_vault_or_key_is_found(void **state) {
    (void)state;
    note_some(2);
    key[0] ^= 1;
    assert_damaged("");
    key[0] ^= 1;
    char text[TEXT_MAX], head[TEXT_MAX];
    size_t size = read_file(LOG_NAME, text);
    size_t head_size = read_file(HEAD_NAME, head);
    id[15] ^= 1;
    write_file("audit-b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b1.jsonl", text, size);
    write_file("audit-b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b1.head", head, head_size);
    assert_damaged("another vault");
    id[15] ^= 1;
    unlinkat(state_fd, "audit-b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b1.jsonl", 0);
    unlinkat(state_fd, "audit-b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b1.head", 0);
}

static void a_head_from_before_a_crash_is_accepted_and_caught_up(void **state) {
    (void)state;
    note_some(2);
    char head[TEXT_MAX];
    size_t size = read_file(HEAD_NAME, head);
    note_some(3);
    write_file(HEAD_NAME, head, size);
    assert_verified(5);
    note_some(1);
    assert_verified(6);
    read_file(HEAD_NAME, head);
    assert_memory_equal(head, "00000000000000000006 ", 21);
}

static void a_rewritten_end_does_not_fit_the_head(void **state) {
    (void)state;
    note_some(2);
    char text[TEXT_MAX], head[TEXT_MAX];
    size_t size = read_file(LOG_NAME, text);
    size_t head_size = read_file(HEAD_NAME, head);
    note_some(1);
    char newer[TEXT_MAX];
    size_t newer_size = read_file(HEAD_NAME, newer);
    write_file(LOG_NAME, text, size);
    write_file(HEAD_NAME, head, head_size);
    note(&(struct ibc_audit_event){.event = "another third line"});
    assert_verified(3);
    write_file(HEAD_NAME, newer, newer_size);
    assert_damaged(".jsonl:3 ");
    assert_not_opened();
}

/* Each line by itself is genuine, but the third was written after another second one. */
static void a_line_of_another_history_is_found(void **state) {
    (void)state;
    note_some(1);
    char text[TEXT_MAX], head[TEXT_MAX], other[TEXT_MAX];
    size_t size = read_file(LOG_NAME, text);
    size_t head_size = read_file(HEAD_NAME, head);
    note(&(struct ibc_audit_event){.event = "a second line"});
    size_t with_second = read_file(LOG_NAME, other);

    write_file(LOG_NAME, text, size);
    write_file(HEAD_NAME, head, head_size);
    note(&(struct ibc_audit_event){.event = "another second line"});
    note(&(struct ibc_audit_event){.event = "a third line"});
    read_file(LOG_NAME, text);
    const char *third = line_at(text, 3);
    memcpy(other + with_second, third, strlen(third));
    write_file(LOG_NAME, other, with_second + strlen(third));
    assert_damaged(".jsonl:3 in the state directory does not follow");
}

static void a_torn_last_line_that_nobody_confirmed_goes(void **state) {
    (void)state;
    note_some(2);
    char text[TEXT_MAX];
    size_t size = read_file(LOG_NAME, text);
    const char torn[] = "{\"seq\":3,\"time\":\"2025-11";
    memcpy(text + size, torn, sizeof torn);
    for (size_t part = 1; part < sizeof torn; part++) {
        write_file(LOG_NAME, text, size + part);
        assert_verified(2);
    }
    note_some(1);
    assert_verified(3);
    read_file(LOG_NAME, text);
    assert_memory_equal(text + size, "{\"seq\":3,\"time\":\"2025-11-22", 27);
}

static void a_log_of_many_blocks_verifies(void **state) {
    (void)state;
    enum { LINES = 400 };
    char why[2000];
    memset(why, 'x', sizeof why);
    for (int i = 0; i < LINES; i++) {
        why[i] = '\0';
        note(&(struct ibc_audit_event){.event = "release", .profile = "paper", .why = why});
        why[i] = 'x';
    }
    assert_verified(LINES);
}

static enum ibc_status collect(void *context, struct ibc_view line, struct ibc_error *err) {
    int *count = context;
    json_t *json = json_loadb((const char *)line.bytes, line.size, 0, NULL);
    assert_non_null(json);
    assert_int_equal(json_integer_value(json_object_get(json, "seq")), ++*count);
    json_decref(json);
    return *count == 3 ? ibc_fail(err, IBC_ERR_UNAVAILABLE, "enough") : IBC_OK;
}

static void each_line_is_shown_in_order_until_the_visitor_has_enough(void **state) {
    (void)state;
    struct ibc_error err;
    int count = 0;
    note_some(2);
    assert_int_equal(ibc_audit_each(state_fd, id, key, collect, &count, &err), IBC_OK);
    assert_int_equal(count, 2);
    note_some(2);
    count = 0;
    assert_int_equal(ibc_audit_each(state_fd, id, key, collect, &count, &err), IBC_ERR_UNAVAILABLE);
    assert_int_equal(count, 3);
}

static void a_damaged_log_is_not_shown_at_all(void **state) {
    (void)state;
    note_some(3);
    char text[TEXT_MAX];
    size_t size = read_file(LOG_NAME, text);
    *strstr(line_at(text, 3), "because") = 'B';
    write_file(LOG_NAME, text, size);
    struct ibc_error err;
    int count = 0;
    assert_int_equal(ibc_audit_each(state_fd, id, key, collect, &count, &err), IBC_ERR_DATA);
    assert_int_equal(count, 0);
}

/* Append from a process of its own, which gives up waiting for the lock after a while. */
static void note_from_elsewhere(void) {
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        alarm(5);
        note(&(struct ibc_audit_event){.event = "release", .why = "meanwhile"});
        _exit(0);
    }
    int status;
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_int_equal(status, 0);
}

static enum ibc_status count_and_note(void *context, struct ibc_view line, struct ibc_error *err) {
    (void)err;
    int *count = context;
    assert_null(memmem(line.bytes, line.size, "meanwhile", strlen("meanwhile")));
    ++*count;
    note_from_elsewhere();
    return IBC_OK;
}

/* More than one block, so that some of it is read after the first visit, and a torn end. */
static void others_append_while_a_visitor_takes_its_time(void **state) {
    (void)state;
    enum { LINES = 20 };
    char long_why[3600];
    memset(long_why, 'w', sizeof long_why - 1);
    long_why[sizeof long_why - 1] = '\0';
    for (int i = 0; i < LINES; i++) {
        note(&(struct ibc_audit_event){.event = "release", .why = long_why});
    }
    ibc_auto_fd fd = openat(state_fd, LOG_NAME, O_WRONLY | O_APPEND);
    assert_true(ibc_file_write_all(fd, ibc_view_of(long_why)));

    struct ibc_error err = {0};
    int count = 0;
    if (ibc_audit_each(state_fd, id, key, count_and_note, &count, &err) != IBC_OK) {
        fail_msg("%s", err.text);
    }
    assert_int_equal(count, LINES);
    assert_verified(2 * LINES);
}

static enum ibc_status forge_the_rest(void *context, struct ibc_view line, struct ibc_error *err) {
    (void)line;
    (void)err;
    int *count = context;
    ibc_auto_fd fd = openat(state_fd, LOG_NAME, O_WRONLY);
    struct stat info;
    assert_int_equal(fstat(fd, &info), 0);
    assert_int_equal(pwrite(fd, "x", 1, info.st_size - IBC_AUDIT_LINE_MAX / 2), 1);
    ++*count;
    return IBC_OK;
}

static void a_line_that_changes_before_its_visit_is_not_shown(void **state) {
    (void)state;
    enum { LINES = 20 };
    char why[2 * IBC_AUDIT_LINE_MAX];
    memset(why, 'w', sizeof why - 1);
    why[sizeof why - 1] = '\0';
    for (int i = 0; i < LINES; i++) {
        note(&(struct ibc_audit_event){.event = "release", .why = why});
    }
    struct ibc_error err;
    int count = 0;
    assert_int_equal(ibc_audit_each(state_fd, id, key, forge_the_rest, &count, &err), IBC_ERR_DATA);
    assert_int_equal(count, LINES - 1);
}

/* --- trouble --- */

static void an_append_that_fails_half_way_leaves_nothing(void **state) {
    (void)state;
    signal(SIGXFSZ, SIG_IGN);
    note_some(1);
    char text[TEXT_MAX];
    size_t size = read_file(LOG_NAME, text);
    struct rlimit limit;
    assert_int_equal(getrlimit(RLIMIT_FSIZE, &limit), 0);
    struct rlimit tight = {.rlim_cur = size + 40, .rlim_max = limit.rlim_max};
    ibc_auto_audit *audit = open_audit();
    const struct ibc_audit_event event = {.event = "release"};
    struct ibc_error err;
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &tight), 0);
    enum ibc_status status = ibc_audit_append(audit, &event, &now, &err);
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &limit), 0);
    assert_int_equal(status, IBC_ERR_IO);
    assert_int_equal(read_file(LOG_NAME, text), size);
    assert_int_equal(ibc_audit_append(audit, &event, &now, &err), IBC_OK);
    ibc_audit_free(&audit);
    assert_verified(2);
}

static void a_log_that_others_can_write_is_refused(void **state) {
    (void)state;
    const char *const names[] = {LOG_NAME, HEAD_NAME};
    note_some(1);
    for (size_t i = 0; i < IBC_ARRAY_SIZE(names); i++) {
        assert_int_equal(fchmodat(state_fd, names[i], 0620, 0), 0);
        struct ibc_audit *audit;
        struct ibc_error err;
        assert_int_equal(ibc_audit_open(state_fd, id, key, &audit, &err), IBC_ERR_REFUSED);
        assert_int_equal(fchmodat(state_fd, names[i], 0600, 0), 0);
    }
}

static void processes_that_write_at_once_lose_no_line(void **state) {
    (void)state;
    enum { PROCESSES = 6, EACH = 20 };
    pid_t children[PROCESSES];
    for (int i = 0; i < PROCESSES; i++) {
        children[i] = fork();
        assert_true(children[i] >= 0);
        if (children[i] == 0) {
            note_some(EACH);
            _exit(0);
        }
    }
    for (int i = 0; i < PROCESSES; i++) {
        int status;
        assert_int_equal(waitpid(children[i], &status, 0), children[i]);
        assert_int_equal(status, 0);
    }
    assert_verified((uint64_t)PROCESSES * EACH);
}

static void a_killed_writer_leaves_a_log_that_verifies(void **state) {
    (void)state;
    uint64_t before = 0;
    for (int round = 0; round < 40; round++) {
        int started[2];
        assert_int_equal(pipe(started), 0);
        pid_t child = fork();
        assert_true(child >= 0);
        if (child == 0) {
            note_some(1);
            (void)!write(started[1], "+", 1);
            note_some(100000);
            _exit(0);
        }
        char plus;
        assert_int_equal(read(started[0], &plus, 1), 1);
        close(started[0]);
        close(started[1]);
        usleep((useconds_t)randombytes_uniform(5000));
        kill(child, SIGKILL);
        assert_int_equal(waitpid(child, NULL, 0), child);
        uint64_t lines;
        struct ibc_error err;
        if (verify(&lines, &err) != IBC_OK) {
            fail_msg("%s", err.text);
        }
        assert_true(lines > before);
        before = lines;
    }
}

static int set_up(void **state) {
    (void)state;
    for (size_t i = 0; i < sizeof key; i++) {
        key[i] = (unsigned char)(i * 3);
    }
    memset(id, 0xb0, sizeof id);
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

#define AUDIT_TEST(name) cmocka_unit_test_setup_teardown(name, NULL, remove_log)

int main(void) {
    const struct CMUnitTest tests[] = {
        AUDIT_TEST(a_line_holds_every_member_in_order),
        AUDIT_TEST(what_an_event_does_not_say_is_left_out),
        AUDIT_TEST(the_mac_is_the_one_documented),
        AUDIT_TEST(text_that_is_not_utf8_keeps_its_ascii),
        AUDIT_TEST(a_long_why_is_cut_between_characters),
        AUDIT_TEST(a_line_that_must_be_cut_is_as_long_as_it_may_be),
        AUDIT_TEST(an_event_that_no_cut_makes_fit_is_refused),
        AUDIT_TEST(a_log_that_is_not_there_verifies_as_empty),
        AUDIT_TEST(every_flipped_bit_of_the_log_is_found),
        AUDIT_TEST(every_flipped_bit_of_the_head_is_found),
        AUDIT_TEST(every_truncation_of_the_log_is_found),
        AUDIT_TEST(a_damaged_line_is_named),
        AUDIT_TEST(a_log_without_its_head_is_found),
        AUDIT_TEST(a_log_that_was_deleted_is_found),
        AUDIT_TEST(a_log_of_another_vault_or_key_is_found),
        AUDIT_TEST(a_head_from_before_a_crash_is_accepted_and_caught_up),
        AUDIT_TEST(a_rewritten_end_does_not_fit_the_head),
        AUDIT_TEST(a_line_of_another_history_is_found),
        AUDIT_TEST(a_torn_last_line_that_nobody_confirmed_goes),
        AUDIT_TEST(a_log_of_many_blocks_verifies),
        AUDIT_TEST(each_line_is_shown_in_order_until_the_visitor_has_enough),
        AUDIT_TEST(a_damaged_log_is_not_shown_at_all),
        AUDIT_TEST(others_append_while_a_visitor_takes_its_time),
        AUDIT_TEST(a_line_that_changes_before_its_visit_is_not_shown),
        AUDIT_TEST(an_append_that_fails_half_way_leaves_nothing),
        AUDIT_TEST(a_log_that_others_can_write_is_refused),
        AUDIT_TEST(processes_that_write_at_once_lose_no_line),
        AUDIT_TEST(a_killed_writer_leaves_a_log_that_verifies),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
