/*
 * test_input_store.c - one profile out of what other stores print.
 *
 * The documents have the shapes that the stores' own documentation and sources show: Vault's HTTP
 * API, "KV secrets engine", version 1 and 2; getsops/sops, stores/json and stores/dotenv.
 */
#include "input_fixture.h"

static struct ibc_error error;

static const struct ibc_store_field plain[] = {{"IB_USERNAME", NULL}, {"IB_PASSWORD", NULL}};

static enum ibc_status take(const char *text, enum ibc_store_format format,
                            const struct ibc_store_field *fields, size_t count,
                            struct ibc_input *out) {
    return ibc_input_store(ibc_view_of(text), "in", format, fields, count, out, &error);
}

#define METADATA                                                                                   \
    "\"metadata\":{\"created_time\":\"2026-03-15T14:30:00.1Z\",\"custom_metadata\":null,"          \
    "\"deletion_time\":\"\",\"destroyed\":false,\"version\":3}"

struct document {
    const char *text;
    enum ibc_store_format format;
    const char *username, *password;
};

/* Each is read as told by its content and as its format. */
static const struct document documents[] = {
    {"{\n\t\"IB_USERNAME\": \"u1\",\n\t\"IB_PASSWORD\": \"p \\\"1\",\n\t\"port\": 4002\n}\n",
     IBC_STORE_JSON, "u1", "p \"1"},
    {"{\"username\":\"u2\",\"password\":\"p2\"}", IBC_STORE_JSON, "u2", "p2"},
    {"{\"TWS_USERID\":\"u3\",\"TWS_PASSWORD\":\"p3\",\"data\":\"x\"}", IBC_STORE_JSON, "u3", "p3"},
    {"{\"request_id\":\"af1b\",\"lease_id\":\"\",\"lease_duration\":0,\"renewable\":false,"
     "\"data\":{\"data\":{\"IB_USER\":\"u4\",\"IB_PASS\":\"p4\"}," METADATA "},\"warnings\":null}",
     IBC_STORE_VAULT_KV, "u4", "p4"},
    {"{\"auth\":null,\"data\":{\"username\":\"u5\",\"password\":\"p5\",\"ttl\":\"1h\"},"
     "\"lease_duration\":3600,\"lease_id\":\"\",\"renewable\":false}",
     IBC_STORE_VAULT_KV, "u5", "p5"},
    {"{\"data\":{\"data\":\"x\",\"username\":\"u6\",\"password\":\"p6\"}}", IBC_STORE_VAULT_KV,
     "u6", "p6"},
    {"# gateway\nIB_USER=u7\nOTHER='x y'\nIB_PASS=p7=#$\n", IBC_STORE_DOTENV, "u7", "p7=#$"},
    {"TWS_USERID=u8\r\nTWS_PASSWORD=p8\r\n", IBC_STORE_DOTENV, "u8", "p8"},
    {"export IB_USERNAME=u9\nexport IB_PASSWORD=p9\n", IBC_STORE_DOTENV, "u9", "p9"},
    {"IB_USERNAME=u\nIB_PASSWORD=p\"1\nIB_PASSWORD=p\"2", IBC_STORE_SOPS_DOTENV, "u", "p\"2"},
};

static void what_stores_print_is_told_by_its_content(void **state) {
    (void)state;
    for (size_t i = 0; i < IBC_ARRAY_SIZE(documents); i++) {
        const enum ibc_store_format formats[] = {IBC_STORE_BY_CONTENT, documents[i].format};
        for (size_t j = 0; j < IBC_ARRAY_SIZE(formats); j++) {
            ibc_auto_input input = {0};
            if (take(documents[i].text, formats[j], plain, 2, &input) != IBC_OK) {
                fail_msg("%zu: %s", i, error.text);
            }
            assert_int_equal(input.count, 2);
            require_field(&input, 0, "IB_USERNAME", documents[i].username);
            require_field(&input, 1, "IB_PASSWORD", documents[i].password);
        }
    }
}

static void keys_that_are_given_are_taken_and_no_other(void **state) {
    (void)state;
    static const char text[] = "{\"user\":\"u\",\"IB_USERNAME\":\"x\",\"password\":\"p\","
                               "\"api-key\":\"k\",\"MONGO\":\"m\"}";
    static const struct ibc_store_field fields[] = {
        {"IB_USERNAME", "user"}, {"IB_PASSWORD", NULL}, {"API_KEY", "api-key"}, {"MONGO", NULL}};
    ibc_auto_input input = {0};
    assert_int_equal(take(text, IBC_STORE_BY_CONTENT, fields, 4, &input), IBC_OK);
    require_field(&input, 0, "IB_USERNAME", "u");
    require_field(&input, 1, "IB_PASSWORD", "p");
    require_field(&input, 2, "API_KEY", "k");
    require_field(&input, 3, "MONGO", "m");
}

