/* test_lease.c - deliveries that end, whoever made them. */
#include <ibcred/file.h>
#include <ibcred/lease.h>

#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

struct world {
    char path[64];
    struct ibc_runtime *runtime;
};

static const struct ibc_instant now = {
    .wall_ms = 1, .boot_ms = 100000, .boot_id = {0xaa, 0xbb, 0xcc, 0xdd}};

static int set_up(void **state) {
    static struct world world;
    struct ibc_error err;
    snprintf(world.path, sizeof world.path, "/dev/shm/ibcred-test-lease.XXXXXX");
    if (ibc_secret_init(&err) != IBC_OK || !mkdtemp(world.path) ||
        ibc_runtime_open_existing(world.path, &world.runtime, &err) != IBC_OK) {
        return -1;
    }
    *state = &world;
    return 0;
}

static int tear_down(void **state) {
    struct world *world = *state;
    size_t ended;
    struct ibc_error err;
    enum ibc_status status = ibc_lease_sweep(world->runtime, &now, true, &ended, &err);
    ibc_runtime_free(&world->runtime);
    return status == IBC_OK && rmdir(world->path) == 0 ? 0 : -1;
}

static void make_delivery(const struct world *world, const char *name) {
    ibc_auto_fd fd =
        openat(ibc_runtime_fd(world->runtime), name, O_WRONLY | O_CREAT | O_EXCL, 0600);
    assert_true(fd >= 0);
    assert_true(ibc_file_write_all(fd, ibc_view_of("secret")));
}

static bool is_there(const struct world *world, const char *name) {
    return faccessat(ibc_runtime_fd(world->runtime), name, F_OK, 0) == 0;
}

static void a_lease_is_overdue_at_its_end_and_not_before(void **state) {
    (void)state;
    char name[IBC_LEASE_NAME_MAX];
    ibc_lease_name(&now, 60, IBC_LEASE_FILE, name);
    struct ibc_instant later = now;
    assert_false(ibc_lease_overdue(name, &later));
    later.boot_ms = now.boot_ms + 59999;
    assert_false(ibc_lease_overdue(name, &later));
    later.boot_ms = now.boot_ms + 60000;
    assert_true(ibc_lease_overdue(name, &later));
}

static void the_wall_clock_does_not_matter(void **state) {
    (void)state;
    char name[IBC_LEASE_NAME_MAX];
    ibc_lease_name(&now, 60, IBC_LEASE_FILE, name);
    struct ibc_instant later = now;
    later.wall_ms = INT64_MAX;
    assert_false(ibc_lease_overdue(name, &later));
}

static void a_lease_of_another_boot_is_overdue(void **state) {
    (void)state;
    char name[IBC_LEASE_NAME_MAX];
    ibc_lease_name(&now, 60, IBC_LEASE_FILE, name);
    struct ibc_instant rebooted = now;
    rebooted.boot_id[0] ^= 1;
    assert_true(ibc_lease_overdue(name, &rebooted));
}

static void what_is_no_lease_is_left_alone(void **state) {
    const struct world *world = *state;
    static const char *const names[] = {
        "other.env",
        "lease-",
        "lease-aabbccdd-1-0123456789abcdef",
        "lease-aabbccdd-1-0123456789abcdef.envx",
        "lease-aabbccdd-1-0123456789abcde.env",
        "lease-aabbccdd-x-0123456789abcdef.env",
        "lease-aabbccdd--0123456789abcdef.env",
        "lease-aabbccdd-99999999999999999999-0123456789abcdef.env",
        "lease-AABBCCDD-1-0123456789abcdef.env",
        "lease-aabbccd-1-0123456789abcdef.env",
        "lease-aabbccdd-01-0123456789abcdef.env",
        "lease-aabbccdd-1-0123456789abcdef.dirs",
    };
    struct ibc_error err;
    for (size_t i = 0; i < IBC_ARRAY_SIZE(names); i++) {
        make_delivery(world, names[i]);
        assert_false(ibc_lease_overdue(names[i], &now));
        assert_int_equal(ibc_lease_end(world->runtime, names[i], &err), IBC_ERR_USAGE);
    }
    assert_int_equal(
        ibc_lease_end(world->runtime, "../lease-aabbccdd-1-0123456789abcdef.env", &err),
        IBC_ERR_USAGE);
    size_t ended;
    assert_int_equal(ibc_lease_sweep(world->runtime, &now, true, &ended, &err), IBC_OK);
    assert_int_equal(ended, 0);
    for (size_t i = 0; i < IBC_ARRAY_SIZE(names); i++) {
        assert_int_equal(unlinkat(ibc_runtime_fd(world->runtime), names[i], 0), 0);
    }
}

