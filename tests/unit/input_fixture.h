/* input_fixture.h - what the tests of fields on their way in have in common. */
#ifndef IBCRED_TESTS_INPUT_FIXTURE_H
#define IBCRED_TESTS_INPUT_FIXTURE_H

#include <ibcred/input.h>

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>
#include <sodium.h>

#include "base/secret_heap.h"

static inline void require_field(const struct ibc_input *input, size_t index, const char *name,
                                 const char *value) {
    assert_true(index < input->count);
    assert_true(ibc_view_is(input->fields[index].name, name));
    assert_true(ibc_view_is(input->fields[index].value, value));
}

/* On failure nothing is left behind, and the sentence holds no value. */
static inline void require_empty(const struct ibc_input *input, const struct ibc_error *err) {
    assert_int_equal(input->count, 0);
    assert_null(input->storage.bytes);
    assert_null(input->document);
    assert_null(strstr(err->text, "hunter2"));
    assert_int_equal(secret_heap_live(), 0);
}

static inline int start(void **state) {
    (void)state;
    ibc_json_use_secret_memory();
    return sodium_init() < 0 ? -1 : 0;
}

#endif
