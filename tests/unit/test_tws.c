/* test_tws.c - the opening of the API as bytes: frames, messages, accounts. No network. */
#include "tws/dialogue.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#define FRAME(text)                                                                                \
    (struct ibc_view) {                                                                            \
        (const unsigned char *)(text), sizeof(text) - 1                                            \
    }

static struct ibc_probe_result result;
static struct tws_dialogue dialogue;

/* What a gateway says, put together message by message. */
struct script {
    size_t size;
    unsigned char bytes[4096];
};

static void add(struct script *script, struct ibc_view message) {
    tws_frame_write_length(message.size, script->bytes + script->size);
    memcpy(script->bytes + script->size + TWS_LENGTH_BYTES, message.bytes, message.size);
    script->size += TWS_LENGTH_BYTES + message.size;
}

static void hear(const unsigned char *bytes, size_t size) {
    while (size > 0) {
        size_t room;
        unsigned char *into = tws_frames_room(&dialogue.frames, &room);
        const size_t part = size < room ? size : room;
        if (part == 0) {
            return;
        }
        memcpy(into, bytes, part);
        tws_dialogue_heard(&dialogue, part);
        bytes += part;
        size -= part;
    }
}

static void begin(void) {
    tws_dialogue_init(&dialogue, 7, &result);
    tws_dialogue_said(&dialogue, TWS_GREETING_BYTES);
}

/* A whole dialogue with these messages after a right first one. */
static enum tws_stage after_hello(const struct ibc_view *messages, size_t count) {
    struct script script = {0};
    add(&script, FRAME("176\0"
                       "20261122 14:56:39 UTC\0"));
    for (size_t i = 0; i < count; i++) {
        add(&script, messages[i]);
    }
    begin();
    hear(script.bytes, script.size);
    return dialogue.stage;
}

static enum tws_stage after_one(struct ibc_view message) {
    return after_hello(&message, 1);
}

static void what_is_sent_is_the_api_s_greeting_and_start(void **state) {
    (void)state;
    static const unsigned char greeting[] = {0x41, 0x50, 0x49, 0x00, 0x00, 0x00, 0x00, 0x09, 0x76,
                                             0x31, 0x30, 0x30, 0x2e, 0x2e, 0x31, 0x37, 0x36};
    static const unsigned char start[] = {0, 0, 0, 8, 0x37, 0x31, 0, 0x32, 0, 0x30, 0, 0};
    unsigned char bytes[TWS_START_MAX];
    tws_dialogue_init(&dialogue, 0, &result);
    assert_int_equal(dialogue.say_size, sizeof greeting);
    assert_memory_equal(dialogue.say, greeting, sizeof greeting);
    assert_int_equal(tws_write_start(0, bytes), sizeof start);
    assert_memory_equal(bytes, start, sizeof start);
    assert_int_equal(tws_write_start(INT32_MAX, bytes), 21);
    assert_memory_equal(bytes + 9, "2147483647\0", 12);
}

static void start_is_said_once_the_version_is_known(void **state) {
    (void)state;
    assert_int_equal(after_hello(NULL, 0), TWS_STAGE_STARTING);
    assert_int_equal(dialogue.say_size, 12);
    assert_memory_equal(dialogue.say + 4,
                        "71\0"
                        "2\0"
                        "7\0",
                        8);
    tws_dialogue_said(&dialogue, 5);
    assert_int_equal(dialogue.say_size, 7);
    assert_memory_equal(dialogue.say,
                        "1\0"
                        "2\0"
                        "7\0",
                        7);
    assert_int_equal(result.server_version, 176);
    assert_string_equal(result.server_time, "20261122 14:56:39 UTC");
}

/* A login as a real gateway tells it. */
static void write_login(struct script *script) {
    *script = (struct script){0};
    add(script, FRAME("176\0"
                      "20261122 14:56:39 UTC\0"));
    add(script, FRAME("4\0"
                      "2\0"
                      "-1\0"
                      "2104\0"
                      "Market data farm connection is OK\0"
                      "\0"));
    add(script, FRAME("15\0"
                      "1\0"
                      "DU1234567,DU7654321,\0"));
    add(script, FRAME("4\0"
                      "2\0"
                      "-1\0"
                      "1100\0"
                      "Connectivity is lost\0"
                      "\0"));
    add(script, FRAME("9\0"
                      "1\0"
                      "1\0"));
}

