/* target.c - a target as text, and back. */
#include "ci/target.h"

#include "base/bytes.h"
#include "base/percent.h"

#include <ctype.h>

/* The one spelling of a scope leaves these as they are; they mean nothing in a query. */
#define SCOPE_CHARACTERS "*/"

/* --- writing ---------------------------------------------------------------------------------- */

static void add(struct writer *out, const char *text) {
    write_bytes(out, ibc_view_of(text));
}

static void add_encoded(struct writer *out, const char *text, const char *also) {
    char encoded[3 * TARGET_SCOPE_MAX + 1];
    out->failed = !percent_encode(ibc_view_of(text), also, encoded, sizeof encoded) || out->failed;
    if (!out->failed) {
        add(out, encoded);
    }
}

static void add_gitlab(struct writer *out, const struct ibc_forge_place *place, const char *name) {
    add(out, place->repository ? "/projects/" : "/groups/");
    add_encoded(out, place->repository ? place->repository : place->organisation, "");
    add(out, "/variables/");
    add(out, name);
    add(out, "?environment_scope=");
    add_encoded(out, place->environment ? place->environment : "*", SCOPE_CHARACTERS);
    add(out, place->unmasked ? "&masked=false" : "&masked=true");
    add(out, place->is_protected ? "&protected=true" : "&protected=false");
}

/* GitHub, and Gitea, which has its API from there. */
static void add_github(struct writer *out, const struct ibc_forge_place *place, const char *name) {
    add(out, place->repository ? "/repos/" : "/orgs/");
    add(out, place->repository ? place->repository : place->organisation);
    if (place->environment) {
        add(out, "/environments/");
        add_encoded(out, place->environment, "");
    } else {
        add(out, place->dependabot ? "/dependabot" : "/actions");
    }
    add(out, "/secrets/");
    add(out, name);
    if (place->visibility) {
        add(out, "?visibility=");
        add(out, place->visibility);
    }
}

static bool is_field(const char *field) {
    const size_t size = strlen(field);
    if (size == 0 || size > IBC_FIELD_NAME_MAX || isdigit((unsigned char)field[0])) {
        return false;
    }
    for (size_t i = 0; i < size; i++) {
        if (!isalnum((unsigned char)field[i]) && field[i] != '_') {
            return false;
        }
    }
    return true;
}

static enum ibc_status write_target(const struct ibc_forge_place *place, const char *url,
                                    const char *name, const char *field,
                                    char out[static IBC_COPY_TARGET_MAX + 1],
                                    struct ibc_error *err) {
    char text[IBC_COPY_TARGET_MAX];
    struct writer writer = writer_to((unsigned char *)text, sizeof text);
    add(&writer, ibc_forge_name(place->forge));
    add(&writer, "+");
    add(&writer, url);
    (place->forge == IBC_FORGE_GITLAB ? add_gitlab : add_github)(&writer, place, name);
    add(&writer, "#");
    add(&writer, field);
    if (writer.failed) {
        return ibc_fail(err, IBC_ERR_USAGE,
                        "URL, %s, environment and name are together longer than the %d bytes that "
                        "a target may have",
                        place->repository ? "repository" : "organisation", IBC_COPY_TARGET_MAX);
    }
    memcpy(out, text, writer.at);
    out[writer.at] = '\0';
    return IBC_OK;
}

enum ibc_status ibc_forge_target(const struct ibc_forge_place *place, const char *name,
                                 const char *field, char out[static IBC_COPY_TARGET_MAX + 1],
                                 struct ibc_error *err) {
    char url[IBC_COPY_TARGET_MAX + 1], checked[IBC_FORGE_NAME_MAX + 1];
    out[0] = '\0';
    enum ibc_status status = target_check_url(place->forge, place->api_url, url, err);
    if (status == IBC_OK) {
        status = target_check_place(place, err);
    }
    if (status == IBC_OK) {
        status = target_check_name(place->forge, name ? name : field, checked, err);
    }
    if (status == IBC_OK && !is_field(field)) {
        return ibc_fail(err, IBC_ERR_USAGE, "'%.80s' is no name of a field", field);
    }
    return status == IBC_OK ? write_target(place, url, checked, field, out, err) : status;
}

