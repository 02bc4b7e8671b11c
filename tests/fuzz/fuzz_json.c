/* fuzz_json.c - any bytes as JSON input: refused, or fields that can be sealed. */
#include <ibcred/input.h>
#include <sodium.h>

#include "base/secret_heap.h"

static void require(bool holds) {
    if (!holds) {
        abort();
    }
}

static void check(enum ibc_status status, const struct ibc_input *input,
                  const struct ibc_error *err) {
    if (status != IBC_OK) {
        require(err->status == status && strncmp(err->text, "fuzz", 4) == 0);
        require(status == IBC_ERR_DATA || status == IBC_ERR_NOT_FOUND);
        require(input->count == 0 && input->document == NULL && secret_heap_live() == 0);
        return;
    }
    require(input->count >= 1 && input->count <= IBC_INPUT_FIELDS_MAX);
    for (size_t i = 0; i < input->count; i++) {
        struct ibc_error fault;
        require(ibc_field_check(&input->fields[i], &fault) == IBC_OK);
    }
}

static void check_document(struct ibc_view text) {
    static const char *const names[] = {IBC_FIELD_USERNAME, IBC_FIELD_PASSWORD};
    ibc_auto_input input = {0};
    struct ibc_error err = {0};
    check(ibc_input_json(text, "fuzz", names, IBC_ARRAY_SIZE(names), &input, &err), &input, &err);
}

static void check_line(struct ibc_view text) {
    ibc_auto_input input = {0};
    struct ibc_error err = {0};
    enum ibc_status status = ibc_input_json_line(text, "fuzz", 1, &input, &err);
    check(status, &input, &err);
    if (status == IBC_OK) {
        require(ibc_profile_name_valid(input.profile));
        require(input.kind == IBC_KIND_PAPER || input.kind == IBC_KIND_LIVE);
        require(memchr(input.account, '\0', sizeof input.account) != NULL);
    }
}

int LLVMFuzzerInitialize(int *argc, char ***argv);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerInitialize(int *argc, char ***argv) {
    (void)argc;
    (void)argv;
    ibc_json_use_secret_memory();
    return sodium_init() < 0 ? -1 : 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    const struct ibc_view text = {.bytes = data, .size = size};
    check_document(text);
    require(secret_heap_live() == 0);
    check_line(text);
    require(secret_heap_live() == 0);
    return 0;
}
