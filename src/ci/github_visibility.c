/*
 * github_visibility.c - see github_visibility.h.
 *
 * Whoever writes an organisation's secret says anew who may read it: "visibility" is required, and
 * selected repositories that are not named are selected no longer (docs.github.com, "Create or
 * update an organization secret"; external-secrets/external-secrets#6514). So they are asked for
 * first ("List selected repositories for an organization secret") and named again.
 */
#include "ci/github_visibility.h"

#include <ibcred/file.h>
#include <inttypes.h>

enum { SELECTED_MAX = 5000 /* repositories that are kept: 100 requests */ };

/* The ids of repositories that are selected to read a secret. */
struct selection {
    uint64_t ids[SELECTED_MAX];
    size_t count;
    uint64_t total; /* how many GitHub says that there are */
};

void github_visibility_free(struct github_visibility *visibility) {
    json_decref(visibility->repositories);
    *visibility = (struct github_visibility){0};
}

/* --- asking ----------------------------------------------------------------------------------- */

/* Who may read the secret now? `*there` false: it is not there. */
static enum ibc_status look(struct forge_job *job, bool *there, enum answer_visibility *out,
                            struct ibc_error *err) {
    forge_auto_answer answer = {0};
    const struct forge_call call = {.method = "GET", .url = job->secret->url};
    enum ibc_status status = forge_call(job, &call, &answer, err);
    *there = false;
    if (status != IBC_OK) {
        return status;
    }
    /* The organisation is there, and the token is let in: its public key was to be had. */
    if (answer.code == CALL_CODE_NOT_FOUND) {
        return IBC_OK;
    }
    if (answer.code != CALL_CODE_OK) {
        return answer_refused(job->secret, answer.code, answer.json, err);
    }
    *there = answer_read_visibility(answer.json, job->secret->name, out);
    return *there ? IBC_OK : answer_foreign(job->secret, err);
}

static enum ibc_status fetch_page(struct forge_job *job, unsigned number, struct answer_page *out,
                                  struct ibc_error *err) {
    char url[CALL_URL_MAX];
    forge_auto_answer answer = {0};
    snprintf(url, sizeof url, "%s/repositories?per_page=%d&page=%u", job->secret->url,
             ANSWER_PAGE_MAX, number);
    enum ibc_status status = forge_fetch(job, url, &answer, err);
    if (status != IBC_OK) {
        return status;
    }
    return answer_read_page(answer.json, out) ? IBC_OK : answer_foreign(job->secret, err);
}

/* --- selected repositories -------------------------------------------------------------------- */

static int compare(const void *a, const void *b) {
    const uint64_t left = *(const uint64_t *)a, right = *(const uint64_t *)b;
    return (left > right) - (left < right);
}

/* Is one listed twice? Then another one may be missing. Sorts them. */
static bool has_twins(struct selection *selection) {
    qsort(selection->ids, selection->count, sizeof selection->ids[0], compare);
    for (size_t i = 1; i < selection->count; i++) {
        if (selection->ids[i - 1] == selection->ids[i]) {
            return true;
        }
    }
    return false;
}

static enum ibc_status too_many(const struct forge_job *job, uint64_t count,
                                struct ibc_error *err) {
    return ibc_fail(err, IBC_ERR_REFUSED,
                    "%s: %" PRIu64 " repositories are selected to read it, and ibcred names at "
                    "most %d again, so nothing was sent; select fewer at GitHub, or write the "
                    "secret into each of them",
                    job->secret->url, count, SELECTED_MAX);
}

static enum ibc_status incomplete(const struct forge_job *job, const struct selection *selection,
                                  struct ibc_error *err) {
    return ibc_fail(err, IBC_ERR_REFUSED,
                    "%s: of the repositories that are selected to read it, GitHub counts %" PRIu64
                    " and lists %zu, so nothing was sent, for the others would be selected no "
                    "longer; "
                    "try again, with a token that may see them all (classic: also repo)",
                    job->secret->url, selection->total, selection->count);
}

