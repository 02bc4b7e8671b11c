/* test_secret_directory.c - a directory of secret files, and the link that leads to it. */
#include <ibcred/deliver.h>
#include <ibcred/file.h>

#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

enum { TTL = 60, NOBODY = 65534 };

struct world {
    char path[64];
    struct ibc_runtime *runtime;
    struct ibc_reaper reaper;
};

#define FIELD(n, v)                                                                                \
    {                                                                                              \
        .name = {(const unsigned char *)(n), sizeof(n) - 1}, .value = {                            \
            (const unsigned char *)(v),                                                            \
            sizeof(v) - 1                                                                          \
        }                                                                                          \
    }

static const struct ibc_field paper[] = {
    FIELD("IB_USERNAME", "trader7"),  FIELD("IB_PASSWORD", "pa5s w0rd#!"),
    FIELD("MONGO_User", "m0ngo"),     FIELD("TRADING_MODE", "paper"),
    FIELD("IB_GATEWAY_PORT", "4004"),
};

static const struct ibc_field both[] = {
    FIELD("IB_USERNAME", "trader7"),      FIELD("IB_PASSWORD", "pa5s w0rd#!"),
    FIELD("IB_USERNAME_PAPER", "paper7"), FIELD("IB_PASSWORD_PAPER", "s3cond"),
    FIELD("TRADING_MODE", "both"),        FIELD("IB_GATEWAY_PORT", "4003"),
};

#define PREPARE(delivery, variables, err)                                                          \
    (delivery).prepare((delivery).self, variables, IBC_ARRAY_SIZE(variables), err)

/* The reaper is one that waits for its order; what it would become ends at once. */
static int set_up(void **state) {
    static struct world world;
    struct ibc_error err;
    snprintf(world.path, sizeof world.path, "/dev/shm/ibcred-test-secrets.XXXXXX");
    if (ibc_secret_init(&err) != IBC_OK || !mkdtemp(world.path) ||
        ibc_runtime_open_existing(world.path, &world.runtime, &err) != IBC_OK ||
        ibc_reaper_start("/bin/true", &world.reaper, &err) != IBC_OK) {
        return -1;
    }
    *state = &world;
    return 0;
}

/* Whatever the test did, ending everything leaves nothing behind. */
static int tear_down(void **state) {
    struct world *world = *state;
    struct ibc_instant now;
    size_t ended;
    struct ibc_error err;
    if (world->reaper.pid > 0) {
        ibc_close(&world->reaper.order);
        waitpid(world->reaper.pid, NULL, 0);
    }
    int result = ibc_clock_now(&now, &err) == IBC_OK &&
                         ibc_lease_sweep(world->runtime, &now, true, &ended, &err) == IBC_OK
                     ? 0
                     : -1;
    ibc_runtime_free(&world->runtime);
    return rmdir(world->path) == 0 ? result : -1;
}

static struct ibc_secret_directory directory_of(struct world *world) {
    struct ibc_secret_directory directory;
    ibc_secret_directory_init(&directory, world->runtime, "main", TTL, &world->reaper);
    if (geteuid() != 0) {
        directory.owner = geteuid();
    }
    return directory;
}

/* Deliver, all well. */
static void deliver(struct ibc_secret_directory *directory, const struct ibc_field *variables,
                    size_t count) {
    const struct ibc_delivery delivery = ibc_secret_directory_delivery(directory);
    struct ibc_error err = {0};
    if (delivery.prepare(delivery.self, variables, count, &err) != IBC_OK ||
        delivery.hand_over(delivery.self, &err) != IBC_OK) {
        fail_msg("%s", err.text);
    }
}

/* The content of a file behind the link; "" where there is none. */
static const char *content(const struct world *world, const char *name) {
    static char text[1024];
    char path[256];
    snprintf(path, sizeof path, "%s/main.secrets/%s", world->path, name);
    ibc_auto_fd fd = open(path, O_RDONLY | O_CLOEXEC);
    ssize_t size = fd >= 0 ? read(fd, text, sizeof text - 1) : 0;
    text[size > 0 ? size : 0] = '\0';
    return text;
}