static void assert_login(void) {
    assert_int_equal(dialogue.stage, TWS_STAGE_READY);
    assert_int_equal(result.account_count, 2);
    assert_string_equal(result.accounts[0], "DU1234567");
    assert_string_equal(result.accounts[1], "DU7654321");
    assert_int_equal(result.proof, IBC_PROOF_PAPER);
    assert_int_equal(result.error_code, 1100);
    assert_string_equal(result.error_text, "Connectivity is lost");
    assert_int_equal(result.server_version, 176);
}

static void a_login_split_anywhere_is_the_same_login(void **state) {
    (void)state;
    struct script script;
    write_login(&script);
    for (size_t cut = 0; cut <= script.size; cut++) {
        begin();
        hear(script.bytes, cut);
        assert_int_equal(tws_dialogue_over(&dialogue), cut == script.size);
        hear(script.bytes + cut, script.size - cut);
        assert_login();
    }
}

static void a_login_byte_by_byte_is_the_same_login(void **state) {
    (void)state;
    struct script script;
    write_login(&script);
    begin();
    for (size_t i = 0; i < script.size; i++) {
        assert_false(tws_dialogue_over(&dialogue));
        hear(script.bytes + i, 1);
    }
    assert_login();
    assert_false(tws_frames_midway(&dialogue.frames));
}

static void accounts_and_next_id_come_in_any_order_and_both_are_needed(void **state) {
    (void)state;
    const struct ibc_view accounts = FRAME("15\0"
                                           "1\0"
                                           "U1234567\0"),
                          id = FRAME("9\0"
                                     "1\0"
                                     "5\0");
    const struct ibc_view one_way[] = {accounts, id}, other_way[] = {id, accounts};
    assert_int_equal(after_one(accounts), TWS_STAGE_STARTING);
    assert_int_equal(after_one(id), TWS_STAGE_STARTING);
    assert_int_equal(after_hello(one_way, 2), TWS_STAGE_READY);
    assert_int_equal(after_hello(other_way, 2), TWS_STAGE_READY);
    assert_int_equal(result.proof, IBC_PROOF_LIVE);
}

static void a_list_without_accounts_is_no_login_and_may_be_followed_by_one(void **state) {
    (void)state;
    const struct ibc_view messages[] = {FRAME("9\0"
                                              "1\0"
                                              "5\0"),
                                        FRAME("15\0"
                                              "1\0"
                                              " , ,\0"),
                                        FRAME("15\0"
                                              "1\0"
                                              "DU1\0"),
                                        FRAME("15\0"
                                              "1\0"
                                              "DU1234567\0")};
    assert_int_equal(after_hello(messages, 2), TWS_STAGE_STARTING);
    assert_int_equal(result.account_count, 0);
    assert_int_equal(after_hello(messages, 4), TWS_STAGE_READY);
    assert_string_equal(result.accounts[0], "DU1"); /* what comes after it is not waited for */
}

static void a_client_id_in_use_is_the_end(void **state) {
    (void)state;
    assert_int_equal(after_one(FRAME("4\0"
                                     "2\0"
                                     "-1\0"
                                     "326\0"
                                     "in use\0")),
                     TWS_STAGE_IN_USE);
    assert_int_equal(result.error_code, 326);
    assert_int_equal(after_one(FRAME("4\0"
                                     "2\0"
                                     "-1\0"
                                     "327\0"
                                     "other\0")),
                     TWS_STAGE_STARTING);
    assert_int_equal(result.error_code, 327);
}