static void a_sweep_ends_what_is_overdue_and_only_that(void **state) {
    const struct world *world = *state;
    char early[IBC_LEASE_NAME_MAX], late[IBC_LEASE_NAME_MAX];
    ibc_lease_name(&now, 10, IBC_LEASE_FILE, early);
    ibc_lease_name(&now, 1000, IBC_LEASE_FILE, late);
    make_delivery(world, early);
    make_delivery(world, late);
    struct ibc_instant later = now;
    later.boot_ms += 10000;
    struct ibc_error err;
    size_t ended;
    assert_int_equal(ibc_lease_sweep(world->runtime, &later, false, &ended, &err), IBC_OK);
    assert_int_equal(ended, 1);
    assert_false(is_there(world, early));
    assert_true(is_there(world, late));
    assert_int_equal(ibc_lease_sweep(world->runtime, &later, true, &ended, &err), IBC_OK);
    assert_int_equal(ended, 1);
    assert_false(is_there(world, late));
}

static void an_ended_delivery_is_wiped_for_whoever_still_holds_it_open(void **state) {
    const struct world *world = *state;
    char name[IBC_LEASE_NAME_MAX];
    ibc_lease_name(&now, 10, IBC_LEASE_FILE, name);
    make_delivery(world, name);
    ibc_auto_fd held = openat(ibc_runtime_fd(world->runtime), name, O_RDONLY);
    struct ibc_error err;
    assert_int_equal(ibc_lease_end(world->runtime, name, &err), IBC_OK);
    char content[16] = "x";
    assert_int_equal(read(held, content, sizeof content), strlen("secret"));
    for (size_t i = 0; i < strlen("secret"); i++) {
        assert_int_equal(content[i], 0);
    }
    assert_int_equal(ibc_lease_end(world->runtime, name, &err), IBC_OK);
}