static struct stat status_of(const struct world *world, const char *name) {
    char path[256];
    struct stat info = {0};
    snprintf(path, sizeof path, "%s/%s", world->path, name);
    if (lstat(path, &info) != 0) {
        info.st_mode = 0;
    }
    return info;
}

static size_t entries(const struct world *world) {
    return status_of(world, "").st_nlink - 2 +
           (status_of(world, "main.secrets").st_mode != 0 ? 1 : 0);
}

static void the_files_hold_the_values_and_no_newline(void **state) {
    struct world *world = *state;
    ibc_auto_secret_directory directory = directory_of(world);
    deliver(&directory, paper, IBC_ARRAY_SIZE(paper));
    assert_string_equal(content(world, "tws_userid"), "trader7");
    assert_string_equal(content(world, "tws_password"), "pa5s w0rd#!");
    assert_string_equal(content(world, "mongo_user"), "m0ngo");
    assert_string_equal(content(world, "trading_mode"), "");
    assert_string_equal(content(world, "tws_password_paper"), "");
}

static void compose_env_has_everything_but_the_passwords(void **state) {
    struct world *world = *state;
    ibc_auto_secret_directory directory = directory_of(world);
    deliver(&directory, paper, IBC_ARRAY_SIZE(paper));
    char expected[512];
    snprintf(expected, sizeof expected,
             "IB_USERNAME=trader7\nMONGO_User=m0ngo\nTRADING_MODE=paper\nIB_GATEWAY_PORT=4004\n"
             "IBCRED_SECRET_DIR=%s/main.secrets\n",
             world->path);
    assert_string_equal(content(world, "compose.env"), expected);
}

static void in_mode_both_the_paper_user_has_files_and_variables_too(void **state) {
    struct world *world = *state;
    ibc_auto_secret_directory directory = directory_of(world);
    deliver(&directory, both, IBC_ARRAY_SIZE(both));
    assert_string_equal(content(world, "tws_password"), "pa5s w0rd#!");
    assert_string_equal(content(world, "tws_userid_paper"), "paper7");
    assert_string_equal(content(world, "tws_password_paper"), "s3cond");
    const char *env = content(world, "compose.env");
    assert_non_null(strstr(env, "\nIB_USERNAME_PAPER=paper7\n"));
    assert_non_null(strstr(env, "\nIBCRED_PASSWORD_PAPER_FILE=/run/ibcred/tws_password_paper\n"));
    assert_null(strstr(env, "IB_PASSWORD"));
    assert_null(strstr(env, "s3cond"));
}

static void the_gateways_files_are_its_users_and_the_others_ours(void **state) {
    struct world *world = *state;
    ibc_auto_secret_directory directory = directory_of(world);
    directory.owner = geteuid() == 0 ? NOBODY : geteuid();
    directory.group = geteuid() == 0 ? NOBODY - 1 : getegid();
    directory.mode = 0440;
    const mode_t before = umask(0077);
    deliver(&directory, both, IBC_ARRAY_SIZE(both));
    umask(before);
    static const char *const names[] = {"tws_userid", "tws_password", "tws_userid_paper",
                                        "tws_password_paper"};
    for (size_t i = 0; i < IBC_ARRAY_SIZE(names); i++) {
        char name[64];
        snprintf(name, sizeof name, "main.secrets/%s", names[i]);
        const struct stat info = status_of(world, name);
        assert_int_equal(info.st_uid, directory.owner);
        assert_int_equal(info.st_gid, directory.group);
        assert_int_equal(info.st_mode & 07777, geteuid() == 0 ? 0440 : 0600);
    }
    const struct stat env = status_of(world, "main.secrets/compose.env");
    assert_int_equal(env.st_uid, geteuid());
    assert_int_equal(env.st_mode & 07777, 0600);
    const struct stat info = status_of(world, directory.name);
    assert_int_equal(info.st_uid, geteuid());
    assert_int_equal(info.st_mode & 07777, 0711);
}

