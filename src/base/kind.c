/* kind.c - the words for paper, live and both. */
#include <ibcred/kind.h>

const char *ibc_kind_name(enum ibc_kind kind) {
    return kind == IBC_KIND_LIVE ? "live" : "paper";
}

const char *ibc_mode_name(enum ibc_mode mode) {
    switch (mode) {
    case IBC_MODE_LIVE:
        return "live";
    case IBC_MODE_BOTH:
        return "both";
    default:
        return "paper";
    }
}

bool ibc_kind_parse(const char *text, enum ibc_kind *out) {
    for (enum ibc_kind kind = IBC_KIND_PAPER; kind <= IBC_KIND_LIVE; kind++) {
        if (strcmp(text, ibc_kind_name(kind)) == 0) {
            *out = kind;
            return true;
        }
    }
    return false;
}

bool ibc_mode_parse(const char *text, enum ibc_mode *out) {
    for (enum ibc_mode mode = IBC_MODE_PAPER; mode <= IBC_MODE_BOTH; mode++) {
        if (strcmp(text, ibc_mode_name(mode)) == 0) {
            *out = mode;
            return true;
        }
    }
    return false;
}