static void spellings_that_agree_are_taken(void **state) {
    (void)state;
    static const char *const texts[] = {
        "IB_USERNAME=u\nIB_PASSWORD=p\nTWS_USERID=u\nTWS_PASSWORD=p\n",
        "IB_USERNAME=u\nusername=u\npassword=p\n",
        "IB_USERNAME=u\nIB_PASSWORD=p\nTWS_USERID=\nTWS_PASSWORD=\n",
        "{\"IB_USERNAME\":null,\"IB_USER\":\"u\",\"IB_PASS\":\"p\"}",
    };
    for (size_t i = 0; i < IBC_ARRAY_SIZE(texts); i++) {
        ibc_auto_input input = {0};
        assert_int_equal(take(texts[i], IBC_STORE_BY_CONTENT, plain, 2, &input), IBC_OK);
        require_field(&input, 0, "IB_USERNAME", "u");
        require_field(&input, 1, "IB_PASSWORD", "p");
    }
}

/* What sops printed of a value is to be read as it is, and may not be an env file at all. */
static void a_format_decides_where_compose_and_sops_differ(void **state) {
    (void)state;
    static const struct {
        const char *text, *as_compose, *as_sops; /* NULL: refused */
    } cases[] = {
        {"IB_USERNAME=u\nIB_PASSWORD='p'\n", "p", "'p'"},
        {"IB_USERNAME=u\nIB_PASSWORD=\"p\"\n", "p", "\"p\""},
        {"IB_USERNAME=u\nIB_PASSWORD=p #q\n", "p", "p #q"},
        {"IB_USERNAME=u\nIB_PASSWORD= p \n", "p", " p "},
        {"IB_USERNAME=u\nIB_PASSWORD=\"p\n", NULL, "\"p"},
        {"IB_USERNAME=u\nIB_PASSWORD=p$x\n", NULL, "p$x"},
        {"IB_USERNAME=u\nIB_PASSWORD=p\\nq\n", "p\\nq", NULL},
    };
    for (size_t i = 0; i < IBC_ARRAY_SIZE(cases); i++) {
        ibc_auto_input told = {0};
        ibc_auto_input compose = {0};
        ibc_auto_input sops = {0};
        assert_int_not_equal(take(cases[i].text, IBC_STORE_BY_CONTENT, plain, 2, &told), IBC_OK);
        assert_non_null(strstr(error.text, "in:2: "));
        assert_non_null(strstr(error.text, "--format "));
        assert_int_equal(take(cases[i].text, IBC_STORE_DOTENV, plain, 2, &compose) == IBC_OK,
                         cases[i].as_compose != NULL);
        assert_int_equal(take(cases[i].text, IBC_STORE_SOPS_DOTENV, plain, 2, &sops) == IBC_OK,
                         cases[i].as_sops != NULL);
        if (cases[i].as_compose) {
            require_field(&compose, 1, "IB_PASSWORD", cases[i].as_compose);
        }
        if (cases[i].as_sops) {
            require_field(&sops, 1, "IB_PASSWORD", cases[i].as_sops);
        }
    }
}

static void each_compose_can_be_asked_alone(void **state) {
    (void)state;
    static const char text[] = "IB_USERNAME=u\nIB_PASSWORD='p\\\\q'\n";
    ibc_auto_input v1 = {0};
    ibc_auto_input v2 = {0};
    assert_int_equal(take(text, IBC_STORE_COMPOSE_V1, plain, 2, &v1), IBC_OK);
    assert_int_equal(take(text, IBC_STORE_COMPOSE_V2, plain, 2, &v2), IBC_OK);
    require_field(&v1, 1, "IB_PASSWORD", "p\\q");
    require_field(&v2, 1, "IB_PASSWORD", "p\\\\q");
}

