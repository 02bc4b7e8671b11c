/* sink_fixture.h - what the tests of formats share: a field out of text, and what is written of it.
 */
#ifndef IBCRED_TESTS_SINK_FIXTURE_H
#define IBCRED_TESTS_SINK_FIXTURE_H

#include <ibcred/sink.h>

static inline struct ibc_field field_of(const char *name, const char *value) {
    return (struct ibc_field){.name = ibc_view_of(name), .value = ibc_view_of(value)};
}

static inline void require_written(enum ibc_format format, const struct ibc_field *fields,
                                   size_t count, const char *expected) {
    ibc_auto_secret text = {0};
    struct ibc_error err = {0};
    enum ibc_status status = ibc_sink_write(format, fields, count, &text, &err);
    assert_string_equal(err.text, "");
    assert_int_equal(status, IBC_OK);
    if (!ibc_view_is(ibc_secret_view(&text), expected)) {
        print_error("expected %s, wrote %.*s\n", expected, (int)text.size, text.bytes);
        fail();
    }
}

#endif