/* --- reading ---------------------------------------------------------------------------------- */

/* What a target was made of, each piece with its end. */
struct pieces {
    struct ibc_view resource; /* without forge, query and field */
    struct ibc_view url;      /* what is left of it while segments are taken off its end */
    char root[IBC_COPY_TARGET_MAX + 1], owner[IBC_COPY_TARGET_MAX + 1];
    char environment[IBC_COPY_TARGET_MAX + 1], visibility[IBC_COPY_TARGET_MAX + 1];
    char name[IBC_COPY_TARGET_MAX + 1], field[IBC_COPY_TARGET_MAX + 1];
    struct ibc_forge_place place;
};

/* As much as there is room for; what is too long is found when it is written again. */
static void keep(struct ibc_view text, char *out, size_t room) {
    const size_t size = text.size < room ? text.size : room - 1;
    memcpy(out, text.bytes, size);
    out[size] = '\0';
}

/* Cut `text` at the first or last `byte`; false: there is none. */
static bool cut(struct ibc_view *text, char byte, bool last, struct ibc_view *rest) {
    const unsigned char *at =
        last ? memrchr(text->bytes, byte, text->size) : memchr(text->bytes, byte, text->size);
    if (!at) {
        return false;
    }
    const size_t size = (size_t)(at - text->bytes);
    *rest = (struct ibc_view){at + 1, text->size - size - 1};
    text->size = size;
    return true;
}

static struct ibc_view pop_segment(struct pieces *pieces) {
    struct ibc_view segment = {.bytes = pieces->url.bytes, .size = 0};
    (void)!cut(&pieces->url, '/', true, &segment);
    return segment;
}

static bool pop_word(struct pieces *pieces, const char *word) {
    return ibc_view_is(pop_segment(pieces), word);
}

/* "/repos/OWNER/REPO", whatever OWNER is called, or "/orgs/ORG" */
static bool pop_owner(struct pieces *pieces) {
    struct ibc_view owner = pop_segment(pieces);
    const struct ibc_view before = pop_segment(pieces), rest = pieces->url;
    const bool is_repository = pop_word(pieces, "repos");
    if (is_repository) {
        /* The two lie side by side. */
        owner = (struct ibc_view){before.bytes, before.size + 1 + owner.size};
    } else if (ibc_view_is(before, "orgs")) {
        pieces->url = rest;
    } else {
        return false;
    }
    keep(owner, pieces->owner, sizeof pieces->owner);
    *(is_repository ? &pieces->place.repository : &pieces->place.organisation) = pieces->owner;
    return true;
}

static bool take_github(struct pieces *pieces) {
    struct ibc_forge_place *place = &pieces->place;
    keep(pop_segment(pieces), pieces->name, sizeof pieces->name);
    if (!pop_word(pieces, "secrets")) {
        return false;
    }
    const struct ibc_view kind = pop_segment(pieces), rest = pieces->url;
    /* An environment may have any name, "actions" too. */
    if (pop_word(pieces, "environments") && pop_owner(pieces)) {
        place->environment = pieces->environment;
        return percent_decode(kind, pieces->environment, sizeof pieces->environment);
    }
    pieces->url = rest;
    place->dependabot = ibc_view_is(kind, "dependabot");
    return (place->dependabot || ibc_view_is(kind, "actions")) && pop_owner(pieces);
}

static bool take_gitlab(struct pieces *pieces) {
    struct ibc_forge_place *place = &pieces->place;
    keep(pop_segment(pieces), pieces->name, sizeof pieces->name);
    if (!pop_word(pieces, "variables") ||
        !percent_decode(pop_segment(pieces), pieces->owner, sizeof pieces->owner)) {
        return false;
    }
    const struct ibc_view kind = pop_segment(pieces);
    *(ibc_view_is(kind, "groups") ? &place->organisation : &place->repository) = pieces->owner;
    return place->organisation || ibc_view_is(kind, "projects");
}