static void an_error_may_have_a_code_below_zero(void **state) {
    (void)state;
    assert_int_equal(after_one(FRAME("4\0"
                                     "2\0"
                                     "-1\0"
                                     "-5\0"
                                     "odd\0")),
                     TWS_STAGE_STARTING);
    assert_int_equal(result.error_code, -5);
    assert_string_equal(result.error_text, "odd");
    static const char *const none[] = {"-", "--5", "-x", "", "-99999999999"};
    for (size_t i = 0; i < IBC_ARRAY_SIZE(none); i++) {
        char message[64];
        const int size =
            snprintf(message, sizeof message, "4%c2%c-1%c%s%codd%c", 0, 0, 0, none[i], 0, 0);
        const struct ibc_view view = {(const unsigned char *)message, (size_t)size};
        assert_int_equal(after_one(view), TWS_STAGE_FOREIGN);
    }
}

static void notices_are_no_errors(void **state) {
    (void)state;
    static const char *const codes[] = {"2104", "2106", "2158", "2100", "2199"};
    for (size_t i = 0; i < IBC_ARRAY_SIZE(codes); i++) {
        char message[64];
        const int size =
            snprintf(message, sizeof message, "4%c2%c-1%c%s%cfarm%c", 0, 0, 0, codes[i], 0, 0);
        const struct ibc_view view = {(const unsigned char *)message, (size_t)size};
        assert_int_equal(after_one(view), TWS_STAGE_STARTING);
        assert_int_equal(result.error_code, 0);
        assert_string_equal(result.error_text, "");
    }
}

static void messages_that_are_none_end_it(void **state) {
    (void)state;
    static const struct ibc_view messages[] = {
        FRAME("15\0"
              "1\0"
              "DU1234567"), /* the last field is not ended */
        FRAME("15\0"
              "1\0"), /* a field is missing */
        FRAME("15"),
        FRAME("\0"),
        FRAME("x\0"),
        FRAME("-4\0"),
        FRAME("10000\0"),
        FRAME("9\0"
              "1\0"
              "x\0"),
        FRAME("4\0"
              "2\0"
              "-1\0"
              "326\0"),
        FRAME("4\0"
              "2\0"
              "-1\0"
              "x\0"
              "text\0"),
        FRAME("4\0"
              "2\0"
              "-1\0"
              "99999999999\0"
              "text\0"),
    };
    for (size_t i = 0; i < IBC_ARRAY_SIZE(messages); i++) {
        assert_int_equal(after_one(messages[i]), TWS_STAGE_FOREIGN);
        assert_true(dialogue.foreign[0] != '\0');
    }
    /* Others have as many fields as they like. */
    assert_int_equal(after_one(FRAME("49\0"
                                     "1\0"
                                     "2\0"
                                     "3\0"
                                     "4\0"
                                     "5\0"
                                     "6\0"
                                     "7\0")),
                     TWS_STAGE_STARTING);
}

static enum tws_stage greeted_with(struct ibc_view message) {
    struct script script = {0};
    add(&script, message);
    begin();
    hear(script.bytes, script.size);
    return dialogue.stage;
}

static void only_versions_that_were_offered_are_taken(void **state) {
    (void)state;
    assert_int_equal(greeted_with(FRAME("100\0"
                                        "t\0")),
                     TWS_STAGE_STARTING);
    assert_int_equal(greeted_with(FRAME("176\0"
                                        "t\0")),
                     TWS_STAGE_STARTING);
    assert_int_equal(greeted_with(FRAME("99\0"
                                        "t\0")),
                     TWS_STAGE_FOREIGN);
    assert_int_equal(greeted_with(FRAME("177\0"
                                        "t\0")),
                     TWS_STAGE_FOREIGN);
    assert_int_equal(greeted_with(FRAME("201\0"
                                        "t\0")),
                     TWS_STAGE_FOREIGN);
    assert_int_equal(result.server_version, 201);
    assert_non_null(strstr(dialogue.foreign, "201"));
    static const struct ibc_view others[] = {FRAME("176\0"),
                                             FRAME("176"),
                                             FRAME("\0\0"),
                                             FRAME("0176\0t\0"),
                                             FRAME("v176\0"
                                                   "t\0"),
                                             FRAME("-1\0"
                                                   "h\0")};
    for (size_t i = 0; i < IBC_ARRAY_SIZE(others); i++) {
        assert_int_equal(greeted_with(others[i]), TWS_STAGE_FOREIGN);
        assert_int_equal(result.server_version, 0);
    }
}

