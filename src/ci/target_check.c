/* target_check.c - the parts of a target: URLs, places, names. */
#include "ci/target.h"

#include "base/utf8.h"

#include <arpa/inet.h>
#include <ctype.h>
#include <ibcred/number.h>

enum { PREFIXES_MAX = 3 };

static const struct {
    const char *name, *title;
    const char *url;  /* NULL: there is none that all share */
    const char *root; /* what the path of the API ends in; NULL: anything */
    const char *reserved[PREFIXES_MAX + 1];
} forges[] = {
    [IBC_FORGE_GITHUB] = {"github", "GitHub", "https://api.github.com", NULL, {"GITHUB_"}},
    [IBC_FORGE_GITLAB] = {"gitlab", "GitLab", "https://gitlab.com/api/v4", "/api/v4", {NULL}},
    [IBC_FORGE_GITEA] = {"gitea", "Gitea", NULL, "/api/v1", {"GITEA_", "GITHUB_", "FORGEJO_"}},
};

const char *ibc_forge_name(enum ibc_forge forge) {
    return forges[forge].name;
}

const char *forge_title(enum ibc_forge forge) {
    return forges[forge].title;
}

bool ibc_forge_parse(const char *text, enum ibc_forge *out) {
    for (enum ibc_forge forge = IBC_FORGE_GITHUB; forge <= IBC_FORGE_GITEA; forge++) {
        if (strcmp(text, forges[forge].name) == 0) {
            *out = forge;
            return true;
        }
    }
    *out = IBC_FORGE_GITEA;
    return strcmp(text, "forgejo") == 0;
}

/* --- URLs ------------------------------------------------------------------------------------- */

/* A URL in its parts; the views are of what was given. */
struct url {
    bool tls;
    struct ibc_view host; /* with the brackets of an IPv6 address */
    uint64_t port;        /* 0: none was given */
    struct ibc_view path; /* with its first slash, without its last; or empty */
};

static bool all_of(struct ibc_view text, const char *also) {
    for (size_t i = 0; i < text.size; i++) {
        const unsigned char byte = text.bytes[i];
        if (byte >= 0x80 || byte == '\0' || (!isalnum(byte) && !strchr(also, byte))) {
            return false;
        }
    }
    return text.size > 0;
}

/* Where in `text` one of `bytes` is first, or its size. */
static size_t find_any(struct ibc_view text, const char *bytes) {
    size_t at = 0;
    while (at < text.size && (text.bytes[at] == '\0' || !strchr(bytes, text.bytes[at]))) {
        at++;
    }
    return at;
}

static struct ibc_view from(struct ibc_view text, size_t at) {
    return (struct ibc_view){text.bytes + at, text.size - at};
}

static struct ibc_view up_to(struct ibc_view text, size_t size) {
    return (struct ibc_view){text.bytes, size};
}

/* The address between the brackets in `host`, as text. */
static bool is_ipv6(struct ibc_view host) {
    char text[INET6_ADDRSTRLEN] = "", again[INET6_ADDRSTRLEN] = "";
    struct in6_addr address;
    if (host.size < 4 || host.size - 2 >= sizeof text || host.bytes[host.size - 1] != ']') {
        return false;
    }
    memcpy(text, host.bytes + 1, host.size - 2);
    /* In its one spelling (RFC 5952) only. */
    return inet_pton(AF_INET6, text, &address) == 1 &&
           inet_ntop(AF_INET6, &address, again, sizeof again) && strcmp(text, again) == 0;
}

static bool is_host(struct ibc_view host) {
    enum { HOST_MAX = 253 };
    if (host.size > 0 && host.bytes[0] == '[') {
        return is_ipv6(host);
    }
    return host.size <= HOST_MAX && all_of(host, "-._") && isalnum(host.bytes[0]);
}

/* "host[:port]" */
static bool take_authority(struct ibc_view text, struct url *out) {
    size_t end = text.size;
    while (end > 0 && isdigit(text.bytes[end - 1])) {
        end--;
    }
    out->host = text;
    if (end > 0 && text.bytes[end - 1] == ':' &&
        !(text.bytes[0] == '[' && !memchr(text.bytes, ']', end))) {
        const struct ibc_view port = from(text, end);
        out->host = up_to(text, end - 1);
        if (!ibc_parse_number((const char *)port.bytes, port.size, UINT16_MAX, &out->port) ||
            out->port == 0) {
            return false;
        }
    }
    return is_host(out->host);
}

/* Segments of plain characters, none of them empty or "." or "..". */
static bool is_path(struct ibc_view path) {
    while (path.size > 0) {
        path = from(path, 1);
        const size_t size = find_any(path, "/");
        const struct ibc_view segment = up_to(path, size);
        if (!all_of(segment, "-._~") || ibc_view_is(segment, ".") || ibc_view_is(segment, "..")) {
            return false;
        }
        path = from(path, size);
    }
    return true;
}