/* NAME=VALUE pairs, each of a name that a place has. */
static bool take_query(struct ibc_view query, struct pieces *pieces) {
    struct ibc_forge_place *place = &pieces->place;
    for (struct ibc_view next; query.size > 0; query = next) {
        struct ibc_view value;
        if (!cut(&query, '&', false, &next)) {
            next = (struct ibc_view){query.bytes, 0};
        }
        if (!cut(&query, '=', false, &value)) {
            return false;
        }
        if (ibc_view_is(query, "visibility")) {
            keep(value, pieces->visibility, sizeof pieces->visibility);
            place->visibility = pieces->visibility;
        } else if (ibc_view_is(query, "environment_scope")) {
            if (!percent_decode(value, pieces->environment, sizeof pieces->environment)) {
                return false;
            }
            place->environment = pieces->environment;
        } else {
            place->unmasked =
                place->unmasked || (ibc_view_is(query, "masked") && ibc_view_is(value, "false"));
            place->is_protected = place->is_protected ||
                                  (ibc_view_is(query, "protected") && ibc_view_is(value, "true"));
        }
    }
    return true;
}

static bool take_pieces(struct ibc_view target, struct pieces *pieces) {
    struct ibc_view url, query = {.bytes = target.bytes}, field;
    char forge[IBC_COPY_TARGET_MAX + 1];
    if (target.size == 0 || target.size > IBC_COPY_TARGET_MAX ||
        memchr(target.bytes, '\0', target.size) || !cut(&target, '+', false, &url) ||
        !cut(&url, '#', false, &field)) {
        return false;
    }
    (void)!cut(&url, '?', false, &query);
    keep(target, forge, sizeof forge);
    keep(field, pieces->field, sizeof pieces->field);
    pieces->resource = pieces->url = url;
    if (!ibc_forge_parse(forge, &pieces->place.forge) || !take_query(query, pieces) ||
        !(pieces->place.forge == IBC_FORGE_GITLAB ? take_gitlab : take_github)(pieces)) {
        return false;
    }
    keep(pieces->url, pieces->root, sizeof pieces->root);
    pieces->place.api_url = pieces->root;
    return true;
}

static void publish(const struct pieces *pieces, struct ibc_forge_secret *out) {
    const struct ibc_forge_place *place = &pieces->place;
    const bool gitlab = place->forge == IBC_FORGE_GITLAB;
    *out = (struct ibc_forge_secret){.forge = place->forge,
                                     .of_organisation = place->organisation != NULL,
                                     .masked = gitlab && !place->unmasked,
                                     .is_protected = place->is_protected};
    keep(pieces->resource, out->url, sizeof out->url);
    keep(ibc_view_of(pieces->name), out->name, sizeof out->name);
    keep(ibc_view_of(pieces->field), out->field, sizeof out->field);
    keep(ibc_view_of(pieces->visibility), out->visibility, sizeof out->visibility);
    keep(ibc_view_of(gitlab ? pieces->environment : ""), out->scope, sizeof out->scope);
}

static enum ibc_status no_target(struct ibc_view target, struct ibc_error *err) {
    /* What stands before an '@' may be a password. */
    if (target.size == 0 || memchr(target.bytes, '@', target.size)) {
        target = ibc_view_of("what was given");
    }
    return ibc_fail(err, IBC_ERR_DATA, "'%.*s' is no target of a forge as ibcred writes them",
                    (int)(target.size < IBC_COPY_TARGET_MAX ? target.size : IBC_COPY_TARGET_MAX),
                    (const char *)target.bytes);
}

enum ibc_status ibc_forge_target_parse(struct ibc_view target, struct ibc_forge_secret *out,
                                       struct ibc_error *err) {
    char again[IBC_COPY_TARGET_MAX + 1];
    struct pieces pieces = {0};
    *out = (struct ibc_forge_secret){0};
    /* It is one where it can be written again: that is what all rules are kept in. */
    if (!take_pieces(target, &pieces) ||
        ibc_forge_target(&pieces.place, pieces.name, pieces.field, again, err) != IBC_OK ||
        !ibc_view_is(target, again)) {
        return no_target(target, err);
    }
    publish(&pieces, out);
    return IBC_OK;
}
