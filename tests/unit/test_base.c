/* test_base.c - errors, numbers, clocks, cursors, secrets and strict files. */
#include "base/bytes.h"
#include <ibcred/clock.h>
#include <ibcred/file.h>
#include <ibcred/number.h>

#include <fcntl.h>
#include <ftw.h>
#include <setjmp.h>
#include <stdarg.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

static char scratch[] = "/tmp/ibcred-test-base.XXXXXX";

static const char *in_scratch(const char *name) {
    static char path[128];
    snprintf(path, sizeof path, "%s/%s", scratch, name);
    return path;
}

static void write_file(const char *path, const char *text, mode_t mode) {
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);
    assert_true(fd >= 0);
    assert_true(ibc_file_write_all(fd, ibc_view_of(text)));
    assert_int_equal(fchmod(fd, mode), 0);
    close(fd);
}

static void each_status_has_its_exit_code(void **state) {
    (void)state;
    const struct {
        enum ibc_status status;
        int code;
    } table[] = {
        {IBC_OK, 0},
        {IBC_ERR_USAGE, 64},
        {IBC_ERR_DATA, 65},
        {IBC_ERR_NOT_FOUND, 66},
        {IBC_ERR_UNAVAILABLE, 69},
        {IBC_ERR_INTERNAL, 70},
        {IBC_ERR_CREATE, 73},
        {IBC_ERR_IO, 74},
        {IBC_ERR_WAIT, 75},
        {IBC_ERR_REFUSED, 77},
        {IBC_ERR_MISMATCH, 78},
        {(enum ibc_status)99, 70},
    };
    for (size_t i = 0; i < IBC_ARRAY_SIZE(table); i++) {
        assert_int_equal(ibc_status_exit_code(table[i].status), table[i].code);
    }
}

static void an_error_sentence_holds_no_control_characters(void **state) {
    (void)state;
    struct ibc_error err;
    assert_int_equal(ibc_fail(&err, IBC_ERR_DATA, "file '%s'", "a\033[2Jb\nc"), IBC_ERR_DATA);
    assert_string_equal(err.text, "file 'a?[2Jb?c'");
}

static void what_is_printable_has_no_controls_of_any_kind(void **state) {
    (void)state;
    static const char *const table[][2] = {
        {"", ""},
        {"plain \xc3\xa9 \xe2\x82\xac \xf0\x9f\x94\x91",
         "plain \xc3\xa9 \xe2\x82\xac \xf0\x9f\x94\x91"},
        {"\x01\x1f\x7f\t\r\n", "??????"},
        {"a\xc2\x80\xc2\x9b"
         "31m\xc2\x9f\xc2\xa0z",
         "a??31m?\xc2\xa0z"},
        {"\xe2\x80\xa7\xe2\x80\xa8\xe2\x80\xaa\xe2\x80\xae\xe2\x80\xaf",
         "\xe2\x80\xa7???\xe2\x80\xaf"},
        {"\xe2\x81\xa5\xe2\x81\xa6x\xe2\x81\xa9\xe2\x81\xaa", "\xe2\x81\xa5?x?\xe2\x81\xaa"},
        {"a\xff\xc3", "a??"},
    };
    for (size_t i = 0; i < IBC_ARRAY_SIZE(table); i++) {
        char text[64];
        snprintf(text, sizeof text, "%s", table[i][0]);
        ibc_make_printable(text);
        assert_string_equal(text, table[i][1]);
        struct ibc_error err;
        assert_int_equal(ibc_fail(&err, IBC_ERR_DATA, "%s", table[i][0]), IBC_ERR_DATA);
        assert_string_equal(err.text, table[i][1]);
    }
}

static void numbers_are_read_strictly(void **state) {
    (void)state;
    const struct {
        const char *text;
        uint64_t max;
        bool valid;
        uint64_t value;
    } table[] = {
        {"0", 9, true, 0},
        {"10", 10, true, 10},
        {"18446744073709551615", UINT64_MAX, true, UINT64_MAX},
        {"11", 10, false, 0},
        {"18446744073709551616", UINT64_MAX, false, 0},
        {"99999999999999999999999", UINT64_MAX, false, 0},
        {"", 9, false, 0},
        {"00", 9, false, 0},
        {"01", 9, false, 0},
        {"+1", 9, false, 0},
        {"-1", 9, false, 0},
        {" 1", 9, false, 0},
        {"1 ", 9, false, 0},
        {"0x1", 99, false, 0},
        {"1e1", 99, false, 0},
    };
    for (size_t i = 0; i < IBC_ARRAY_SIZE(table); i++) {
        uint64_t value = 777;
        bool valid = ibc_parse_number(table[i].text, strlen(table[i].text), table[i].max, &value);
        assert_int_equal(valid, table[i].valid);
        assert_int_equal(value, table[i].valid ? table[i].value : 777);
    }
}

