/*
 * kind.h - paper and live: what a username is, and what a gateway is asked to be.
 */
#ifndef IBCRED_KIND_H
#define IBCRED_KIND_H

#include <ibcred/common.h>

#pragma GCC visibility push(default)

/* What the username of a profile is at IBKR. */
enum ibc_kind { IBC_KIND_PAPER = 1, IBC_KIND_LIVE = 2 };

/* What TRADING_MODE asks the gateway for. */
enum ibc_mode { IBC_MODE_PAPER = 1, IBC_MODE_LIVE = 2, IBC_MODE_BOTH = 3 };

/* The word for a value: "paper", "live", "both". */
const char *ibc_kind_name(enum ibc_kind kind);
const char *ibc_mode_name(enum ibc_mode mode);

/* Parse the exact, lower-case word. False, leaving `*out` alone, for anything else. */
IBC_CHECKED bool ibc_kind_parse(const char *text, enum ibc_kind *out);
IBC_CHECKED bool ibc_mode_parse(const char *text, enum ibc_mode *out);

enum { IBC_ACCOUNT_ID_MAX = 16 /* bytes */ };

/*
 * The kind that an account id tells: DU, DF, DI and digits are paper, U, F, I live; a capital
 * letter may follow. False, leaving
 * `*out` alone, for anything else: not proven. IBKR uses these letters; it does not document them.
 */
IBC_CHECKED bool ibc_account_kind(const char *account, enum ibc_kind *out);

/* "DU*****67": the letters that tell the kind and the last two digits; all stars for other text. */
void ibc_account_mask(const char *account, char out[static IBC_ACCOUNT_ID_MAX + 1]);

#pragma GCC visibility pop

#endif