static enum ibc_status changed(const struct forge_job *job, struct ibc_error *err) {
    return ibc_fail(err, IBC_ERR_UNAVAILABLE,
                    "%s: the list of repositories that are selected to read it changes while it is "
                    "read, so nothing was sent; try again",
                    job->secret->url);
}

/* Another page; it must be of the same list as those before it. */
static enum ibc_status take_page(const struct forge_job *job, const struct answer_page *page,
                                 struct selection *selection, struct ibc_error *err) {
    if (page->total > SELECTED_MAX) {
        return too_many(job, page->total, err);
    }
    if (selection->count == 0) {
        selection->total = page->total;
    }
    if (page->total != selection->total) {
        return changed(job, err);
    }
    if (page->count > page->total - selection->count) {
        return answer_foreign(job->secret, err);
    }
    for (size_t i = 0; i < page->count; i++) {
        selection->ids[selection->count++] = page->ids[i];
    }
    return page->count == 0 && selection->count < selection->total ? incomplete(job, selection, err)
                                                                   : IBC_OK;
}

/* Each page but the last brings one repository at least, so there is an end to it. */
static enum ibc_status list_selected(struct forge_job *job, struct selection *selection,
                                     struct ibc_error *err) {
    enum ibc_status status = IBC_OK;
    unsigned number = 1;
    do {
        struct answer_page page = {0};
        status = fetch_page(job, number++, &page, err);
        if (status == IBC_OK) {
            status = take_page(job, &page, selection, err);
        }
    } while (status == IBC_OK && selection->count < selection->total);
    return status == IBC_OK && has_twins(selection) ? changed(job, err) : status;
}

/* Actions has always taken integers; Dependabot took strings only until 2023, and takes both now
 * (google/go-github#2400). */
static json_t *id_json(const struct ibc_forge_secret *secret, uint64_t id) {
    char text[sizeof "18446744073709551615"];
    if (!strstr(secret->url, "/dependabot/secrets/")) {
        return json_integer((json_int_t)id);
    }
    snprintf(text, sizeof text, "%" PRIu64, id);
    return json_string(text);
}

static enum ibc_status keep_selected(struct forge_job *job, json_t **out, struct ibc_error *err) {
    ibc_auto_free struct selection *selection = calloc(1, sizeof *selection);
    json_auto_t *ids = json_array();
    if (!selection || !ids) {
        return ibc_fail(err, IBC_ERR_INTERNAL, "no memory for a list of repositories");
    }
    enum ibc_status status = list_selected(job, selection, err);
    for (size_t i = 0; status == IBC_OK && i < selection->count; i++) {
        if (json_array_append_new(ids, id_json(job->secret, selection->ids[i])) != 0) {
            status = ibc_fail(err, IBC_ERR_INTERNAL, "no memory for a list of repositories");
        }
    }
    if (status == IBC_OK) {
        *out = ibc_steal(&ids);
    }
    return status;
}

/* --- choosing --------------------------------------------------------------------------------- */

enum ibc_status github_visibility_choose(struct forge_job *job, struct github_visibility *out,
                                         struct ibc_error *err) {
    const struct ibc_forge_secret *secret = job->secret;
    enum answer_visibility now = VISIBILITY_SELECTED, wanted = VISIBILITY_PRIVATE;
    bool there;
    *out = (struct github_visibility){0};
    if (!secret->of_organisation) {
        return IBC_OK;
    }
    enum ibc_status status = look(job, &there, &now, err);
    if (status != IBC_OK) {
        return status;
    }
    const bool asked = visibility_parse(secret->visibility, &wanted);
    if (there && (!asked || (wanted > now && !job->client->options.may_widen))) {
        wanted = now;
    }
    if (wanted == VISIBILITY_SELECTED) {
        status = keep_selected(job, &out->repositories, err);
    }
    if (status == IBC_OK) {
        out->name = visibility_name(wanted);
        out->widens = there && wanted > now;
    }
    return status;
}
