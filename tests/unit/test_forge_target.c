/* test_forge_target.c - targets of forges: written in one way, and read in that way only. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/percent.h"
#include "ci/target.h"

#define GITHUB(...)                                                                                \
    { .forge = IBC_FORGE_GITHUB, __VA_ARGS__ }
#define GITLAB(...)                                                                                \
    { .forge = IBC_FORGE_GITLAB, __VA_ARGS__ }
#define GITEA(...)                                                                                 \
    { .forge = IBC_FORGE_GITEA, __VA_ARGS__ }

#define CODEBERG "https://codeberg.org/api/v1"

static void every_place_has_a_target_that_says_the_same_again(void **state) {
    (void)state;
    static const struct {
        struct ibc_forge_place place;
        const char *name, *target, *url, *secret, *visibility, *scope;
        bool masked, is_protected;
    } cases[] = {
        {GITHUB(.repository = "o/r"), NULL,
         "github+https://api.github.com/repos/o/r/actions/secrets/IB_PASSWORD#IB_PASSWORD",
         "https://api.github.com/repos/o/r/actions/secrets/IB_PASSWORD", "IB_PASSWORD", "", "",
         false, false},
        {GITHUB(.repository = "o/r.js", .dependabot = true), "other",
         "github+https://api.github.com/repos/o/r.js/dependabot/secrets/OTHER#IB_PASSWORD",
         "https://api.github.com/repos/o/r.js/dependabot/secrets/OTHER", "OTHER", "", "", false,
         false},
        {GITHUB(.repository = "o/r", .environment = "live / ö"), "X",
         "github+https://api.github.com/repos/o/r/environments/live%20%2F%20%C3%B6/secrets/"
         "X#IB_PASSWORD",
         "https://api.github.com/repos/o/r/environments/live%20%2F%20%C3%B6/secrets/X", "X", "", "",
         false, false},
        {GITHUB(.repository = "environments/actions", .environment = "actions"), "X",
         "github+https://api.github.com/repos/environments/actions/environments/actions/secrets/"
         "X#IB_PASSWORD",
         "https://api.github.com/repos/environments/actions/environments/actions/secrets/X", "X",
         "", "", false, false},
        {GITHUB(.repository = "o/environments"), "X",
         "github+https://api.github.com/repos/o/environments/actions/secrets/X#IB_PASSWORD",
         "https://api.github.com/repos/o/environments/actions/secrets/X", "X", "", "", false,
         false},
        {GITHUB(.organisation = "environments"), "X",
         "github+https://api.github.com/orgs/environments/actions/secrets/X#IB_PASSWORD",
         "https://api.github.com/orgs/environments/actions/secrets/X", "X", "", "", false, false},
        {GITHUB(.repository = "orgs/r", .dependabot = true), "X",
         "github+https://api.github.com/repos/orgs/r/dependabot/secrets/X#IB_PASSWORD",
         "https://api.github.com/repos/orgs/r/dependabot/secrets/X", "X", "", "", false, false},
        {GITHUB(.organisation = "o", .visibility = "private"), "X",
         "github+https://api.github.com/orgs/o/actions/secrets/X?visibility=private#IB_PASSWORD",
         "https://api.github.com/orgs/o/actions/secrets/X", "X", "private", "", false, false},
        {GITHUB(.organisation = "o", .dependabot = true, .visibility = "all"), "X",
         "github+https://api.github.com/orgs/o/dependabot/secrets/X?visibility=all#IB_PASSWORD",
         "https://api.github.com/orgs/o/dependabot/secrets/X", "X", "all", "", false, false},
        {GITHUB(.repository = "o/r", .api_url = "https://GHE.example:443/api/v3//"), "X",
         "github+https://ghe.example/api/v3/repos/o/r/actions/secrets/X#IB_PASSWORD",
         "https://ghe.example/api/v3/repos/o/r/actions/secrets/X", "X", "", "", false, false},
        {GITLAB(.repository = "g/sub/p"), NULL,
         "gitlab+https://gitlab.com/api/v4/projects/g%2Fsub%2Fp/variables/IB_PASSWORD"
         "?environment_scope=*&masked=true&protected=false#IB_PASSWORD",
         "https://gitlab.com/api/v4/projects/g%2Fsub%2Fp/variables/IB_PASSWORD", "IB_PASSWORD", "",
         "*", true, false},
        {GITLAB(.repository = "42", .environment = "live/* &=%", .unmasked = true,
                .is_protected = true),
         "9lower",
         "gitlab+https://gitlab.com/api/v4/projects/42/variables/9lower"
         "?environment_scope=live/*%20%26%3D%25&masked=false&protected=true#IB_PASSWORD",
         "https://gitlab.com/api/v4/projects/42/variables/9lower", "9lower", "", "live/* &=%",
         false, true},
        {GITLAB(.organisation = "g", .api_url = "http://[::1]:8080/git/api/v4"), "X",
         "gitlab+http://[::1]:8080/git/api/v4/groups/g/variables/X"
         "?environment_scope=*&masked=true&protected=false#IB_PASSWORD",
         "http://[::1]:8080/git/api/v4/groups/g/variables/X", "X", "", "*", true, false},
        {GITEA(.repository = "o/r", .api_url = CODEBERG), "X",
         "gitea+https://codeberg.org/api/v1/repos/o/r/actions/secrets/X#IB_PASSWORD",
         "https://codeberg.org/api/v1/repos/o/r/actions/secrets/X", "X", "", "", false, false},
        {GITEA(.organisation = "o", .api_url = "http://127.9.9.9:80/api/v1/"), "X",
         "gitea+http://127.9.9.9/api/v1/orgs/o/actions/secrets/X#IB_PASSWORD",
         "http://127.9.9.9/api/v1/orgs/o/actions/secrets/X", "X", "", "", false, false},
        {GITEA(.organisation = "o", .api_url = "http://LOCALHOST:3000/api/v1"), "X",
         "gitea+http://localhost:3000/api/v1/orgs/o/actions/secrets/X#IB_PASSWORD",
         "http://localhost:3000/api/v1/orgs/o/actions/secrets/X", "X", "", "", false, false},
    };
    for (size_t i = 0; i < IBC_ARRAY_SIZE(cases); i++) {
        char target[IBC_COPY_TARGET_MAX + 1];
        struct ibc_forge_secret secret;
        struct ibc_error err = {0};
        if (ibc_forge_target(&cases[i].place, cases[i].name, "IB_PASSWORD", target, &err) !=
            IBC_OK) {
            fail_msg("%zu: %s", i, err.text);
        }
        assert_string_equal(target, cases[i].target);
        assert_int_equal(ibc_forge_target_parse(ibc_view_of(target), &secret, &err), IBC_OK);
        assert_int_equal(secret.forge, cases[i].place.forge);
        assert_string_equal(secret.url, cases[i].url);
        assert_string_equal(secret.name, cases[i].secret);
        assert_string_equal(secret.field, "IB_PASSWORD");
        assert_string_equal(secret.visibility, cases[i].visibility);
        assert_string_equal(secret.scope, cases[i].scope);
        assert_int_equal(secret.of_organisation, cases[i].place.organisation != NULL);
        assert_int_equal(secret.masked, cases[i].masked);
        assert_int_equal(secret.is_protected, cases[i].is_protected);
    }
}

static void what_a_forge_does_not_have_is_refused_in_a_sentence(void **state) {
    (void)state;
    static const struct {
        struct ibc_forge_place place;
        const char *words;
    } cases[] = {
        {GITHUB(), "name either a repository or an organisation"},
        {GITHUB(.repository = "o/r", .organisation = "o"), "name either a repository"},
        {GITHUB(.repository = "r"), "OWNER/REPOSITORY"},
        {GITHUB(.repository = "a/b/c"), "OWNER/REPOSITORY"},
        {GITHUB(.repository = "a/"), "OWNER/REPOSITORY"},
        {GITHUB(.repository = "../r"), "OWNER/REPOSITORY"},
        {GITHUB(.repository = "o/."), "OWNER/REPOSITORY"},
        {GITHUB(.repository = "o/r r"), "OWNER/REPOSITORY"},
        {GITHUB(.repository = "o/r%2F"), "OWNER/REPOSITORY"},
        {GITHUB(.repository = "o/r?x"), "OWNER/REPOSITORY"},
        {GITHUB(.repository = "o/\xc3\xb6"), "OWNER/REPOSITORY"},
        {GITHUB(.organisation = "a/b"), "one name"},
        {GITHUB(.organisation = ""), "one name"},
        {GITHUB(.organisation = "o", .environment = "e"), "only Actions of a repository"},
        {GITHUB(.repository = "o/r", .dependabot = true, .environment = "e"), "only Actions"},
        {GITHUB(.repository = "o/r", .environment = ""), "1 to 255 bytes"},
        {GITHUB(.repository = "o/r", .environment = ".."), "1 to 255 bytes"},
        {GITHUB(.repository = "o/r", .environment = "a\nb"), "1 to 255 bytes"},
        {GITHUB(.repository = "o/r", .visibility = "all"), "only secrets of a GitHub organ"},
        {GITHUB(.organisation = "o", .visibility = "selected"), "are selected at GitHub"},
        {GITHUB(.organisation = "o", .visibility = ""), "must be 'all' or 'private'"},
        {GITHUB(.repository = "o/r", .unmasked = true), "only GitLab's"},
        {GITHUB(.repository = "o/r", .is_protected = true), "only GitLab's"},
        {GITLAB(.repository = "p"), "GROUP/PROJECT or its number"},
        {GITLAB(.repository = "01"), "GROUP/PROJECT or its number"},
        {GITLAB(.repository = "g//p"), "GROUP/PROJECT or its number"},
        {GITLAB(.organisation = "g/"), "GROUP, GROUP/GROUP or its number"},
        {GITLAB(.repository = "g/p", .organisation = "g"), "either a project or a group"},
        {GITLAB(.repository = "g/p", .dependabot = true), "only GitHub has secrets for Depend"},
        {GITLAB(.organisation = "g", .visibility = "all"), "only secrets of a GitHub organisa"},
        {GITEA(.repository = "o/r"), "give the URL of yours: --api-url https"},
        {GITEA(.repository = "o/r", .api_url = CODEBERG, .environment = "e"), "no environments"},
        {GITEA(.repository = "o/r", .api_url = CODEBERG, .unmasked = true), "only GitLab's"},
    };
    for (size_t i = 0; i < IBC_ARRAY_SIZE(cases); i++) {
        char target[IBC_COPY_TARGET_MAX + 1] = "x";
        struct ibc_error err = {0};
        assert_int_equal(ibc_forge_target(&cases[i].place, NULL, "F", target, &err), IBC_ERR_USAGE);
        if (!strstr(err.text, cases[i].words)) {
            fail_msg("%zu: %s", i, err.text);
        }
        assert_string_equal(target, "");
    }
}

static void only_a_plain_url_of_an_api_is_one(void **state) {
    (void)state;
    static const struct {
        enum ibc_forge forge;
        const char *url, *words;
    } cases[] = {
        {IBC_FORGE_GITEA, "", "no URL of Gitea's API"},
        {IBC_FORGE_GITEA, "codeberg.org/api/v1", "no URL"},
        {IBC_FORGE_GITEA, "ftp://h/api/v1", "no URL"},
        {IBC_FORGE_GITEA, "https://", "no URL"},
        {IBC_FORGE_GITEA, "https:///api/v1", "no URL"},
        {IBC_FORGE_GITEA, "https://h:/api/v1", "no URL"},
        {IBC_FORGE_GITEA, "https://h:0/api/v1", "no URL"},
        {IBC_FORGE_GITEA, "https://h:65536/api/v1", "no URL"},
        {IBC_FORGE_GITEA, "https://h:080/api/v1", "no URL"},
        {IBC_FORGE_GITEA, "https://:80/api/v1", "no URL"},
        {IBC_FORGE_GITEA, "https://-h/api/v1", "no URL"},
        {IBC_FORGE_GITEA, "https://h h/api/v1", "no URL"},
        {IBC_FORGE_GITEA, "https://h%41/api/v1", "no URL"},
        {IBC_FORGE_GITEA, "https://h/../api/v1", "no URL"},
        {IBC_FORGE_GITEA, "https://h/./api/v1", "no URL"},
        {IBC_FORGE_GITEA, "https://h//api/v1", "no URL"},
        {IBC_FORGE_GITEA, "https://h/%2e%2e/api/v1", "no URL"},
        {IBC_FORGE_GITEA, "https://h/api/v1?x", "no URL"},
        {IBC_FORGE_GITEA, "https://h?x=/api/v1", "no URL"},
        {IBC_FORGE_GITEA, "https://h/api/v1#x", "no URL"},
        {IBC_FORGE_GITEA, "https://h\\/api/v1", "no URL"},
        {IBC_FORGE_GITEA, "https://h/\n/api/v1", "no URL"},
        {IBC_FORGE_GITEA, "https://[::1/api/v1", "no URL"},
        {IBC_FORGE_GITEA, "https://[0::1]/api/v1", "no URL"},
        {IBC_FORGE_GITEA, "https://[]/api/v1", "no URL"},
        {IBC_FORGE_GITEA, "https://[::1]x/api/v1", "no URL"},
        {IBC_FORGE_GITEA, "https://h", "not where Gitea has its API, which is https://HOST/api/v1"},
        {IBC_FORGE_GITLAB, "https://gitlab.example", "https://HOST/api/v4"},
        {IBC_FORGE_GITLAB, "https://gitlab.example/xapi/v4", "https://HOST/api/v4"},
        {IBC_FORGE_GITHUB, "https://GitHub.com", "https://api.github.com"},
        {IBC_FORGE_GITEA, "http://h/api/v1", "would send the token in the clear"},
        {IBC_FORGE_GITEA, "http://127.0.0.1.h/api/v1", "in the clear"},
        {IBC_FORGE_GITEA, "http://127.1/api/v1", "in the clear"},
        {IBC_FORGE_GITEA, "http://128.0.0.1/api/v1", "in the clear"},
        {IBC_FORGE_GITEA, "http://[::2]/api/v1", "in the clear"},
        {IBC_FORGE_GITEA, "http://localhost.h/api/v1", "in the clear"},
    };
    for (size_t i = 0; i < IBC_ARRAY_SIZE(cases); i++) {
        char out[IBC_COPY_TARGET_MAX + 1] = "x";
        struct ibc_error err = {0};
        assert_int_equal(target_check_url(cases[i].forge, cases[i].url, out, &err), IBC_ERR_USAGE);
        if (!strstr(err.text, cases[i].words)) {
            fail_msg("%s: %s", cases[i].url, err.text);
        }
    }
    char out[IBC_COPY_TARGET_MAX + 1];
    struct ibc_error err = {0};
    assert_int_equal(target_check_url(IBC_FORGE_GITEA, "https://me:passw0rd@h/api/v1", out, &err),
                     IBC_ERR_USAGE);
    assert_null(strstr(err.text, "passw0rd"));
}

static void names_are_those_that_the_forge_takes(void **state) {
    (void)state;
    static const struct {
        enum ibc_forge forge;
        const char *name, *kept;
    } cases[] = {
        {IBC_FORGE_GITHUB, "a_1", "A_1"},
        {IBC_FORGE_GITHUB, "GITEA_X", "GITEA_X"},
        {IBC_FORGE_GITHUB, "GITHUBX", "GITHUBX"},
        {IBC_FORGE_GITHUB, "ci", "CI"},
        {IBC_FORGE_GITHUB, "GitHub_X", NULL},
        {IBC_FORGE_GITHUB, "1a", NULL},
        {IBC_FORGE_GITHUB, "", NULL},
        {IBC_FORGE_GITHUB, "a-b", NULL},
        {IBC_FORGE_GITHUB, "a/../b", NULL},
        {IBC_FORGE_GITHUB, "\xc3\xb6", NULL},
        {IBC_FORGE_GITEA, "x", "X"},
        {IBC_FORGE_GITEA, "ci", NULL},
        {IBC_FORGE_GITEA, "gitea_x", NULL},
        {IBC_FORGE_GITEA, "forgejo_x", NULL},
        {IBC_FORGE_GITEA, "GITHUB_", NULL},
        {IBC_FORGE_GITLAB, "1_GITHUB_x", "1_GITHUB_x"},
        {IBC_FORGE_GITLAB, "GITHUB_x", "GITHUB_x"},
        {IBC_FORGE_GITLAB, "a.b", NULL},
    };
    char name[IBC_FORGE_NAME_MAX + 2], kept[IBC_FORGE_NAME_MAX + 1];
    struct ibc_error err = {0};
    for (size_t i = 0; i < IBC_ARRAY_SIZE(cases); i++) {
        enum ibc_status status = target_check_name(cases[i].forge, cases[i].name, kept, &err);
        assert_int_equal(status, cases[i].kept ? IBC_OK : IBC_ERR_USAGE);
        if (cases[i].kept) {
            assert_string_equal(kept, cases[i].kept);
        }
    }
    memset(name, 'a', sizeof name - 1);
    name[IBC_FORGE_NAME_MAX + 1] = '\0';
    assert_int_equal(target_check_name(IBC_FORGE_GITHUB, name, kept, &err), IBC_ERR_USAGE);
    name[IBC_FORGE_NAME_MAX] = '\0';
    assert_int_equal(target_check_name(IBC_FORGE_GITHUB, name, kept, &err), IBC_OK);
}

static void a_target_has_one_spelling(void **state) {
    (void)state;
    static const char *const others[] = {
        "",
        "github",
        "github+",
        "github+#F",
        "#",
        "gitea+secrets/X#F",
        "https://api.github.com/repos/o/r/actions/secrets/X#F",
        "forgejo+https://codeberg.org/api/v1/repos/o/r/actions/secrets/X#F",
        "GITHUB+https://api.github.com/repos/o/r/actions/secrets/X#F",
        "github+https://api.github.com/repos/o/r/actions/secrets/X",
        "github+https://api.github.com/repos/o/r/actions/secrets/X#",
        "github+https://api.github.com/repos/o/r/actions/secrets/X#1",
        "github+https://api.github.com/repos/o/r/actions/secrets/X#F#F",
        "github+https://api.github.com/repos/o/r/actions/secrets/x#F",
        "github+https://api.github.com/repos/o/r/actions/secrets/#F",
        "github+https://api.github.com/repos/o/r/actions/secrets/X?#F",
        "github+https://api.github.com/repos/o/r/actions/secrets/X?visibility=all#F",
        "github+https://api.github.com/repos/o/r/actions/secrets/X?a=b#F",
        "github+https://api.github.com:443/repos/o/r/actions/secrets/X#F",
        "github+https://API.github.com/repos/o/r/actions/secrets/X#F",
        "github+https://api.github.com//repos/o/r/actions/secrets/X#F",
        "github+https://api.github.com/repos/o/r//actions/secrets/X#F",
        "github+https://api.github.com/repos/r/actions/secrets/X#F",
        "github+https://api.github.com/repos/o/r/actions/variables/X#F",
        "github+https://api.github.com/repos/o/r/codespaces/secrets/X#F",
        "github+https://api.github.com/repos/o/%72/actions/secrets/X#F",
        "github+https://api.github.com/repos/o/r/environments/%2f/secrets/X#F",
        "github+https://api.github.com/repos/o/r/environments/%61/secrets/X#F",
        "github+https://api.github.com/repos/o/r/environments/%2/secrets/X#F",
        "github+https://api.github.com/repos/o/r/environments/%00/secrets/X#F",
        "github+https://api.github.com/repos/o/r/environments/%0A/secrets/X#F",
        "github+https://api.github.com/orgs/o/actions/secrets/X?#F",
        "github+https://api.github.com/orgs/o/actions/secrets/X?visibility=#F",
        "github+https://api.github.com/orgs/o/actions/secrets/X?visibility=selected#F",
        "github+https://api.github.com/orgs/o/actions/secrets/X?visibility=all&visibility=all#F",
        "github+http://api.github.com/repos/o/r/actions/secrets/X#F",
        "github+https://u@api.github.com/repos/o/r/actions/secrets/X#F",
        "gitlab+https://gitlab.com/api/v4/projects/g%2Fp/variables/X#F",
        "gitlab+https://gitlab.com/api/v4/projects/g/p/variables/X"
        "?environment_scope=*&masked=true&protected=false#F",
        "gitlab+https://gitlab.com/api/v4/projects/g%2Fp/variables/X"
        "?environment_scope=%2A&masked=true&protected=false#F",
        "gitlab+https://gitlab.com/api/v4/projects/g%2Fp/variables/X"
        "?masked=true&environment_scope=*&protected=false#F",
        "gitlab+https://gitlab.com/api/v4/projects/g%2Fp/variables/X"
        "?environment_scope=*&masked=1&protected=false#F",
        "gitlab+https://gitlab.com/api/v4/projects/g%2Fp/variables/X"
        "?environment_scope=*&masked=true&protected=false&raw=true#F",
        "gitea+https://codeberg.org/api/v1/repos/o/r/dependabot/secrets/X#F",
        "gitea+https://codeberg.org/api/v1/orgs/o/actions/secrets/X?visibility=all#F",
    };
    struct ibc_forge_secret secret;
    struct ibc_error err = {0};
    for (size_t i = 0; i < IBC_ARRAY_SIZE(others); i++) {
        if (ibc_forge_target_parse(ibc_view_of(others[i]), &secret, &err) != IBC_ERR_DATA) {
            fail_msg("%s", others[i]);
        }
        assert_string_equal(secret.url, "");
    }
    assert_int_equal(
        ibc_forge_target_parse(ibc_view_of("gitea+https://u:passw0rd@h/api/v1"), &secret, &err),
        IBC_ERR_DATA);
    assert_null(strstr(err.text, "passw0rd"));
    static const char with_nul[] = "github+https://api.github.com/repos/o/r/actions/secrets/X\0#F";
    const struct ibc_view view = {(const unsigned char *)with_nul, sizeof with_nul - 1};
    assert_int_equal(ibc_forge_target_parse(view, &secret, &err), IBC_ERR_DATA);
    assert_int_equal(ibc_forge_target_parse((struct ibc_view){0}, &secret, &err), IBC_ERR_DATA);
}

static void the_longest_target_is_one_and_a_longer_one_is_not(void **state) {
    (void)state;
    enum { FIXED = sizeof "github+https://api.github.com/repos/o/r/environments//secrets/X#F" - 1 };
    char environment[IBC_COPY_TARGET_MAX + 2], target[IBC_COPY_TARGET_MAX + 1];
    struct ibc_error err = {0};
    struct ibc_forge_secret secret;
    const struct ibc_forge_place place = GITHUB(.repository = "o/r", .environment = environment);
    memset(environment, 'e', sizeof environment - 1);
    environment[IBC_COPY_TARGET_MAX - FIXED] = '\0';
    assert_int_equal(ibc_forge_target(&place, "X", "F", target, &err), IBC_OK);
    assert_int_equal(strlen(target), IBC_COPY_TARGET_MAX);
    assert_int_equal(ibc_forge_target_parse(ibc_view_of(target), &secret, &err), IBC_OK);
    environment[IBC_COPY_TARGET_MAX - FIXED] = 'e';
    environment[IBC_COPY_TARGET_MAX - FIXED + 1] = '\0';
    assert_int_equal(ibc_forge_target(&place, "X", "F", target, &err), IBC_ERR_USAGE);
    assert_non_null(strstr(err.text, "longer than the 255 bytes"));
    memset(environment, '/', sizeof environment - 1);
    environment[TARGET_SCOPE_MAX] = '\0';
    assert_int_equal(ibc_forge_target(&place, "X", "F", target, &err), IBC_ERR_USAGE);
}

static void forges_have_names(void **state) {
    (void)state;
    enum ibc_forge forge;
    for (forge = IBC_FORGE_GITHUB; forge <= IBC_FORGE_GITEA; forge++) {
        enum ibc_forge again;
        assert_true(ibc_forge_parse(ibc_forge_name(forge), &again));
        assert_int_equal(again, forge);
    }
    assert_true(ibc_forge_parse("forgejo", &forge));
    assert_int_equal(forge, IBC_FORGE_GITEA);
    assert_false(ibc_forge_parse("GitHub", &forge));
    assert_false(ibc_forge_parse("", &forge));
}

static void text_in_urls_comes_back(void **state) {
    (void)state;
    char encoded[3 * 255 + 1], decoded[256];
    unsigned char bytes[255];
    for (size_t i = 0; i < sizeof bytes; i++) {
        bytes[i] = (unsigned char)(i + 1);
    }
    const struct ibc_view view = {bytes, sizeof bytes};
    assert_true(percent_encode(view, "*/", encoded, sizeof encoded));
    assert_true(percent_decode(ibc_view_of(encoded), decoded, sizeof decoded));
    assert_memory_equal(decoded, bytes, sizeof bytes);
    assert_int_equal(strlen(decoded), sizeof bytes);
    assert_false(percent_decode(ibc_view_of(encoded), decoded, sizeof decoded - 1));
    assert_false(percent_encode(view, "", encoded, sizeof bytes));
    static const char *const broken[] = {"%", "%1", "a%1g", "%g1", "%00", "%%41", "%4"};
    for (size_t i = 0; i < IBC_ARRAY_SIZE(broken); i++) {
        assert_false(percent_decode(ibc_view_of(broken[i]), decoded, sizeof decoded));
    }
    assert_true(percent_decode(ibc_view_of("%4a%4A+"), decoded, sizeof decoded));
    assert_string_equal(decoded, "JJ+");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_place_has_a_target_that_says_the_same_again),
        cmocka_unit_test(what_a_forge_does_not_have_is_refused_in_a_sentence),
        cmocka_unit_test(only_a_plain_url_of_an_api_is_one),
        cmocka_unit_test(names_are_those_that_the_forge_takes),
        cmocka_unit_test(a_target_has_one_spelling),
        cmocka_unit_test(the_longest_target_is_one_and_a_longer_one_is_not),
        cmocka_unit_test(forges_have_names),
        cmocka_unit_test(text_in_urls_comes_back),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
