/*
 * broker.h - the only place where vault, policy, mode, gate, audit and delivery meet.
 *
 * A release is a login attempt: it is charged, durably, before the secret leaves.
 */
#ifndef IBCRED_BROKER_H
#define IBCRED_BROKER_H

#include <ibcred/audit.h>
#include <ibcred/deliver.h>
#include <ibcred/gate.h>
#include <ibcred/vault.h>

#pragma GCC visibility push(default)

/* What the broker works with; everything is borrowed. */
struct ibc_broker {
    const struct ibc_vault *vault;
    const struct ibc_keyring *keyring; /* to mark a version in the vault */
    const struct ibc_policy *policy;
    int state_fd; /* the state directory */
    /* Told what the policy lets pass with a warning, before anything is charged; NULL for nobody.
     */
    void (*warn)(void *context, const char *sentence);
    void *warn_context;
};

enum ibc_names { IBC_NAMES_IB, IBC_NAMES_TWS };

/*
 * A version that is staged is released for one purpose: its first login is to prove it. Where none
 * is staged these all mean the active one, but for IBC_CANARY_ONLY.
 */
enum ibc_canary {
    IBC_CANARY_NEVER, /* the active version, whatever is staged */
    IBC_CANARY_ANY,   /* the staged version */
    IBC_CANARY_ONLY,  /* the staged version, or nothing */
};

struct ibc_request {
    const char *profile;
    const char *paper_profile; /* with IBC_MODE_BOTH: the paper one, `profile` being the live one */
    enum ibc_mode mode;
    enum ibc_canary canary;
    enum ibc_names names;       /* IB_USERNAME/IB_PASSWORD or TWS_USERID/TWS_PASSWORD */
    enum ibc_consumer consumer; /* of the credentials */
    /* Asked only where `consumer` is unknown and it matters for these credentials; or NULL. */
    enum ibc_consumer (*find_consumer)(const void *context);
    const void *find_context;

    /* For ibc_broker_check() only: how an env file would be written, and read beside what. */
    enum ibc_format format;
    char *const *environment;
};

/* A charge: its number in its account's ledger, and what it was made for. */
struct ibc_charge {
    uint64_t sequence;
    unsigned char credential[IBC_CREDENTIAL_ID_BYTES];
};

/* What was released. */
struct ibc_release {
    uint32_t version;
    bool canary; /* it, or the paper one, is a staged version: what comes of it decides about it */
    struct ibc_charge charge;
    struct ibc_charge paper_charge; /* with IBC_MODE_BOTH */
};

/*
 * policy → mode → gate → prepare → charge the ledger (durable) → audit (durable) → hand over.
 * With IBC_MODE_BOTH two accounts are asked and charged, and either both secrets leave or none.
 *
 * IBC_ERR_NOT_FOUND: no such profile. IBC_ERR_MISMATCH: mode and kind disagree, or no writing of
 * a value survives its readers. IBC_ERR_REFUSED: the policy, or held for a person. IBC_ERR_WAIT:
 * the gate, with retry_after, or the staged version was dropped since the vault was opened.
 * Anything else: the ledger or the audit log cannot be written, or the delivery failed. On every
 * failure the secret did not leave, and nothing stays charged unless the disk that took the charge
 * refuses to take it back: then it counts as an unknown attempt.
 */
IBC_CHECKED enum ibc_status ibc_broker_release(const struct ibc_broker *broker,
                                               const struct ibc_request *request,
                                               const struct ibc_delivery *delivery,
                                               struct ibc_release *out, struct ibc_error *err);

/* One question that a release asks, and the answer. */
struct ibc_finding {
    const char *name;       /* "version", "mode", "gate", "delivery", "audit" */
    enum ibc_status status; /* IBC_OK: it would pass */
    int64_t retry_after;    /* seconds, with IBC_ERR_WAIT */
    char text[IBC_ERROR_TEXT_MAX];
};

enum { IBC_FINDINGS = 5 };

/*
 * Ask everything that a release into an env file would ask of the broker, in its order, without
 * releasing or charging. Where the file would lie is not the broker's to know.
 * Returns IBC_OK once all questions are answered, whatever the answers are.
 */
IBC_CHECKED enum ibc_status ibc_broker_check(const struct ibc_broker *broker,
                                             const struct ibc_request *request, uint32_t *version,
                                             struct ibc_finding findings[static IBC_FINDINGS],
                                             struct ibc_error *err);

