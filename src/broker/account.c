/* account.c - from a profile to its account's ledger. */
#include "broker/account.h"

void credential_of(const struct ibc_vault *vault, const struct ibc_version *version,
                   unsigned char out[static IBC_CREDENTIAL_ID_BYTES]) {
    ibc_vault_credential_id(vault, ibc_version_field(version, IBC_FIELD_USERNAME)->value,
                            ibc_version_field(version, IBC_FIELD_PASSWORD)->value, out);
}

bool has_credentials(const struct ibc_version *version) {
    return ibc_version_field(version, IBC_FIELD_USERNAME) &&
           ibc_version_field(version, IBC_FIELD_PASSWORD);
}

static enum ibc_status open_profile(const struct ibc_broker *broker, const char *name,
                                    struct account *account, struct ibc_error *err) {
    enum ibc_status status = ibc_vault_get(broker->vault, name, &account->profile, err);
    if (status != IBC_OK) {
        return status;
    }
    account->version = ibc_profile_current(account->profile);
    if (!account->version || !has_credentials(account->version)) {
        return ibc_fail(err, IBC_ERR_REFUSED,
                        "profile '%s' has no " IBC_FIELD_USERNAME " and " IBC_FIELD_PASSWORD
                        "; seal them with: ibcred seal %s",
                        name, name);
    }
    return IBC_OK;
}

static void id_of(const struct ibc_vault *vault, const struct ibc_version *version,
                  unsigned char id[static IBC_ACCOUNT_ID_BYTES]) {
    ibc_vault_account_id(vault, ibc_version_field(version, IBC_FIELD_USERNAME)->value, id);
}

/* Lock the ledger of the account that `version` belongs to, and make that the account's version. */
static enum ibc_status open_ledger(const struct ibc_broker *broker,
                                   const struct ibc_version *version, struct account *account,
                                   struct ibc_error *err) {
    unsigned char id[IBC_ACCOUNT_ID_BYTES];
    id_of(broker->vault, version, id);
    account->version = version;
    credential_of(broker->vault, version, account->credential);
    return ibc_ledger_open(broker->state_fd, id, ibc_vault_ledger_key(broker->vault),
                           &account->ledger, err);
}

enum ibc_status account_find(const struct ibc_broker *broker, const char *profile,
                             struct account *out, unsigned char id[static IBC_ACCOUNT_ID_BYTES],
                             struct ibc_error *err) {
    *out = (struct account){0};
    enum ibc_status status = open_profile(broker, profile, out, err);
    if (status == IBC_OK) {
        id_of(broker->vault, out->version, id);
    }
    return status;
}

enum ibc_status account_lock(const struct ibc_broker *broker, struct account *account,
                             struct ibc_error *err) {
    return open_ledger(broker, account->version, account, err);
}

enum canary_state account_canary(const struct ibc_broker *broker, const struct account *account,
                                 const struct ibc_version *staged) {
    unsigned char credential[IBC_CREDENTIAL_ID_BYTES];
    credential_of(broker->vault, staged, credential);
    size_t count;
    const struct ibc_ledger_entry *entries = ibc_ledger_entries(account->ledger, &count);
    return canary_state(entries, count, credential, staged->created_ms);
}

static void choose(const struct ibc_broker *broker, struct account *account,
                   const struct ibc_version *version) {
    account->version = version;
    credential_of(broker->vault, version, account->credential);
    account->usable = true;
}

/*
 * Which version is to be released? One that is staged has its own say only while its first login is
 * still to come: if that has succeeded it is the active one, whatever the vault still says, and if
 * it was rejected it is burned.
 */
static void choose_version(const struct ibc_broker *broker, struct account *account,
                           enum ibc_canary canary) {
    const struct ibc_version *active = ibc_profile_active(account->profile);
    const struct ibc_version *staged = ibc_profile_staged(account->profile);
    account->usable = active && canary != IBC_CANARY_ONLY;
    if (!staged || !has_credentials(staged) ||
        !same_account(broker->vault, staged, account->version)) {
        return;
    }
    switch (account_canary(broker, account, staged)) {
    case CANARY_PASSED:
        choose(broker, account, staged);
        break;
    case CANARY_WAITS:
    case CANARY_TRIED:
        account->canary = canary != IBC_CANARY_NEVER;
        account->waiting = account->canary ? NULL : staged;
        if (account->canary) {
            choose(broker, account, staged);
        }
        break;
    case CANARY_REJECTED:
        break;
    }
}