static void nothing_is_let_out_before_it_is_handed_over(void **state) {
    struct world *world = *state;
    ibc_auto_secret_directory directory = directory_of(world);
    const struct ibc_delivery delivery = ibc_secret_directory_delivery(&directory);
    struct ibc_error err;
    assert_int_equal(PREPARE(delivery, paper, &err), IBC_OK);
    assert_int_equal(status_of(world, "main.secrets").st_mode, 0);
    char name[128], bytes[32] = "x";
    snprintf(name, sizeof name, "%s/tws_password", directory.name);
    ibc_auto_fd fd = openat(ibc_runtime_fd(world->runtime), name, O_RDONLY);
    assert_int_equal(read(fd, bytes, sizeof bytes), strlen("pa5s w0rd#!"));
    for (size_t i = 0; i < strlen("pa5s w0rd#!"); i++) {
        assert_int_equal(bytes[i], 0);
    }
    assert_int_equal(delivery.hand_over(delivery.self, &err), IBC_OK);
    assert_string_equal(content(world, "tws_password"), "pa5s w0rd#!");
    snprintf(name, sizeof name, "%s/.next", directory.name);
    assert_int_equal(status_of(world, name).st_mode, 0);
}

static void what_was_prepared_and_abandoned_is_gone(void **state) {
    struct world *world = *state;
    ibc_auto_secret_directory directory = directory_of(world);
    const struct ibc_delivery delivery = ibc_secret_directory_delivery(&directory);
    struct ibc_error err;
    assert_int_equal(PREPARE(delivery, paper, &err), IBC_OK);
    assert_int_equal(entries(world), 1);
    delivery.abandon(delivery.self);
    assert_int_equal(entries(world), 0);
}

static void the_link_leads_to_the_newest_and_the_one_before_stays_whole(void **state) {
    struct world *world = *state;
    ibc_auto_secret_directory first = directory_of(world);
    deliver(&first, paper, IBC_ARRAY_SIZE(paper));
    char old[128];
    snprintf(old, sizeof old, "%s/tws_password", first.name);
    ibc_auto_reaper reaper;
    struct ibc_error err;
    assert_int_equal(ibc_reaper_start("/bin/true", &reaper, &err), IBC_OK);
    ibc_auto_secret_directory second = directory_of(world);
    second.reaper = &reaper;
    static const struct ibc_field newer[] = {FIELD("IB_USERNAME", "trader7"),
                                             FIELD("IB_PASSWORD", "n3w")};
    deliver(&second, newer, IBC_ARRAY_SIZE(newer));
    waitpid(reaper.pid, NULL, 0);
    assert_string_equal(content(world, "tws_password"), "n3w");
    assert_int_not_equal(status_of(world, old).st_mode, 0);
}

static void ending_it_wipes_it_and_leaves_a_link_that_leads_nowhere(void **state) {
    struct world *world = *state;
    ibc_auto_secret_directory directory = directory_of(world);
    deliver(&directory, paper, IBC_ARRAY_SIZE(paper));
    char path[256], bytes[32] = "x";
    snprintf(path, sizeof path, "%s/main.secrets/tws_password", world->path);
    ibc_auto_fd held = open(path, O_RDONLY);
    struct ibc_error err;
    assert_int_equal(ibc_secret_directory_end(world->runtime, "main", &err), IBC_OK);
    assert_int_equal(read(held, bytes, sizeof bytes), strlen("pa5s w0rd#!"));
    assert_int_equal(bytes[0], 0);
    assert_int_equal(status_of(world, directory.name).st_mode, 0);
    assert_true(S_ISLNK(status_of(world, "main.secrets").st_mode));
    assert_int_equal(ibc_secret_directory_end(world->runtime, "main", &err), IBC_OK);
}