static enum tws_stage sent(struct ibc_view bytes) {
    begin();
    hear(bytes.bytes, bytes.size);
    return dialogue.stage;
}

static void something_else_is_told_as_soon_as_possible(void **state) {
    (void)state;
    assert_int_equal(sent(FRAME("H")), TWS_STAGE_FOREIGN);
    assert_int_equal(sent(FRAME("\xff")), TWS_STAGE_FOREIGN);
    assert_int_equal(sent(FRAME("\0\1\0")), TWS_STAGE_GREETED);
    assert_int_equal(sent(FRAME("\0\1\0\0")), TWS_STAGE_GREETED);
    assert_int_equal(sent(FRAME("\0\1\0\1")), TWS_STAGE_FOREIGN);
    assert_int_equal(sent(FRAME("\0\2")), TWS_STAGE_FOREIGN);
    assert_int_equal(sent(FRAME("\0\0\0")), TWS_STAGE_GREETED);
    assert_int_equal(sent(FRAME("\0\0\0\0")), TWS_STAGE_FOREIGN);
}

static void a_message_of_no_bytes_is_none(void **state) {
    (void)state;
    static struct tws_frames frames;
    struct ibc_view message;
    size_t room;
    tws_frames_init(&frames);
    memset(tws_frames_room(&frames, &room), 0, TWS_LENGTH_BYTES);
    tws_frames_took(&frames, TWS_LENGTH_BYTES);
    assert_int_equal(tws_frames_next(&frames, &message), TWS_FRAME_BROKEN);
    (void)tws_frames_room(&frames, &room);
    assert_int_equal(room, 0);
}

static void the_largest_message_is_taken_and_too_many_are_not(void **state) {
    (void)state;
    static unsigned char large[TWS_LENGTH_BYTES + IBC_PROBE_FRAME_MAX];
    tws_frame_write_length(IBC_PROBE_FRAME_MAX, large);
    memset(large + TWS_LENGTH_BYTES, 'x', IBC_PROBE_FRAME_MAX);
    memcpy(large + TWS_LENGTH_BYTES, "5", 2);
    large[sizeof large - 1] = '\0';
    assert_int_equal(after_hello(NULL, 0), TWS_STAGE_STARTING);
    for (int i = 0; i < IBC_PROBE_ANSWER_MAX / IBC_PROBE_FRAME_MAX - 1; i++) {
        hear(large, sizeof large);
        assert_int_equal(dialogue.stage, TWS_STAGE_STARTING);
    }
    hear(large, sizeof large);
    assert_int_equal(dialogue.stage, TWS_STAGE_FOREIGN);
}

static enum ibc_account_proof proof_of(const char *list) {
    char message[512];
    const int size = snprintf(message, sizeof message, "15%c1%c%s%c", 0, 0, list, 0);
    after_one((struct ibc_view){(const unsigned char *)message, (size_t)size});
    return result.proof;
}

static void accounts_prove_a_kind_when_all_are_of_it(void **state) {
    (void)state;
    static const struct {
        const char *list;
        enum ibc_account_proof proof;
        size_t count;
    } cases[] = {
        {"", IBC_PROOF_NONE, 0},
        {",", IBC_PROOF_NONE, 0},
        {"DU1234567", IBC_PROOF_PAPER, 1},
        {"DU1234567,", IBC_PROOF_PAPER, 1},
        {",, DU1234567 ,,DF1234567,", IBC_PROOF_PAPER, 2},
        {"U1234567,F1234567,I1234567", IBC_PROOF_LIVE, 3},
        {"U1234567,DU1234567", IBC_PROOF_MIXED, 2},
        {"DU1234567,All", IBC_PROOF_NONE, 2},
        {"All", IBC_PROOF_NONE, 1},
        {"DU1234567,All,U1234567", IBC_PROOF_MIXED, 3},
        {"DU1234567,DU123456712345678", IBC_PROOF_NONE, 2},
        {"DU1234567,DU1234\x1b", IBC_PROOF_NONE, 2},
    };
    for (size_t i = 0; i < IBC_ARRAY_SIZE(cases); i++) {
        assert_int_equal(proof_of(cases[i].list), cases[i].proof);
        assert_int_equal(result.account_count, cases[i].count);
    }
    assert_string_equal(result.accounts[1], IBC_PROBE_ACCOUNT_ODD);
    assert_int_equal(proof_of("DU123456712345678"), IBC_PROOF_NONE); /* a byte too long */
    assert_string_equal(result.accounts[0], IBC_PROBE_ACCOUNT_ODD);
    assert_null(ibc_account_proof_name(IBC_PROOF_NONE));
    assert_string_equal(ibc_account_proof_name(IBC_PROOF_MIXED), "mixed");
}

