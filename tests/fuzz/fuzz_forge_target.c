/* fuzz_forge_target.c - any bytes as a target; what is accepted is bounded, safe and canonical. */
#include "base/utf8.h"

#include <ibcred/forge.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool holds) {
    if (!holds) {
        abort();
    }
}

static void check(struct ibc_view target, const struct ibc_forge_secret *secret) {
    char name[IBC_COPY_TARGET_MAX + 1];
    require(target.size <= IBC_COPY_TARGET_MAX && utf8_printable(target));
    require(utf8_printable(ibc_view_of(secret->url)) && utf8_printable(ibc_view_of(secret->scope)));
    /* The URL is in the target as it is, and ends in the secret's name. */
    require(memmem(target.bytes, target.size, secret->url, strlen(secret->url)) != NULL);
    snprintf(name, sizeof name, "/%s", secret->name);
    require(strlen(secret->url) > strlen(name) &&
            strcmp(secret->url + strlen(secret->url) - strlen(name), name) == 0);
    require(!strpbrk(secret->url, " ?#@\\") && !strstr(secret->url, "/../"));
    const bool tls = strncmp(secret->url, "https://", 8) == 0;
    require(tls || strncmp(secret->url, "http://127.", 11) == 0 ||
            strncmp(secret->url, "http://localhost", 16) == 0 ||
            strncmp(secret->url, "http://[::1]", 12) == 0);
    require(secret->field[0] != '\0' && secret->name[0] != '\0');
    require(secret->visibility[0] == '\0' ||
            (secret->forge == IBC_FORGE_GITHUB && secret->of_organisation));
    require((secret->forge == IBC_FORGE_GITLAB) == (secret->scope[0] != '\0'));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    const struct ibc_view target = {data, size};
    struct ibc_forge_secret secret;
    struct ibc_error err = {0};
    enum ibc_status status = ibc_forge_target_parse(target, &secret, &err);
    if (status == IBC_OK) {
        check(target, &secret);
    } else {
        require(status == IBC_ERR_DATA && err.text[0] != '\0' && secret.url[0] == '\0');
    }
    return 0;
}