/* A link that somebody else made is neither followed nor kept. */
static void a_link_in_its_place_is_replaced_and_never_followed(void **state) {
    struct world *world = *state;
    char victim[] = "/dev/shm/ibcred-test-victim.XXXXXX", link[128], file[128];
    assert_non_null(mkdtemp(victim));
    snprintf(link, sizeof link, "%s/main.secrets", world->path);
    snprintf(file, sizeof file, "%s/tws_password", victim);
    assert_int_equal(close(open(file, O_WRONLY | O_CREAT | O_EXCL, 0600)), 0);
    assert_int_equal(symlink(victim, link), 0);

    struct ibc_error err;
    assert_int_equal(ibc_secret_directory_end(world->runtime, "main", &err), IBC_ERR_IO);
    ibc_auto_secret_directory directory = directory_of(world);
    deliver(&directory, paper, IBC_ARRAY_SIZE(paper));
    assert_string_equal(content(world, "tws_password"), "pa5s w0rd#!");
    struct stat info;
    assert_int_equal(stat(file, &info), 0);
    assert_int_equal(info.st_size, 0);
    assert_int_equal(unlink(file), 0);
    assert_int_equal(rmdir(victim), 0);
}

static void what_is_in_the_links_place_is_refused_but_an_empty_directory_gives_way(void **state) {
    struct world *world = *state;
    char path[128], inner[256];
    snprintf(path, sizeof path, "%s/main.secrets", world->path);
    snprintf(inner, sizeof inner, "%s/mine", path);
    assert_int_equal(mkdir(path, 0755), 0);
    assert_int_equal(close(open(inner, O_WRONLY | O_CREAT | O_EXCL, 0600)), 0);
    ibc_auto_secret_directory directory = directory_of(world);
    const struct ibc_delivery delivery = ibc_secret_directory_delivery(&directory);
    struct ibc_error err;
    assert_int_equal(PREPARE(delivery, paper, &err), IBC_ERR_CREATE);
    assert_non_null(strstr(err.text, "in the way"));
    assert_int_equal(status_of(world, "").st_nlink, 3);

    assert_int_equal(unlink(inner), 0);
    ibc_auto_reaper reaper;
    assert_int_equal(ibc_reaper_start("/bin/true", &reaper, &err), IBC_OK);
    ibc_auto_secret_directory again = directory_of(world);
    again.reaper = &reaper;
    deliver(&again, paper, IBC_ARRAY_SIZE(paper));
    waitpid(reaper.pid, NULL, 0);
    assert_string_equal(content(world, "tws_userid"), "trader7");
}

static void a_hand_over_that_fails_leaves_nothing(void **state) {
    struct world *world = *state;
    ibc_auto_secret_directory directory = directory_of(world);
    const struct ibc_delivery delivery = ibc_secret_directory_delivery(&directory);
    struct ibc_error err;
    assert_int_equal(PREPARE(delivery, paper, &err), IBC_OK);
    char path[128];
    snprintf(path, sizeof path, "%s/main.secrets", world->path);
    assert_int_equal(mkdir(path, 0700), 0);
    assert_int_equal(delivery.hand_over(delivery.self, &err), IBC_ERR_CREATE);
    assert_int_equal(rmdir(path), 0);
    assert_int_equal(entries(world), 0);
    delivery.abandon(delivery.self);
}

static void root_delivers_only_where_nobody_else_can_enter(void **state) {
    struct world *world = *state;
    if (geteuid() != 0) {
        skip();
    }
    assert_int_equal(chmod(world->path, 0711), 0);
    ibc_auto_secret_directory directory = directory_of(world);
    const struct ibc_delivery delivery = ibc_secret_directory_delivery(&directory);
    struct ibc_error err;
    assert_int_equal(PREPARE(delivery, paper, &err), IBC_ERR_REFUSED);
    assert_int_equal(entries(world), 0);
    assert_int_equal(chmod(world->path, 0700), 0);
}

