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
    ibc_lease_name(&now, 60, name);
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
    ibc_lease_name(&now, 60, name);
    struct ibc_instant later = now;
    later.wall_ms = INT64_MAX;
    assert_false(ibc_lease_overdue(name, &later));
}

static void a_lease_of_another_boot_is_overdue(void **state) {
    (void)state;
    char name[IBC_LEASE_NAME_MAX];
    ibc_lease_name(&now, 60, name);
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
    ibc_lease_name(&now, 10, early);
    ibc_lease_name(&now, 1000, late);
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
    ibc_lease_name(&now, 10, name);
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

static void waiting_ends_a_delivery_whose_time_has_come(void **state) {
    const struct world *world = *state;
    struct ibc_instant real;
    struct ibc_error err;
    assert_int_equal(ibc_clock_now(&real, &err), IBC_OK);
    char name[IBC_LEASE_NAME_MAX];
    ibc_lease_name(&real, 0, name);
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
        cmocka_unit_test(waiting_ends_a_delivery_whose_time_has_come),
        cmocka_unit_test(a_directory_that_is_not_on_tmpfs_is_passed_over),
    };
    return cmocka_run_group_tests_name("lease", tests, set_up, tear_down);
}