static void what_cannot_be_taken_is_refused_by_name(void **state) {
    (void)state;
    static const struct {
        const char *text;
        enum ibc_store_format format;
        enum ibc_status status;
        const char *sentence; /* how it begins */
    } cases[] = {
        {"", IBC_STORE_JSON, IBC_ERR_DATA, "in: empty"},
        {"", IBC_STORE_SOPS_DOTENV, IBC_ERR_NOT_FOUND,
         "in has no IB_USERNAME, nor IB_USER, username or TWS_USERID; name its key with --map "},
        {"{\"IB_USERNAME\":\"u\"}", IBC_STORE_BY_CONTENT, IBC_ERR_NOT_FOUND,
         "in has no IB_PASSWORD, nor IB_PASS, password or TWS_PASSWORD; name its key"},
        {"{\"IB_USERNAME\":\"u\",\"IB_PASSWORD\":\"\"}", IBC_STORE_BY_CONTENT, IBC_ERR_NOT_FOUND,
         "in has no IB_PASSWORD"},
        {"{\"username\":\"u\",\"password\":\"hunter2\",\"IB_PASS\":\"hunter22\"}",
         IBC_STORE_BY_CONTENT, IBC_ERR_MISMATCH,
         "in has both IB_PASS and password, with different values; say which one is right: --map "
         "IB_PASSWORD=IB_PASS or --map IB_PASSWORD=password"},
        {"IB_USERNAME=u\nTWS_USERID=v\nIB_PASSWORD=hunter2\n", IBC_STORE_BY_CONTENT,
         IBC_ERR_MISMATCH, "in has both IB_USERNAME and TWS_USERID"},
        {"{\"IB_USER\":\"u\",\"password\":\"hunter2\"}", IBC_STORE_BY_CONTENT, IBC_ERR_MISMATCH,
         "in has IB_USER and password, which may not belong together; if they do, say --map "
         "IB_USERNAME=IB_USER --map IB_PASSWORD=password"},
        {"{\"IB_USER\":\"u\",\"IB_PASS\":12345678}", IBC_STORE_BY_CONTENT, IBC_ERR_DATA,
         "in: IB_PASS is not a string"},
        {"{\"IB_USER\":\"u\",\"IB_PASS\":\"hunter2\\n\"}", IBC_STORE_BY_CONTENT, IBC_ERR_DATA,
         "in: the value of IB_PASSWORD holds"},
        {"{\"IB_USER\":\"u\",\"IB_PASS\":\"ENC[AES256_GCM,data:hunter2,iv:x,tag:y,type:str]\"}",
         IBC_STORE_BY_CONTENT, IBC_ERR_DATA, "in: the values are still encrypted"},
        {"IB_USER=u\nIB_PASS=ENC[AES256_GCM,data:hunter2,iv:x,tag:y,type:str]\n",
         IBC_STORE_BY_CONTENT, IBC_ERR_DATA, "in:2: the values are still encrypted"},
        {"{\"data\":{\"data\":null," METADATA "}}", IBC_STORE_BY_CONTENT, IBC_ERR_DATA,
         "in: this version of the secret was deleted in Vault"},
        {"{\"username\":\"u\",\"password\":\"hunter2\"}", IBC_STORE_VAULT_KV, IBC_ERR_DATA,
         "in: no object \"data\""},
        {"{\"data\":{\"data\":[\"hunter2\"]," METADATA "}}", IBC_STORE_VAULT_KV, IBC_ERR_DATA,
         "in: no object \"data\""},
        {"{\"IB_USER\":\"u\",\"IB_USER\":\"u\"}", IBC_STORE_BY_CONTENT, IBC_ERR_DATA, "in:1:"},
        {"{\"IB_USER\":hunter2}", IBC_STORE_BY_CONTENT, IBC_ERR_DATA, "in:1:17: not JSON"},
        {"IB_USERNAME=u\n IB_PASSWORD : hunter2\n", IBC_STORE_DOTENV, IBC_ERR_DATA, "in:2: "},
        {"IB_USERNAME=u\nIB_PASSWORD=\xFF\n", IBC_STORE_SOPS_DOTENV, IBC_ERR_DATA,
         "in:2: the value of IB_PASSWORD is not UTF-8"},
    };
    for (size_t i = 0; i < IBC_ARRAY_SIZE(cases); i++) {
        ibc_auto_input input = {0};
        assert_int_equal(take(cases[i].text, cases[i].format, plain, 2, &input), cases[i].status);
        if (strncmp(error.text, cases[i].sentence, strlen(cases[i].sentence)) != 0) {
            fail_msg("%s\nis not\n%s", error.text, cases[i].sentence);
        }
        require_empty(&input, &error);
    }
}

static void a_key_that_is_not_there_is_named(void **state) {
    (void)state;
    static const struct ibc_store_field fields[] = {{"IB_USERNAME", "user"}, {"IB_PASSWORD", NULL}};
    ibc_auto_input input = {0};
    assert_int_equal(
        take("IB_USERNAME=u\nIB_PASSWORD=p\n", IBC_STORE_BY_CONTENT, fields, 2, &input),
        IBC_ERR_NOT_FOUND);
    assert_string_equal(error.text, "in has no user; name the key of field IB_USERNAME with --map "
                                    "IB_USERNAME=KEY");
}

static void formats_go_by_their_names(void **state) {
    (void)state;
    enum ibc_store_format format;
    assert_true(ibc_store_format_parse("vault-kv", &format));
    assert_int_equal(format, IBC_STORE_VAULT_KV);
    assert_true(ibc_store_format_parse("sops-dotenv", &format));
    assert_int_equal(format, IBC_STORE_SOPS_DOTENV);
    assert_false(ibc_store_format_parse("yaml", &format));
    assert_string_equal(ibc_store_format_names(),
                        "json, vault-kv, dotenv, compose-v1, compose-v2 or sops-dotenv");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_stores_print_is_told_by_its_content),
        cmocka_unit_test(keys_that_are_given_are_taken_and_no_other),
        cmocka_unit_test(spellings_that_agree_are_taken),
        cmocka_unit_test(a_format_decides_where_compose_and_sops_differ),
        cmocka_unit_test(each_compose_can_be_asked_alone),
        cmocka_unit_test(what_cannot_be_taken_is_refused_by_name),
        cmocka_unit_test(a_key_that_is_not_there_is_named),
        cmocka_unit_test(formats_go_by_their_names),
    };
    return cmocka_run_group_tests(tests, start, NULL);
}
