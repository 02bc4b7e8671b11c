/* mode.c - requested mode × kind of username × policy. Pure. */
#include <ibcred/policy.h>

static enum ibc_mode_verdict check_paper(const struct ibc_policy *policy, enum ibc_kind kind) {
    if (!policy->allow_paper) {
        return IBC_MODE_REFUSED_POLICY;
    }
    if (kind == IBC_KIND_PAPER) {
        return IBC_MODE_PASS;
    }
    if (kind != IBC_KIND_LIVE) {
        return IBC_MODE_REFUSED_KIND;
    }
    switch (policy->live_user_in_paper) {
    case IBC_ALLOW:
        return IBC_MODE_PASS;
    case IBC_WARN:
        return IBC_MODE_PASS_WITH_WARNING;
    case IBC_DENY:
    default:
        return IBC_MODE_REFUSED_KIND;
    }
}

/* The kind comes first: nobody is to be told to allow a mode that the user cannot enter anyway. */
static enum ibc_mode_verdict check_live(const struct ibc_policy *policy, enum ibc_kind kind) {
    if (kind != IBC_KIND_LIVE) {
        return IBC_MODE_REFUSED_KIND;
    }
    return policy->allow_live ? IBC_MODE_PASS : IBC_MODE_REFUSED_POLICY;
}

static enum ibc_mode_verdict check_both(const struct ibc_policy *policy, const enum ibc_kind *kinds,
                                        size_t count) {
    bool paper_and_live =
        count == 2 && ((kinds[0] == IBC_KIND_PAPER && kinds[1] == IBC_KIND_LIVE) ||
                       (kinds[0] == IBC_KIND_LIVE && kinds[1] == IBC_KIND_PAPER));
    if (!paper_and_live) {
        return IBC_MODE_REFUSED_INCOMPLETE;
    }
    return policy->allow_paper && policy->allow_live ? IBC_MODE_PASS : IBC_MODE_REFUSED_POLICY;
}

enum ibc_mode_verdict ibc_mode_check(const struct ibc_policy *policy, enum ibc_mode mode,
                                     const enum ibc_kind *kinds, size_t count) {
    if (mode == IBC_MODE_BOTH) {
        return check_both(policy, kinds, count);
    }
    if (count != 1) {
        return IBC_MODE_REFUSED_KIND;
    }
    switch (mode) {
    case IBC_MODE_PAPER:
        return check_paper(policy, kinds[0]);
    case IBC_MODE_LIVE:
        return check_live(policy, kinds[0]);
    case IBC_MODE_BOTH:
    default:
        return IBC_MODE_REFUSED_POLICY;
    }
}

static enum ibc_status explain_policy(enum ibc_mode mode, const char *profile,
                                      struct ibc_error *err) {
    if (mode == IBC_MODE_BOTH) {
        return ibc_fail(err, IBC_ERR_REFUSED,
                        "profile '%s': the policy does not allow both modes; ask for one that it "
                        "allows, or set modes.paper and modes.live to true in the policy file",
                        profile);
    }
    return ibc_fail(err, IBC_ERR_REFUSED,
                    "profile '%s': the policy does not allow %s mode; ask for another mode, or "
                    "set modes.%s to true in the policy file",
                    profile, ibc_mode_name(mode), ibc_mode_name(mode));
}

static enum ibc_status explain_kind(enum ibc_mode mode, const char *profile, enum ibc_kind kind,
                                    struct ibc_error *err) {
    if (mode == IBC_MODE_LIVE && kind == IBC_KIND_PAPER) {
        return ibc_fail(err, IBC_ERR_MISMATCH,
                        "profile '%s' holds a paper user, whom IBKR refuses in live mode and "
                        "counts as a failed login; ask for paper mode, or name the profile of "
                        "the live user",
                        profile);
    }
    if (mode == IBC_MODE_PAPER && kind == IBC_KIND_LIVE) {
        return ibc_fail(err, IBC_ERR_MISMATCH,
                        "profile '%s' holds a live user, whom the policy denies in paper mode; "
                        "name the profile of the paper user, or set live_user_in_paper to warn "
                        "or allow in the policy file",
                        profile);
    }
    return ibc_fail(err, IBC_ERR_MISMATCH,
                    "profile '%s' does not fit %s mode; name one profile, of the kind that the "
                    "mode takes",
                    profile, ibc_mode_name(mode));
}

static enum ibc_status warn_about(const char *profile, struct ibc_error *err) {
    return ibc_fail(err, IBC_OK,
                    "profile '%s' holds a live user and goes to paper mode, as the policy allows; "
                    "a slip of the mode would trade real money, so seal the paper user instead",
                    profile);
}

enum ibc_status ibc_mode_explain(enum ibc_mode_verdict verdict, enum ibc_mode mode,
                                 const char *profile, enum ibc_kind kind, struct ibc_error *err) {
    switch (verdict) {
    case IBC_MODE_PASS:
        return IBC_OK;
    case IBC_MODE_PASS_WITH_WARNING:
        return warn_about(profile, err);
    case IBC_MODE_REFUSED_POLICY:
        return explain_policy(mode, profile, err);
    case IBC_MODE_REFUSED_INCOMPLETE:
        return ibc_fail(err, IBC_ERR_MISMATCH,
                        "profile '%s' is not enough for mode both; name two profiles, one sealed "
                        "as paper and one sealed as live",
                        profile);
    case IBC_MODE_REFUSED_KIND:
    default:
        return explain_kind(mode, profile, kind, err);
    }
}
