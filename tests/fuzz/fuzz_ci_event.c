/* fuzz_ci_event.c - any bytes as the event of a CI job: refused, or surely of this repository. */
#include <ibcred/ci.h>
#include <ibcred/input.h>
#include <sodium.h>

#include "base/secret_heap.h"

static void require(bool holds) {
    if (!holds) {
        abort();
    }
}

static enum ibc_status check(const char *name, struct ibc_view event) {
    char line[64];
    snprintf(line, sizeof line, "GITHUB_EVENT_NAME=%s", name);
    char own[] = "GITHUB_REPOSITORY=own/repo";
    char runner[] = "GITHUB_ACTIONS=true";
    char *const environment[] = {runner, line, own, NULL};
    struct ibc_error err = {0};
    const enum ibc_status status = ibc_ci_check_fork(environment, event, &err);
    require(status == IBC_OK || status == IBC_ERR_REFUSED || status == IBC_ERR_DATA);
    require(status == IBC_OK || (err.status == status && err.text[0] != '\0'));
    require(secret_heap_live() == 0);
    return status;
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
    const struct ibc_view event = {.bytes = data, .size = size};
    const enum ibc_status pushed = check("push", event);
    const enum ibc_status pulled = check("pull_request", event);
    /* What passes as a pull request names a repository, and passes as anything else. */
    require(pulled != IBC_OK || (pushed == IBC_OK && memmem(data, size, "full_name", 9)) ||
            (pushed == IBC_OK && memchr(data, '\\', size)));
    require((pushed == IBC_ERR_DATA) == (pulled == IBC_ERR_DATA));
    return 0;
}