/* A delivery that is a directory of `count` files; the descriptor of it. */
static int make_directory_delivery(const struct world *world, const char *name, size_t count) {
    assert_int_equal(mkdirat(ibc_runtime_fd(world->runtime), name, 0700), 0);
    int directory =
        openat(ibc_runtime_fd(world->runtime), name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    for (size_t i = 0; i < count; i++) {
        char file[32];
        snprintf(file, sizeof file, "file%zu", i);
        ibc_auto_fd fd =
            openat(directory, file, O_WRONLY | O_CREAT | O_EXCL, geteuid() == 0 ? 0400 : 0600);
        assert_true(fd >= 0);
        assert_true(ibc_file_write_all(fd, ibc_view_of("secret")));
    }
    return directory;
}

static bool reads_zeros(int fd) {
    char content[16] = "x";
    ssize_t size = pread(fd, content, sizeof content, 0);
    for (ssize_t i = 0; i < size; i++) {
        if (content[i] != 0) {
            return false;
        }
    }
    return size == (ssize_t)strlen("secret");
}

static void a_directory_is_a_delivery_too(void **state) {
    (void)state;
    char name[IBC_LEASE_NAME_MAX];
    ibc_lease_name(&now, 60, IBC_LEASE_DIRECTORY, name);
    assert_true(ibc_lease_is(name, IBC_LEASE_DIRECTORY));
    assert_false(ibc_lease_is(name, IBC_LEASE_FILE));
    assert_false(ibc_lease_is("lease-aabbccdd-1-0123456789abcdef.dirx", IBC_LEASE_DIRECTORY));
    struct ibc_instant later = now;
    assert_false(ibc_lease_overdue(name, &later));
    later.boot_ms = now.boot_ms + 60000;
    assert_true(ibc_lease_overdue(name, &later));
}

static void an_ended_directory_is_gone_with_every_file_wiped(void **state) {
    const struct world *world = *state;
    enum { FILES = 500 };
    char name[IBC_LEASE_NAME_MAX];
    ibc_lease_name(&now, 10, IBC_LEASE_DIRECTORY, name);
    ibc_auto_fd directory = make_directory_delivery(world, name, FILES);
    ibc_auto_fd first = openat(directory, "file0", O_RDONLY);
    ibc_auto_fd last = openat(directory, "file499", O_RDONLY);
    struct ibc_error err;
    assert_int_equal(ibc_lease_end(world->runtime, name, &err), IBC_OK);
    assert_false(is_there(world, name));
    assert_true(reads_zeros(first));
    assert_true(reads_zeros(last));
    assert_int_equal(ibc_lease_end(world->runtime, name, &err), IBC_OK);
}

/* What was put into it, or in its place, must not turn the wiping on something else. */
static void no_link_leads_the_wiping_astray(void **state) {
    const struct world *world = *state;
    int runtime = ibc_runtime_fd(world->runtime);
    char name[IBC_LEASE_NAME_MAX], fake[IBC_LEASE_NAME_MAX];
    ibc_lease_name(&now, 10, IBC_LEASE_DIRECTORY, name);
    ibc_lease_name(&now, 10, IBC_LEASE_DIRECTORY, fake);
    ibc_auto_fd directory = make_directory_delivery(world, name, 0);
    make_delivery(world, "mine");
    assert_int_equal(mkdirat(runtime, "place", 0700), 0);
    assert_int_equal(linkat(runtime, "mine", runtime, "place/kept", 0), 0);
    assert_int_equal(linkat(runtime, "mine", directory, "hard", 0), 0);
    make_delivery(world, "single");
    assert_int_equal(symlinkat("../single", directory, "soft"), 0);
    assert_int_equal(symlinkat("place", runtime, fake), 0);

    struct ibc_error err;
    size_t ended;
    assert_int_equal(ibc_lease_sweep(world->runtime, &now, true, &ended, &err), IBC_OK);
    assert_int_equal(ended, 2);
    assert_false(is_there(world, name));
    struct stat info;
    assert_int_not_equal(fstatat(runtime, fake, &info, AT_SYMLINK_NOFOLLOW), 0);
    static const char *const others[] = {"place/kept", "single"};
    for (size_t i = 0; i < IBC_ARRAY_SIZE(others); i++) {
        char content[16] = "";
        ibc_auto_fd fd = openat(runtime, others[i], O_RDONLY);
        assert_int_equal(read(fd, content, sizeof content), strlen("secret"));
        assert_string_equal(content, "secret");
        assert_int_equal(unlinkat(runtime, others[i], 0), 0);
    }
    assert_int_equal(unlinkat(runtime, "place", AT_REMOVEDIR), 0);
    assert_int_equal(unlinkat(runtime, "mine", 0), 0);
}

static void an_empty_directory_that_cannot_be_entered_is_ended(void **state) {
    const struct world *world = *state;
    char name[IBC_LEASE_NAME_MAX];
    ibc_lease_name(&now, 10, IBC_LEASE_DIRECTORY, name);
    assert_int_equal(mkdirat(ibc_runtime_fd(world->runtime), name, 0), 0);
    struct ibc_error err;
    assert_int_equal(ibc_lease_end(world->runtime, name, &err), IBC_OK);
    assert_false(is_there(world, name));
}

static void a_directory_that_cannot_be_ended_is_told_of_and_the_rest_is_ended(void **state) {
    const struct world *world = *state;
    char full[IBC_LEASE_NAME_MAX], other[IBC_LEASE_NAME_MAX];
    ibc_lease_name(&now, 10, IBC_LEASE_DIRECTORY, full);
    ibc_lease_name(&now, 10, IBC_LEASE_DIRECTORY, other);
    ibc_auto_fd first = make_directory_delivery(world, full, 2);
    ibc_auto_fd second = make_directory_delivery(world, other, 2);
    assert_int_equal(mkdirat(first, "below", 0700), 0);
    assert_int_equal(symlinkat(full, ibc_runtime_fd(world->runtime), "paper.secrets"), 0);
    struct ibc_error err;
    size_t ended;
    assert_int_equal(ibc_lease_sweep(world->runtime, &now, true, &ended, &err), IBC_ERR_IO);
    assert_int_equal(ended, 1);
    assert_non_null(strstr(err.text, full));
    assert_false(is_there(world, other));
    assert_int_not_equal(faccessat(second, "file0", F_OK, 0), 0);
    assert_int_not_equal(faccessat(first, "file0", F_OK, 0), 0);
    assert_true(is_there(world, "paper.secrets"));
    assert_int_equal(unlinkat(ibc_runtime_fd(world->runtime), "paper.secrets", 0), 0);
    assert_int_equal(unlinkat(first, "below", AT_REMOVEDIR), 0);
    assert_int_equal(ibc_lease_end(world->runtime, full, &err), IBC_OK);
}

static bool link_is_there(const struct world *world, const char *name) {
    struct stat info;
    return fstatat(ibc_runtime_fd(world->runtime), name, &info, AT_SYMLINK_NOFOLLOW) == 0;
}

static void links_to_what_is_over_stay_until_everything_is_ended(void **state) {
    const struct world *world = *state;
    int runtime = ibc_runtime_fd(world->runtime);
    char name[IBC_LEASE_NAME_MAX];
    ibc_lease_name(&now, 10, IBC_LEASE_DIRECTORY, name);
    ibc_close(&(int){make_directory_delivery(world, name, 1)});
    assert_int_equal(symlinkat(name, runtime, "paper.secrets"), 0);
    assert_int_equal(symlinkat("nowhere", runtime, "others"), 0);
    struct ibc_instant later = now;
    later.boot_ms += 10000;
    struct ibc_error err;
    size_t ended;
    assert_int_equal(ibc_lease_sweep(world->runtime, &later, false, &ended, &err), IBC_OK);
    assert_int_equal(ended, 1);
    assert_true(link_is_there(world, "paper.secrets"));
    assert_int_equal(ibc_lease_sweep(world->runtime, &later, true, &ended, &err), IBC_OK);
    assert_int_equal(ended, 0);
    assert_false(link_is_there(world, "paper.secrets"));
    assert_true(link_is_there(world, "others"));
    assert_int_equal(unlinkat(runtime, "others", 0), 0);
}

static void waiting_ends_a_delivery_whose_time_has_come(void **state) {
    const struct world *world = *state;
    struct ibc_instant real;
    struct ibc_error err;
    assert_int_equal(ibc_clock_now(&real, &err), IBC_OK);
    char name[IBC_LEASE_NAME_MAX];
    ibc_lease_name(&real, 0, IBC_LEASE_FILE, name);
    make_delivery(world, name);
    assert_int_equal(ibc_lease_wait_and_end(world->runtime, name, &err), IBC_OK);
    assert_false(is_there(world, name));
}

static void a_directory_that_is_not_on_tmpfs_is_passed_over(void **state) {
    const struct world *world = *state;
    char disk[] = "/var/tmp/ibcred-test-lease.XXXXXX";
    assert_non_null(mkdtemp(disk));
    struct ibc_error err;
    ibc_auto_runtime *runtime = NULL;
    const char *const both[] = {disk, world->path};
    assert_int_equal(ibc_runtime_open(both, 1, false, &runtime, &err), IBC_ERR_REFUSED);
    assert_null(runtime);
    assert_int_equal(ibc_runtime_open(both, 2, false, &runtime, &err), IBC_OK);
    assert_string_equal(ibc_runtime_path(runtime), world->path);
    ibc_runtime_free(&runtime);
    assert_int_equal(ibc_runtime_open(both, 2, true, &runtime, &err), IBC_OK);
    assert_string_equal(ibc_runtime_path(runtime), disk);
    assert_int_equal(rmdir(disk), 0);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_lease_is_overdue_at_its_end_and_not_before),
        cmocka_unit_test(the_wall_clock_does_not_matter),
        cmocka_unit_test(a_lease_of_another_boot_is_overdue),
        cmocka_unit_test(what_is_no_lease_is_left_alone),
        cmocka_unit_test(a_sweep_ends_what_is_overdue_and_only_that),
        cmocka_unit_test(an_ended_delivery_is_wiped_for_whoever_still_holds_it_open),
        cmocka_unit_test(a_directory_is_a_delivery_too),
        cmocka_unit_test(an_ended_directory_is_gone_with_every_file_wiped),
        cmocka_unit_test(no_link_leads_the_wiping_astray),
        cmocka_unit_test(an_empty_directory_that_cannot_be_entered_is_ended),
        cmocka_unit_test(a_directory_that_cannot_be_ended_is_told_of_and_the_rest_is_ended),
        cmocka_unit_test(links_to_what_is_over_stay_until_everything_is_ended),
        cmocka_unit_test(waiting_ends_a_delivery_whose_time_has_come),
        cmocka_unit_test(a_directory_that_is_not_on_tmpfs_is_passed_over),
    };
    return cmocka_run_group_tests_name("lease", tests, set_up, tear_down);
}