static void durations_take_a_unit_or_count_seconds(void **state) {
    (void)state;
    const struct {
        const char *text;
        int64_t seconds; /* -1: refused */
    } table[] = {
        {"90", 90},  {"90s", 90},   {"2m", 120}, {"1h", 3600}, {"1d", 86400}, {"0", 0},
        {"", -1},    {"s", -1},     {"1w", -1},  {"1.5h", -1}, {"-1s", -1},   {"2d", -1},
        {"1m1", -1}, {"86401", -1}, {"1 m", -1}, {"1ms", -1},
    };
    for (size_t i = 0; i < IBC_ARRAY_SIZE(table); i++) {
        int64_t seconds = -1;
        bool valid = ibc_parse_duration(table[i].text, 86400, &seconds);
        assert_int_equal(valid, table[i].seconds >= 0);
        assert_int_equal(seconds, table[i].seconds);
    }
}

static void durations_are_told_in_words(void **state) {
    (void)state;
    char text[IBC_DURATION_TEXT_MAX];
    ibc_format_duration(0, text);
    assert_string_equal(text, "0 s");
    ibc_format_duration(59, text);
    assert_string_equal(text, "59 s");
    ibc_format_duration(3723, text);
    assert_string_equal(text, "1 h 2 min 3 s");
    ibc_format_duration(2 * 86400 + 60, text);
    assert_string_equal(text, "2 d 1 min");
}

static void timestamps_are_rfc_3339_in_utc(void **state) {
    (void)state;
    char text[IBC_TIMESTAMP_MAX];
    ibc_format_timestamp(0, text);
    assert_string_equal(text, "1970-01-01T00:00:00.000Z");
    ibc_format_timestamp(1795334400123, text);
    assert_string_equal(text, "2026-11-22T08:00:00.123Z");
    ibc_format_timestamp(-1, text);
    assert_string_equal(text, "1969-12-31T23:59:59.999Z");
}

static void both_clocks_of_one_boot_agree(void **state) {
    (void)state;
    struct ibc_error err;
    struct ibc_instant first, second;
    assert_int_equal(ibc_clock_now(&first, &err), IBC_OK);
    assert_int_equal(ibc_clock_now(&second, &err), IBC_OK);
    assert_memory_equal(first.boot_id, second.boot_id, sizeof first.boot_id);
    assert_true(second.boot_ms >= first.boot_ms);
}

static void a_cursor_out_of_bounds_stays_failed(void **state) {
    (void)state;
    unsigned char bytes[15];
    struct writer writer = writer_to(bytes, sizeof bytes);
    write_u8(&writer, 0x01);
    write_u16(&writer, 0x0302);
    write_u32(&writer, 0x07060504);
    write_u64(&writer, 0x0f0e0d0c0b0a0908);
    assert_false(writer.failed);
    write_u8(&writer, 0);
    assert_true(writer.failed);
    for (size_t i = 0; i < sizeof bytes; i++) {
        assert_int_equal(bytes[i], i + 1);
    }

    struct reader reader = reader_of((struct ibc_view){bytes, sizeof bytes});
    assert_int_equal(read_u8(&reader), 0x01);
    assert_int_equal(read_u16(&reader), 0x0302);
    assert_int_equal(read_u32(&reader), 0x07060504);
    assert_false(reader_done(&reader));
    assert_int_equal(reader_left(&reader), 8);
    assert_true(read_u64(&reader) == 0x0f0e0d0c0b0a0908);
    assert_true(reader_done(&reader));
    assert_int_equal(read_u8(&reader), 0);
    assert_false(reader_done(&reader));
    assert_int_equal(read_bytes(&reader, 0).size, 0);
    assert_true(reader.failed);
}

static void a_freed_secret_is_wiped_and_a_new_one_is_zero(void **state) {
    (void)state;
    struct ibc_error err;
    for (size_t size = 1; size <= 10000; size += 13) {
        ibc_auto_secret first = {0};
        assert_int_equal(ibc_secret_alloc(&first, size, &err), IBC_OK);
        memset(first.bytes, 0xa5, size);
        const unsigned char *where = first.bytes;
        ibc_secret_free(&first);
        if (size <= 8000) {
            for (size_t i = 0; i < size; i++) {
                assert_int_equal(where[i], 0);
            }
        }
        ibc_auto_secret second = {0};
        assert_int_equal(ibc_secret_alloc(&second, size, &err), IBC_OK);
        for (size_t i = 0; i < size; i++) {
            assert_int_equal(second.bytes[i], 0);
        }
    }
}