/*
 * What a login was made on. A gateway logs in again and again with what it took when it was made or
 * started, whatever is released meanwhile; so what it says is about that charge and no later one.
 * The zero value: about the last charge.
 */
struct ibc_login_origin {
    struct ibc_charge charge; /* this one; its sequence is 0 where that is not known */
    int64_t taken_ns; /* wall clock at which the gateway took its credentials: the last charge
                       * before that, or up to a minute after, for clocks differ; 0: not known */
};

/* What is to be written down about a login. */
struct ibc_report {
    enum ibc_outcome outcome;
    int64_t wait;    /* seconds, with IBC_OUTCOME_THROTTLED; 0: none printed */
    int64_t seen_ns; /* time of the log line that tells it; 0: a person does */
    bool automatic;  /* nobody released for this login: the gateway, or a supervisor, restarted */
    struct ibc_login_origin origin;
};

/* What became of a report. */
struct ibc_reported {
    enum ibc_outcome outcome; /* as it was written down */
    bool again;               /* it stood there already: nothing was written */
    uint32_t promoted;        /* the staged version that became the active one by it; 0: none */
    uint32_t burned;          /* the staged version that was rejected; 0: none */
    bool warned;              /* the vault could not be marked; err->text has the reason */
};

/*
 * Write down what came of the last login of `profile`'s account: ledger, audit log, and, where a
 * version is proven or burned by it, the vault. A success makes a staged version the active one,
 * and versions that the policy does not keep go. The ledger decides; that the vault could not be
 * marked is only a warning.
 *
 * A rejection at an automatic restart, of a credential that had logged in before, is written down
 * as IBC_OUTCOME_FAILED: it counts, but burns nothing (gnzsnz/ib-gateway-docker#252).
 */
IBC_CHECKED enum ibc_status ibc_broker_report(const struct ibc_broker *broker, const char *profile,
                                              const struct ibc_report *report,
                                              struct ibc_reported *out, struct ibc_error *err);

/* Whose accounts a gateway was seen to have after a login. */
struct ibc_attestation {
    enum ibc_mode mode; /* what was asked for on this side: paper or live */
    enum ibc_kind kind; /* of the accounts that were seen */
    int64_t seen_ns;    /* time of the line or answer that tells it, so that a contradiction is
                         * written down once; 0: each time */
    struct ibc_login_origin origin;
};

/* What became of an attestation. */
struct ibc_attested {
    bool contradicts; /* the accounts are not what was asked for, or not what was sealed */
    bool again;       /* the contradiction stood there already: nothing was written */
    bool warned;      /* the vault could not be marked; err->text has the reason */
};

/*
 * Write down which kind of account the last login of `profile`'s account was seen to have. A
 * session has the accounts of its mode: paper ones in paper mode, also those of a live user, and
 * live ones in live mode. And a paper user can never see a live account, in whatever mode.
 *
 * Where they agree: audit log and vault, which has the version as proven by that kind. Where they
 * contradict: ledger (IBC_OUTCOME_CONTRADICTED, which holds the account until a person clears it),
 * audit log, vault. The ledger decides; that the vault could not be marked is only a warning.
 * IBC_ERR_USAGE: no mode or kind that could prove anything, or a negative time.
 */
IBC_CHECKED enum ibc_status ibc_broker_attest(const struct ibc_broker *broker, const char *profile,
                                              const struct ibc_attestation *seen,
                                              struct ibc_attested *out, struct ibc_error *err);

/*
 * Write down that the log line of time `seen_ns` told of a login. The first one after a charge is
 * what the charge was for; any other is a login that nobody released, and is charged by this.
 * `*again`: it stood there already.
 */
IBC_CHECKED enum ibc_status ibc_broker_attempt(const struct ibc_broker *broker, const char *profile,
                                               int64_t seen_ns, bool *again, struct ibc_error *err);

/*
 * Take a charge back whose secret left and was never used, because the gateway that it was for
 * never started; `why` is a sentence for the audit log. Does nothing, and says so in `*done`, where
 * anything was written down since.
 */
IBC_CHECKED enum ibc_status ibc_broker_take_back(const struct ibc_broker *broker,
                                                 const char *profile,
                                                 const struct ibc_charge *charge, const char *why,
                                                 bool *done, struct ibc_error *err);

/* Has something left of which nobody has said yet what came of it? */
IBC_CHECKED enum ibc_status ibc_broker_awaits_outcome(const struct ibc_broker *broker,
                                                      const char *profile, bool *awaits,
                                                      struct ibc_error *err);