static bool take_url(struct ibc_view text, struct url *out) {
    static const char tls[] = "https://", plain[] = "http://";
    *out = (struct url){0};
    out->tls = text.size > strlen(tls) && memcmp(text.bytes, tls, strlen(tls)) == 0;
    if (!out->tls &&
        (text.size <= strlen(plain) || memcmp(text.bytes, plain, strlen(plain)) != 0)) {
        return false;
    }
    text = from(text, out->tls ? strlen(tls) : strlen(plain));
    const size_t size = find_any(text, "/");
    out->path = from(text, size);
    while (out->path.size > 0 && out->path.bytes[out->path.size - 1] == '/') {
        out->path.size--;
    }
    return take_authority(up_to(text, size), out) && is_path(out->path);
}

/* Of this host for certain, without asking a resolver: 127.0.0.0/8, ::1 and localhost. */
static bool is_loopback(const char *host) {
    struct in_addr address;
    return strcmp(host, "localhost") == 0 || strcmp(host, "[::1]") == 0 ||
           (inet_pton(AF_INET, host, &address) == 1 && ntohl(address.s_addr) >> 24 == 127);
}

static bool ends_with(struct ibc_view text, const char *end) {
    const size_t size = strlen(end);
    return text.size >= size && memcmp(text.bytes + text.size - size, end, size) == 0;
}

static enum ibc_status no_url(enum ibc_forge forge, const char *text, struct ibc_error *err) {
    /* What stands before an '@' may be a password. */
    return ibc_fail(err, IBC_ERR_USAGE,
                    "%s%.120s%s is no URL of %s's API: it must be https://HOST[:PORT][/PATH], "
                    "without a user, a query or '..'",
                    strchr(text, '@') ? "what was given" : "'", strchr(text, '@') ? "" : text,
                    strchr(text, '@') ? "" : "'", forges[forge].title);
}

static enum ibc_status check_root(enum ibc_forge forge, const struct url *url, const char *text,
                                  const char *host, struct ibc_error *err) {
    if (!url->tls && !is_loopback(host)) {
        return ibc_fail(err, IBC_ERR_USAGE,
                        "'%.120s' would send the token in the clear; use https://", text);
    }
    if (forges[forge].root && !ends_with(url->path, forges[forge].root)) {
        return ibc_fail(err, IBC_ERR_USAGE,
                        "'%.120s' is not where %s has its API, which is https://HOST%s", text,
                        forges[forge].title, forges[forge].root);
    }
    if (forge == IBC_FORGE_GITHUB && strcmp(host, "github.com") == 0) {
        return ibc_fail(err, IBC_ERR_USAGE,
                        "GitHub has its API at https://api.github.com, not at "
                        "https://github.com");
    }
    return IBC_OK;
}

enum ibc_status target_check_url(enum ibc_forge forge, const char *text,
                                 char out[static IBC_COPY_TARGET_MAX + 1], struct ibc_error *err) {
    out[0] = '\0';
    text = text ? text : forges[forge].url;
    if (!text) {
        return ibc_fail(
            err, IBC_ERR_USAGE,
            "%s has no API that all share; give the URL of yours: --api-url https://HOST%s",
            forges[forge].title, forges[forge].root);
    }
    struct url url;
    char host[IBC_COPY_TARGET_MAX + 1], port[sizeof ":65535"] = "";
    if (strlen(text) > IBC_COPY_TARGET_MAX || !take_url(ibc_view_of(text), &url)) {
        return no_url(forge, text, err);
    }
    snprintf(host, sizeof host, "%.*s", (int)url.host.size, (const char *)url.host.bytes);
    for (char *at = host; *at != '\0'; at++) {
        *at = (char)tolower((unsigned char)*at);
    }
    if (url.port != 0 && url.port != (url.tls ? 443 : 80)) {
        snprintf(port, sizeof port, ":%u", (unsigned)(uint16_t)url.port);
    }
    enum ibc_status status = check_root(forge, &url, text, host, err);
    if (status != IBC_OK) {
        return status;
    }
    const int written =
        snprintf(out, IBC_COPY_TARGET_MAX + 1, "%s://%s%s%.*s", url.tls ? "https" : "http", host,
                 port, (int)url.path.size, (const char *)url.path.bytes);
    return written > 0 && written <= IBC_COPY_TARGET_MAX ? IBC_OK : no_url(forge, text, err);
}

/* --- places ----------------------------------------------------------------------------------- */

static bool is_number(const char *text) {
    uint64_t ignored;
    return ibc_parse_number(text, strlen(text), INT64_MAX, &ignored);
}

/* Names between slashes, so many of them; 0 where one is none. */
static size_t count_names(const char *text) {
    size_t count = 0;
    for (struct ibc_view rest = ibc_view_of(text);; rest = from(rest, 1)) {
        const size_t size = find_any(rest, "/");
        const struct ibc_view name = up_to(rest, size);
        if (!all_of(name, "-._") || size > TARGET_SEGMENT_MAX || ibc_view_is(name, ".") ||
            ibc_view_is(name, "..")) {
            return 0;
        }
        count++;
        rest = from(rest, size);
        if (rest.size == 0) {
            return count;
        }
    }
}

static enum ibc_status no_place(const struct ibc_forge_place *place, const char *why,
                                struct ibc_error *err) {
    return ibc_fail(err, IBC_ERR_USAGE, "%s: %s", forges[place->forge].title, why);
}