enum ibc_status account_open(const struct ibc_broker *broker, const char *profile,
                             enum ibc_canary canary, struct account *out, struct ibc_error *err) {
    *out = (struct account){0};
    auto_account account = {0};
    unsigned char unused[IBC_ACCOUNT_ID_BYTES];
    enum ibc_status status = account_find(broker, profile, &account, unused, err);
    if (status == IBC_OK) {
        status = account_lock(broker, &account, err);
    }
    if (status == IBC_OK) {
        choose_version(broker, &account, canary);
        *out = account;
        account = (struct account){0};
    }
    return status;
}

static void close_both(struct account (*accounts)[2]) {
    account_close(&(*accounts)[0]);
    account_close(&(*accounts)[1]);
}

enum ibc_status account_open_both(const struct ibc_broker *broker,
                                  const char *const profiles[static 2], enum ibc_canary canary,
                                  struct account out[static 2], struct ibc_error *err) {
    memset(out, 0, 2 * sizeof *out);
    IBC_CLEANUP(close_both) struct account accounts[2] = {{0}, {0}};
    unsigned char ids[2][IBC_ACCOUNT_ID_BYTES];
    for (size_t i = 0; i < 2; i++) {
        enum ibc_status status = account_find(broker, profiles[i], &accounts[i], ids[i], err);
        if (status != IBC_OK) {
            return status;
        }
    }
    const int order = memcmp(ids[0], ids[1], sizeof ids[0]);
    if (order == 0) {
        return ibc_fail(err, IBC_ERR_MISMATCH,
                        "profiles '%s' and '%s' have the same username; mode both needs a live and "
                        "a paper user",
                        profiles[0], profiles[1]);
    }
    const size_t first = order < 0 ? 0 : 1;
    enum ibc_status status = account_lock(broker, &accounts[first], err);
    if (status == IBC_OK) {
        status = account_lock(broker, &accounts[1 - first], err);
    }
    if (status == IBC_OK) {
        choose_version(broker, &accounts[0], canary);
        choose_version(broker, &accounts[1], canary);
        memcpy(out, accounts, sizeof accounts);
        memset(accounts, 0, sizeof accounts);
    }
    return status;
}

bool same_account(const struct ibc_vault *vault, const struct ibc_version *a,
                  const struct ibc_version *b) {
    unsigned char id_of_a[IBC_ACCOUNT_ID_BYTES], id_of_b[IBC_ACCOUNT_ID_BYTES];
    id_of(vault, a, id_of_a);
    id_of(vault, b, id_of_b);
    return memcmp(id_of_a, id_of_b, sizeof id_of_a) == 0;
}

/* What is looked for in the ledgers of all accounts that a profile ever had. */
struct search {
    enum ibc_ledger_event event;
    int64_t seen_ns;
    const struct ibc_version *charged; /* of the account that was charged last */
    struct ibc_instant at;
};

/* Within one boot its own clock tells, from one to another only the wall clock can. */
static bool is_later(const struct ibc_instant *a, const struct ibc_instant *b) {
    const bool one_boot = memcmp(a->boot_id, b->boot_id, sizeof a->boot_id) == 0;
    return one_boot ? a->boot_ms > b->boot_ms : a->wall_ms > b->wall_ms;
}

/* Lock the ledger of `version`'s account instead of the one that is open, and search it. */
static enum ibc_status look_into(const struct ibc_broker *broker, const struct ibc_version *version,
                                 struct account *account, struct search *search,
                                 struct ibc_error *err) {
    ibc_ledger_free(&account->ledger); /* never two at once, in no order */
    enum ibc_status status = open_ledger(broker, version, account, err);
    if (status != IBC_OK) {
        return status;
    }
    const struct ibc_ledger_entry *seen =
        search->seen_ns == 0
            ? NULL
            : ibc_ledger_find_seen(account->ledger, search->event, search->seen_ns);
    if (seen) {
        account->seen = true;
        account->seen_as = seen->outcome;
    }
    const struct ibc_ledger_entry *charge = account_last_charge(account);
    if (charge && (!search->charged || is_later(&charge->at, &search->at))) {
        search->charged = version;
        search->at = charge->at;
    }
    return IBC_OK;
}