/* What became of a profile's staged version. */
enum ibc_staging {
    IBC_STAGING_NONE,     /* none is staged */
    IBC_STAGING_WAITS,    /* for its first login */
    IBC_STAGING_TRIED,    /* it was released, and nobody has said yet what came of it */
    IBC_STAGING_PROMOTED, /* it had logged in, and is the active one now */
    IBC_STAGING_BURNED,   /* it was rejected, and is burned now */
};

struct ibc_settled {
    enum ibc_staging staging;
    uint32_t version;    /* which one; 0 with IBC_STAGING_NONE */
    int64_t retry_after; /* seconds, with IBC_STAGING_TRIED: then nobody will say any more */
};

/*
 * Bring the vault up to what the ledger knows of a staged version: a crash may have come between
 * the two. IBC_STAGING_PROMOTED and _BURNED are told only by the call that wrote them.
 */
IBC_CHECKED enum ibc_status ibc_broker_settle(const struct ibc_broker *broker, const char *profile,
                                              struct ibc_settled *out, struct ibc_error *err);

/*
 * The same for who changes a profile under the vault's lock: `profile`, of the vault that is
 * edited, is brought up to what the ledger knows, and nothing is written. Once it is, tell the
 * audit log by ibc_broker_note_settled(), which does nothing but for IBC_STAGING_PROMOTED and
 * _BURNED. Errors: as ibc_ledger_open(); as ibc_broker_note().
 */
IBC_CHECKED enum ibc_status ibc_broker_settle_edited(const struct ibc_broker *broker,
                                                     struct ibc_profile *profile,
                                                     struct ibc_settled *out,
                                                     struct ibc_error *err);
IBC_CHECKED enum ibc_status ibc_broker_note_settled(const struct ibc_broker *broker,
                                                    const char *profile,
                                                    const struct ibc_settled *settled,
                                                    struct ibc_error *err);

struct ibc_hold;

/*
 * Lock the ledgers of the profiles' accounts, in an order that is the same for everybody, so that
 * nothing is released until the caller, who has the vault's lock, has written that what is staged
 * there is dropped; a release that waits looks at the vault once more. Free it after the commit,
 * before anything else of the broker's is called. Each account's ledger takes a descriptor until
 * then. IBC_ERR_WAIT: a staged version was released before, and perhaps decided about.
 * IBC_ERR_NOT_FOUND: no such profile in the broker's vault. Else as ibc_ledger_open().
 */
IBC_CHECKED enum ibc_status ibc_broker_hold(const struct ibc_broker *broker,
                                            const char *const *profiles, size_t count,
                                            struct ibc_hold **out, struct ibc_error *err);
void ibc_hold_free(struct ibc_hold **hold);
#define ibc_auto_hold IBC_CLEANUP(ibc_hold_free) struct ibc_hold

/* Did IBKR reject this username and password, and nobody said since that it was wrong? */
IBC_CHECKED enum ibc_status ibc_broker_is_burned(const struct ibc_broker *broker,
                                                 struct ibc_view username, struct ibc_view password,
                                                 bool *burned, struct ibc_error *err);

/*
 * Write into the vault that IBKR ends the password that `profile`'s account logged in with last in
 * `days` days; a negative number: soon, it does not say when. What was known already changes
 * nothing.
 */
IBC_CHECKED enum ibc_status ibc_broker_expiry(const struct ibc_broker *broker, const char *profile,
                                              int64_t days, struct ibc_error *err);

/* What the gate says of `profile` now, of the staged version where there is one, with nothing
 * charged. */
IBC_CHECKED enum ibc_status ibc_broker_gate(const struct ibc_broker *broker, const char *profile,
                                            struct ibc_gate_verdict *out, struct ibc_error *err);

/*
 * Wipe the slate: waits, budgets, holds, the burns of the current and of the staged version, and in
 * the vault what was seen that contradicts the profile's kind. A person's decision.
 */
IBC_CHECKED enum ibc_status ibc_broker_clear(const struct ibc_broker *broker, const char *profile,
                                             bool *warned, struct ibc_error *err);

/* Write one line about a change of the vault to the audit log. */
IBC_CHECKED enum ibc_status ibc_broker_note(const struct ibc_broker *broker,
                                            const struct ibc_audit_event *event,
                                            struct ibc_error *err);

#pragma GCC visibility pop

#endif