struct refusal {
    const struct ibc_field *variables;
    size_t count;
    const char *profile;
    const char *environment;
    enum ibc_status status;
    const char *words;
};

static void check_refusal(struct world *world, const struct refusal *refusal) {
    struct ibc_reaper reaper;
    struct ibc_error err = {0};
    assert_int_equal(ibc_reaper_start("/bin/true", &reaper, &err), IBC_OK);
    ibc_auto_secret_directory directory = directory_of(world);
    directory.reaper = &reaper;
    char *environment[] = {(char *)(uintptr_t)refusal->environment, NULL};
    directory.environment = environment;
    if (refusal->profile) {
        directory.profile = refusal->profile;
    }
    const struct ibc_delivery delivery = ibc_secret_directory_delivery(&directory);
    enum ibc_status status =
        delivery.prepare(delivery.self, refusal->variables, refusal->count, &err);
    if (status != refusal->status || !strstr(err.text, refusal->words)) {
        fail_msg("expected %d with '%s', got %d: %s", refusal->status, refusal->words, status,
                 err.text);
    }
    assert_int_equal(entries(world), 0);
    assert_int_equal(reaper.pid, 0);
}

static void what_cannot_be_delivered_is_refused_and_leaves_nothing(void **state) {
    static const struct ibc_field clash[] = {FIELD("IB_PASSWORD", "p"), FIELD("Mongo", "1"),
                                             FIELD("MONGO", "2")};
    static const struct ibc_field shadow[] = {FIELD("IB_PASSWORD", "p"),
                                              FIELD("Tws_Password", "1")};
    static const struct ibc_field tws[] = {FIELD("TWS_USERID", "u"), FIELD("TWS_PASSWORD", "p")};
    static const struct refusal refusals[] = {
        {clash, IBC_ARRAY_SIZE(clash), NULL, NULL, IBC_ERR_USAGE, "'mongo'"},
        {shadow, IBC_ARRAY_SIZE(shadow), NULL, NULL, IBC_ERR_USAGE, "'tws_password'"},
        {tws, IBC_ARRAY_SIZE(tws), NULL, NULL, IBC_ERR_USAGE, "IB_PASSWORD"},
        {paper, IBC_ARRAY_SIZE(paper), "../x", NULL, IBC_ERR_USAGE, "'../x'"},
        {paper, IBC_ARRAY_SIZE(paper), NULL, "TRADING_MODE=live", IBC_ERR_MISMATCH, "TRADING_MODE"},
        {paper, IBC_ARRAY_SIZE(paper), NULL, "IBCRED_SECRET_DIR=/elsewhere", IBC_ERR_MISMATCH,
         "IBCRED_SECRET_DIR"},
    };
    struct world *world = *state;
    for (size_t i = 0; i < IBC_ARRAY_SIZE(refusals); i++) {
        check_refusal(world, &refusals[i]);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
        TEST(the_files_hold_the_values_and_no_newline),
        TEST(compose_env_has_everything_but_the_passwords),
        TEST(in_mode_both_the_paper_user_has_files_and_variables_too),
        TEST(the_gateways_files_are_its_users_and_the_others_ours),
        TEST(nothing_is_let_out_before_it_is_handed_over),
        TEST(what_was_prepared_and_abandoned_is_gone),
        TEST(the_link_leads_to_the_newest_and_the_one_before_stays_whole),
        TEST(ending_it_wipes_it_and_leaves_a_link_that_leads_nowhere),
        TEST(a_link_in_its_place_is_replaced_and_never_followed),
        TEST(what_is_in_the_links_place_is_refused_but_an_empty_directory_gives_way),
        TEST(a_hand_over_that_fails_leaves_nothing),
        TEST(root_delivers_only_where_nobody_else_can_enter),
        TEST(what_cannot_be_delivered_is_refused_and_leaves_nothing),
    };
    return cmocka_run_group_tests_name("secret_directory", tests, NULL, NULL);
}