enum ibc_status account_open_charged(const struct ibc_broker *broker, const char *profile,
                                     enum ibc_ledger_event event, int64_t seen_ns,
                                     struct account *out, struct ibc_error *err) {
    *out = (struct account){0};
    auto_account account = {0};
    enum ibc_status status = open_profile(broker, profile, &account, err);
    if (status != IBC_OK) {
        return status;
    }
    struct search search = {.event = event, .seen_ns = seen_ns};
    const struct ibc_version *own = account.version;
    status = look_into(broker, own, &account, &search, err);
    for (size_t i = account.profile->version_count; status == IBC_OK && i > 0; i--) {
        const struct ibc_version *older = &account.profile->versions[i - 1];
        if (has_credentials(older) && !same_account(broker->vault, older, own)) {
            status = look_into(broker, older, &account, &search, err);
        }
    }
    const struct ibc_version *charged = search.charged ? search.charged : own;
    if (status == IBC_OK && !same_account(broker->vault, charged, account.version)) {
        status = look_into(broker, charged, &account, &search, err);
    }
    if (status == IBC_OK) {
        *out = account;
        account = (struct account){0};
    }
    return status;
}

void account_close(struct account *account) {
    ibc_ledger_free(&account->ledger);
    ibc_profile_free(&account->profile);
    account->version = NULL;
}

/* Has any version of its username seen an account that the profile's kind cannot see? */
static bool is_contradicted(const struct ibc_vault *vault, const struct account *account) {
    for (size_t i = 0; i < account->profile->version_count; i++) {
        const struct ibc_version *version = &account->profile->versions[i];
        if (ibc_version_contradicts(account->profile, version) && has_credentials(version) &&
            same_account(vault, version, account->version)) {
            return true;
        }
    }
    return false;
}

struct ibc_gate_verdict account_gate(const struct ibc_broker *broker, const struct account *account,
                                     const struct ibc_instant *now) {
    const struct ibc_policy *policy = broker->policy;
    int64_t until_ms = now->wall_ms;
    if (!ibc_policy_window(policy, now->wall_ms, &until_ms)) {
        until_ms = now->wall_ms;
    }
    size_t count;
    const struct ibc_ledger_entry *entries = ibc_ledger_entries(account->ledger, &count);
    struct ibc_gate_verdict verdict = ibc_gate_decide(
        entries, count, &policy->gate, account->credential, now, until_ms - now->wall_ms);
    if (is_contradicted(broker->vault, account)) {
        verdict.decision = IBC_GATE_HOLD;
        verdict.reason = IBC_REASON_CONTRADICTED;
        verdict.wait_ms = verdict.budget_ms = 0;
    }
    return verdict;
}

enum ibc_status account_append(struct account *account, enum ibc_ledger_event event,
                               const unsigned char *credential, const struct ibc_instant *now,
                               struct ibc_error *err) {
    struct ibc_ledger_entry entry = {.event = event, .at = *now};
    memcpy(entry.credential, credential, sizeof entry.credential);
    return ibc_ledger_append(account->ledger, &entry, err);
}

bool account_awaits_outcome(const struct account *account) {
    size_t count;
    const struct ibc_ledger_entry *entries = ibc_ledger_entries(account->ledger, &count);
    return count > 0 && (entries[count - 1].event == IBC_LEDGER_CHARGE ||
                         entries[count - 1].event == IBC_LEDGER_ATTEMPT);
}

/* The newest charge by the wall-clock time `wall_ms`. */
static const struct ibc_ledger_entry *last_charge_by(const struct account *account,
                                                     int64_t wall_ms) {
    size_t count;
    const struct ibc_ledger_entry *entries = ibc_ledger_entries(account->ledger, &count);
    for (size_t i = count; i > 0; i--) {
        if (entries[i - 1].event == IBC_LEDGER_CHARGE && entries[i - 1].at.wall_ms <= wall_ms &&
            !ibc_ledger_taken_back(entries, count, i - 1)) {
            return &entries[i - 1];
        }
    }
    return NULL;
}

const struct ibc_ledger_entry *account_last_charge(const struct account *account) {
    return last_charge_by(account, INT64_MAX);
}

/* A container is made and started seconds after its charge, by a daemon with a clock of its own. */
enum { CLOCKS_DIFFER_MS = 60000 };

const unsigned char *account_charged_credential(const struct account *account,
                                                const struct ibc_login_origin *origin) {
    if (origin && origin->charge.sequence != 0) {
        return origin->charge.credential;
    }
    const struct ibc_ledger_entry *charge = NULL;
    if (origin && origin->taken_ns != 0) {
        charge = last_charge_by(account, origin->taken_ns / 1000000 + CLOCKS_DIFFER_MS);
    }
    if (!charge) {
        charge = account_last_charge(account);
    }
    return charge ? charge->credential : account->credential;
}
