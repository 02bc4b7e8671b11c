/*
 * fuzz_tws.c - any bytes as what a gateway says, in parts of any size.
 *
 * The first byte seeds the sizes of the parts. However it is split, the same is learnt; what is
 * learnt keeps to its bounds; and the time and each address text are survived.
 */
#include "base/utf8.h"
#include "tws/dialogue.h"
#include "tws/time.h"

enum { BYTES_MAX = IBC_PROBE_ANSWER_MAX + 70000 };

static void require(bool holds) {
    if (!holds) {
        abort();
    }
}

static struct tws_dialogue dialogue;

/* Parts of one size, or where it is 0 of sizes that follow from `seed`. */
static void hold(struct ibc_view bytes, size_t part, uint32_t seed, struct ibc_probe_result *out) {
    memset(out, 0xa5, sizeof *out);
    tws_dialogue_init(&dialogue, 1, out);
    for (size_t at = 0; at < bytes.size && !tws_dialogue_over(&dialogue);) {
        size_t room;
        unsigned char *into = tws_frames_room(&dialogue.frames, &room);
        require(room > 0);
        seed = seed * 1664525 + 1013904223;
        size_t size = part ? part : 1 + (seed >> 24) % 61;
        size = size < room ? size : room;
        size = size < bytes.size - at ? size : bytes.size - at;
        memcpy(into, bytes.bytes + at, size);
        tws_dialogue_heard(&dialogue, size);
        require(dialogue.say_size <= sizeof dialogue.say);
        at += size;
    }
}

static void check(const struct ibc_probe_result *result) {
    require(strnlen(result->server_time, sizeof result->server_time) < sizeof result->server_time);
    require(strnlen(result->error_text, sizeof result->error_text) < sizeof result->error_text);
    require(utf8_printable(ibc_view_of(result->server_time)));
    require(utf8_printable(ibc_view_of(result->error_text)));
    for (size_t i = 0; i < result->account_count && i < IBC_PROBE_ACCOUNTS_MAX; i++) {
        const size_t size = strnlen(result->accounts[i], IBC_ACCOUNT_ID_MAX + 1);
        require(size >= 1 && size <= IBC_ACCOUNT_ID_MAX);
        require(utf8_printable(ibc_view_of(result->accounts[i])));
    }
    const bool ready = dialogue.stage == TWS_STAGE_READY;
    require(!ready || (result->account_count > 0 && result->server_version >= IBC_TWS_VERSION_MIN &&
                       result->server_version <= IBC_TWS_VERSION_MAX));
    require((dialogue.stage == TWS_STAGE_FOREIGN) == (dialogue.foreign[0] != '\0'));
    require(result->account_count > 0 || result->proof == IBC_PROOF_NONE);
}

/* A text with its end, as the parsers of texts want it. */
static void check_texts(struct ibc_view bytes) {
    char text[64], host[IBC_PROBE_HOST_MAX + 1];
    const size_t size = bytes.size < sizeof text - 1 ? bytes.size : sizeof text - 1;
    uint16_t port = 1;
    int64_t instant;
    memcpy(text, bytes.bytes, size);
    text[size] = '\0';
    (void)!tws_time_parse(text, 0, &instant);
    if (ibc_probe_address(text, host, &port)) {
        require(port != 0 && strnlen(host, sizeof host) < sizeof host);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    static struct ibc_probe_result whole, parts;
    int64_t instant;
    if (size == 0 || size > BYTES_MAX) {
        return 0;
    }
    const struct ibc_view bytes = {data + 1, size - 1};
    hold(bytes, BYTES_MAX, 0, &whole);
    check(&whole);
    const enum tws_stage stage = dialogue.stage;
    hold(bytes, 0, data[0], &parts);
    require(dialogue.stage == stage && memcmp(&whole, &parts, sizeof whole) == 0);
    hold(bytes, 1, 0, &parts);
    require(dialogue.stage == stage && memcmp(&whole, &parts, sizeof whole) == 0);
    (void)!tws_time_parse(whole.server_time, 0, &instant);
    check_texts(bytes);
    return 0;
}