static void many_secrets_at_once_do_not_overlap(void **state) {
    (void)state;
    struct ibc_error err;
    struct ibc_secret secrets[40] = {0};
    for (size_t i = 0; i < IBC_ARRAY_SIZE(secrets); i++) {
        assert_int_equal(ibc_secret_alloc(&secrets[i], 1 + 150 * i, &err), IBC_OK);
        memset(secrets[i].bytes, (int)i, secrets[i].size);
    }
    for (size_t i = 0; i < IBC_ARRAY_SIZE(secrets); i++) {
        for (size_t at = 0; at < secrets[i].size; at++) {
            assert_int_equal(secrets[i].bytes[at], i);
        }
        ibc_secret_free(&secrets[i]);
    }
}

static void a_secret_buffer_grows_up_to_its_limit(void **state) {
    (void)state;
    struct ibc_error err;
    ibc_auto_secret_buffer buffer;
    ibc_secret_buffer_init(&buffer, 10000);
    for (size_t i = 0; i < 10000; i++) {
        ibc_secret_buffer_append_byte(&buffer, (unsigned char)i);
    }
    ibc_auto_secret content = {0};
    assert_int_equal(ibc_secret_buffer_finish(&buffer, "text", &content, &err), IBC_OK);
    assert_int_equal(content.size, 10000);
    assert_int_equal(content.bytes[9999], 9999 & 0xff);

    ibc_secret_buffer_init(&buffer, 10000);
    ibc_secret_buffer_append_text(&buffer, "short");
    ibc_auto_secret small = {0};
    assert_int_equal(ibc_secret_buffer_finish(&buffer, "text", &small, &err), IBC_OK);
    assert_true(ibc_view_is(ibc_secret_view(&small), "short"));

    ibc_secret_buffer_init(&buffer, 3);
    ibc_secret_buffer_append_text(&buffer, "four");
    ibc_secret_buffer_append_text(&buffer, "a");
    struct ibc_secret none;
    assert_int_equal(ibc_secret_buffer_finish(&buffer, "the text", &none, &err), IBC_ERR_USAGE);
    assert_null(none.bytes);
    assert_non_null(strstr(err.text, "the text"));
}

static void a_file_that_others_can_write_is_not_trusted(void **state) {
    (void)state;
    struct ibc_error err;
    const char *path = in_scratch("trusted");
    const struct {
        mode_t mode;
        enum ibc_status status;
    } table[] = {{0600, IBC_OK},          {0644, IBC_OK},          {0400, IBC_OK},
                 {0620, IBC_ERR_REFUSED}, {0602, IBC_ERR_REFUSED}, {0666, IBC_ERR_REFUSED}};
    for (size_t i = 0; i < IBC_ARRAY_SIZE(table); i++) {
        write_file(path, "x", table[i].mode);
        ibc_auto_fd fd = -1;
        assert_int_equal(ibc_file_open_trusted(path, "vault", &fd, &err), table[i].status);
        assert_int_equal(fd >= 0, table[i].status == IBC_OK);
        unlink(path);
    }
    ibc_auto_fd fd = 5;
    assert_int_equal(ibc_file_open_trusted(in_scratch("none"), "vault", &fd, &err),
                     IBC_ERR_NOT_FOUND);
    assert_int_equal(fd, -1);
    assert_int_equal(ibc_file_open_trusted(scratch, "vault", &fd, &err), IBC_ERR_IO);
}

static void a_file_is_read_whole_or_refused_when_too_large(void **state) {
    (void)state;
    struct ibc_error err;
    const char *path = in_scratch("read");
    write_file(path, "0123456789", 0600);
    for (size_t limit = 9; limit <= 10; limit++) {
        ibc_auto_fd fd = open(path, O_RDONLY);
        ibc_auto_secret content = {0};
        enum ibc_status expected = limit < 10 ? IBC_ERR_DATA : IBC_OK;
        assert_int_equal(ibc_file_read_all(fd, path, limit, &content, &err), expected);
        assert_int_equal(content.size, limit < 10 ? 0 : 10);
    }
}