static enum ibc_status check_owner(const struct ibc_forge_place *place, struct ibc_error *err) {
    const char *name = place->repository ? place->repository : place->organisation;
    const bool gitlab = place->forge == IBC_FORGE_GITLAB;
    if (!place->repository == !place->organisation) {
        return no_place(place,
                        gitlab ? "name either a project or a group"
                               : "name either a repository or an organisation",
                        err);
    }
    const size_t count = count_names(name);
    const bool fits = !gitlab ? count == (place->repository ? 2 : 1)
                              : count >= (place->repository ? 2 : 1) || is_number(name);
    if (!fits) {
        return ibc_fail(err, IBC_ERR_USAGE,
                        "'%.80s' is no %s of %s: %s, of letters, digits, '-', "
                        "'_' and '.'",
                        name,
                        place->repository ? (gitlab ? "project" : "repository")
                                          : (gitlab ? "group" : "organisation"),
                        forges[place->forge].title,
                        !gitlab ? (place->repository ? "OWNER/REPOSITORY" : "one name")
                                : (place->repository ? "GROUP/PROJECT or its number"
                                                     : "GROUP, GROUP/GROUP or its number"));
    }
    return IBC_OK;
}

static enum ibc_status check_environment(const struct ibc_forge_place *place,
                                         struct ibc_error *err) {
    const char *name = place->environment;
    if (!name) {
        return IBC_OK;
    }
    if (place->forge == IBC_FORGE_GITEA) {
        return no_place(place, "it has no environments; leave the environment out", err);
    }
    if (place->forge == IBC_FORGE_GITHUB && (place->organisation || place->dependabot)) {
        return no_place(place, "only Actions of a repository have environments", err);
    }
    const struct ibc_view text = ibc_view_of(name);
    if (text.size == 0 || text.size > TARGET_SCOPE_MAX || !utf8_printable(text) ||
        strcmp(name, ".") == 0 || strcmp(name, "..") == 0) {
        return no_place(place, "an environment is named by 1 to 255 bytes of printable text", err);
    }
    return IBC_OK;
}

static enum ibc_status check_visibility(const struct ibc_forge_place *place,
                                        struct ibc_error *err) {
    if (!place->visibility) {
        return IBC_OK;
    }
    if (place->forge != IBC_FORGE_GITHUB || !place->organisation) {
        return no_place(place, "only secrets of a GitHub organisation have a visibility", err);
    }
    if (strcmp(place->visibility, "all") != 0 && strcmp(place->visibility, "private") != 0) {
        return no_place(place,
                        "visibility must be 'all' or 'private'; repositories are selected at "
                        "GitHub, and what is selected there stays so",
                        err);
    }
    return IBC_OK;
}

enum ibc_status target_check_place(const struct ibc_forge_place *place, struct ibc_error *err) {
    enum ibc_status status = check_owner(place, err);
    if (status == IBC_OK) {
        status = check_environment(place, err);
    }
    if (status == IBC_OK) {
        status = check_visibility(place, err);
    }
    if (status == IBC_OK && place->dependabot && place->forge != IBC_FORGE_GITHUB) {
        return no_place(place, "only GitHub has secrets for Dependabot", err);
    }
    if (status == IBC_OK && (place->unmasked || place->is_protected) &&
        place->forge != IBC_FORGE_GITLAB) {
        return no_place(place, "only GitLab's variables can be unmasked or protected", err);
    }
    return status;
}

/* --- names ------------------------------------------------------------------------------------ */

enum ibc_status target_check_name(enum ibc_forge forge, const char *name,
                                  char out[static IBC_FORGE_NAME_MAX + 1], struct ibc_error *err) {
    const bool gitlab = forge == IBC_FORGE_GITLAB;
    const size_t size = strlen(name);
    bool valid = size <= IBC_FORGE_NAME_MAX && all_of(ibc_view_of(name), "_") &&
                 (gitlab || !isdigit((unsigned char)name[0]));
    for (size_t i = 0; valid && forges[forge].reserved[i]; i++) {
        const char *reserved = forges[forge].reserved[i];
        valid = strncasecmp(name, reserved, strlen(reserved)) != 0;
    }
    /* Gitea's runners set it themselves. */
    valid = valid && !(forge == IBC_FORGE_GITEA && strcasecmp(name, "CI") == 0);
    if (!valid) {
        return ibc_fail(err, IBC_ERR_USAGE,
                        "'%.80s' is no name that %s takes: at most %d letters, digits and '_'%s; "
                        "choose another",
                        name, forges[forge].title, IBC_FORGE_NAME_MAX,
                        gitlab ? ""
                        : forge == IBC_FORGE_GITHUB
                            ? ", not beginning with a digit or GITHUB_"
                            : ", not CI, not beginning with a digit, GITEA_, FORGEJO_ or GITHUB_");
    }
    for (size_t i = 0; i <= size; i++) {
        const int letter = (unsigned char)name[i];
        out[i] = (char)(gitlab ? letter : toupper(letter));
    }
    return IBC_OK;
}
