/* fuzz_store.c - any bytes as another store's output: refused, or fields that can be sealed. */
#include <ibcred/input.h>
#include <sodium.h>

#include "base/secret_heap.h"

static void require(bool holds) {
    if (!holds) {
        abort();
    }
}

static void check(struct ibc_view text, enum ibc_store_format format,
                  const struct ibc_store_field *fields, size_t count) {
    ibc_auto_input input = {0};
    struct ibc_error err = {0};
    const enum ibc_status status =
        ibc_input_store(text, "fuzz", format, fields, count, &input, &err);
    if (status != IBC_OK) {
        require(err.status == status && strncmp(err.text, "fuzz", 4) == 0);
        require(status == IBC_ERR_DATA || status == IBC_ERR_NOT_FOUND ||
                status == IBC_ERR_MISMATCH);
        require(input.count == 0 && input.storage.size == 0 && secret_heap_live() == 0);
        return;
    }
    require(input.count == count);
    for (size_t i = 0; i < count; i++) {
        struct ibc_error fault;
        require(ibc_field_check(&input.fields[i], &fault) == IBC_OK);
        require(ibc_view_is(input.fields[i].name, fields[i].name));
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
    static const struct ibc_store_field spelled[] = {{IBC_FIELD_USERNAME, NULL},
                                                     {IBC_FIELD_PASSWORD, NULL}};
    static const struct ibc_store_field mapped[] = {
        {IBC_FIELD_USERNAME, "user"}, {IBC_FIELD_PASSWORD, NULL}, {"A", "a-b"}};
    const struct ibc_view text = {.bytes = data, .size = size};
    for (int format = IBC_STORE_BY_CONTENT; format <= IBC_STORE_SOPS_DOTENV; format++) {
        check(text, (enum ibc_store_format)format, spelled, IBC_ARRAY_SIZE(spelled));
        check(text, (enum ibc_store_format)format, mapped, IBC_ARRAY_SIZE(mapped));
        require(secret_heap_live() == 0);
    }
    return 0;
}