static void replacing_keeps_the_mode_and_follows_a_link(void **state) {
    (void)state;
    struct ibc_error err;
    char link_path[128];
    snprintf(link_path, sizeof link_path, "%s", in_scratch("link"));
    const char *path = in_scratch("target");
    write_file(path, "old", 0640);
    assert_int_equal(symlink(path, link_path), 0);
    assert_int_equal(ibc_file_replace(link_path, ibc_view_of("new"), 0600, &err), IBC_OK);

    struct stat info;
    assert_int_equal(lstat(link_path, &info), 0);
    assert_true(S_ISLNK(info.st_mode));
    assert_int_equal(stat(path, &info), 0);
    assert_int_equal(info.st_mode & 07777, 0640);
    assert_int_equal(info.st_size, 3);
    assert_int_equal(ibc_file_replace(in_scratch("no/such"), ibc_view_of("x"), 0600, &err),
                     IBC_ERR_CREATE);
}

static void creating_leaves_alone_what_is_there(void **state) {
    (void)state;
    struct ibc_error err;
    char path[128];
    snprintf(path, sizeof path, "%s", in_scratch("created"));
    assert_int_equal(ibc_file_create(path, ibc_view_of("one"), 0640, &err), IBC_OK);
    assert_int_equal(ibc_file_create(path, ibc_view_of("other"), 0600, &err), IBC_ERR_CREATE);
    struct stat info;
    assert_int_equal(stat(path, &info), 0);
    assert_int_equal(info.st_mode & 07777, 0640);
    assert_int_equal(info.st_size, 3);

    const char *link_path = in_scratch("created-link");
    assert_int_equal(symlink("nowhere", link_path), 0);
    assert_int_equal(ibc_file_create(link_path, ibc_view_of("x"), 0600, &err), IBC_ERR_CREATE);
    assert_int_equal(access(in_scratch("nowhere"), F_OK), -1);
}

static void a_private_directory_is_made_and_checked(void **state) {
    (void)state;
    struct ibc_error err;
    const char *path = in_scratch("a/b/c");
    ibc_auto_fd fd = -1;
    assert_int_equal(ibc_directory_open_private(path, "state directory", &fd, &err), IBC_OK);
    struct stat info;
    assert_int_equal(fstat(fd, &info), 0);
    assert_int_equal(info.st_mode & 07777, 0700);

    assert_int_equal(chmod(path, 0770), 0);
    ibc_auto_fd refused = -1;
    assert_int_equal(ibc_directory_open_private(path, "state directory", &refused, &err),
                     IBC_ERR_REFUSED);
    assert_int_equal(refused, -1);
}

static int make_scratch(void **state) {
    (void)state;
    struct ibc_error err;
    return mkdtemp(scratch) && ibc_secret_init(&err) == IBC_OK ? 0 : -1;
}

static int remove_entry(const char *path, const struct stat *info, int type, struct FTW *walk) {
    (void)info;
    (void)type;
    (void)walk;
    return remove(path);
}

static int remove_scratch(void **state) {
    (void)state;
    return nftw(scratch, remove_entry, 8, FTW_DEPTH | FTW_PHYS);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_status_has_its_exit_code),
        cmocka_unit_test(an_error_sentence_holds_no_control_characters),
        cmocka_unit_test(what_is_printable_has_no_controls_of_any_kind),
        cmocka_unit_test(numbers_are_read_strictly),
        cmocka_unit_test(durations_take_a_unit_or_count_seconds),
        cmocka_unit_test(durations_are_told_in_words),
        cmocka_unit_test(timestamps_are_rfc_3339_in_utc),
        cmocka_unit_test(both_clocks_of_one_boot_agree),
        cmocka_unit_test(a_cursor_out_of_bounds_stays_failed),
        cmocka_unit_test(a_freed_secret_is_wiped_and_a_new_one_is_zero),
        cmocka_unit_test(many_secrets_at_once_do_not_overlap),
        cmocka_unit_test(a_secret_buffer_grows_up_to_its_limit),
        cmocka_unit_test(a_file_that_others_can_write_is_not_trusted),
        cmocka_unit_test(a_file_is_read_whole_or_refused_when_too_large),
        cmocka_unit_test(replacing_keeps_the_mode_and_follows_a_link),
        cmocka_unit_test(creating_leaves_alone_what_is_there),
        cmocka_unit_test(a_private_directory_is_made_and_checked),
    };
    return cmocka_run_group_tests_name("base", tests, make_scratch, remove_scratch);
}