static void one_account_of_a_kind_is_seen_beside_others(void **state) {
    (void)state;
    assert_int_equal(proof_of("All,F7654321A"), IBC_PROOF_NONE);
    assert_true(result.any_live && !result.any_paper);
    assert_int_equal(proof_of("DU1234567,?"), IBC_PROOF_NONE);
    assert_true(result.any_paper && !result.any_live);
    assert_int_equal(proof_of("All"), IBC_PROOF_NONE);
    assert_false(result.any_paper || result.any_live);
}

static void an_error_names_no_account_in_full(void **state) {
    (void)state;
    after_one(
        (struct ibc_view){(const unsigned char *)"4\0002\0-1\000321\000U7654321: bad (DU1234567)",
                          sizeof "4\0002\0-1\000321\000U7654321: bad (DU1234567)"});
    assert_string_equal(result.error_text, "U*****21: bad (DU*****67)");
}

static void accounts_that_are_not_kept_prove_all_the_same(void **state) {
    (void)state;
    struct script script = {0};
    char message[2048];
    int size = snprintf(message, sizeof message, "15%c1%c", 0, 0);
    for (int i = 0; i < IBC_PROBE_ACCOUNTS_MAX; i++) {
        size += snprintf(message + size, sizeof message - (size_t)size, "DU12345%02d,", i);
    }
    size += snprintf(message + size, sizeof message - (size_t)size, "U1234567%c", 0);
    add(&script, FRAME("176\0"
                       "t\0"));
    add(&script, (struct ibc_view){(const unsigned char *)message, (size_t)size});
    begin();
    hear(script.bytes, script.size);
    assert_int_equal(result.account_count, IBC_PROBE_ACCOUNTS_MAX + 1);
    assert_string_equal(result.accounts[IBC_PROBE_ACCOUNTS_MAX - 1], "DU1234563");
    assert_int_equal(result.proof, IBC_PROOF_MIXED);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_sent_is_the_api_s_greeting_and_start),
        cmocka_unit_test(start_is_said_once_the_version_is_known),
        cmocka_unit_test(a_login_split_anywhere_is_the_same_login),
        cmocka_unit_test(a_login_byte_by_byte_is_the_same_login),
        cmocka_unit_test(accounts_and_next_id_come_in_any_order_and_both_are_needed),
        cmocka_unit_test(a_list_without_accounts_is_no_login_and_may_be_followed_by_one),
        cmocka_unit_test(a_client_id_in_use_is_the_end),
        cmocka_unit_test(an_error_may_have_a_code_below_zero),
        cmocka_unit_test(notices_are_no_errors),
        cmocka_unit_test(messages_that_are_none_end_it),
        cmocka_unit_test(only_versions_that_were_offered_are_taken),
        cmocka_unit_test(something_else_is_told_as_soon_as_possible),
        cmocka_unit_test(a_message_of_no_bytes_is_none),
        cmocka_unit_test(the_largest_message_is_taken_and_too_many_are_not),
        cmocka_unit_test(accounts_prove_a_kind_when_all_are_of_it),
        cmocka_unit_test(one_account_of_a_kind_is_seen_beside_others),
        cmocka_unit_test(an_error_names_no_account_in_full),
        cmocka_unit_test(accounts_that_are_not_kept_prove_all_the_same),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
