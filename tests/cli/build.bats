#!/usr/bin/env bats
# What the build makes for others: an installed library, and the vectors.
load lib.bash

ROOT=$BATS_TEST_DIRNAME/../..

@test "the library that make install puts there serves a program of somebody else's" {
    # Under the PREFIX of the build that other tests use, which is thus not made anew.
    make -s -C "$ROOT" install DESTDIR="$SCRATCH/root" >/dev/null
    local prefix=$SCRATCH/root/usr/local
    cat >user.c <<'C'
#include <ibcred/broker.h>
#include <stdio.h>
int main(void) {
    struct ibc_error err;
    struct ibc_vault *vault;
    const struct ibc_keyring none = {0};
    if (ibc_secret_init(&err) != IBC_OK) {
        return 1;
    }
    return ibc_vault_open("/no/such/vault", &none, &vault, &err) == IBC_ERR_NOT_FOUND ? 0 : 2;
}
C
    export PKG_CONFIG_PATH=$prefix/lib/pkgconfig PKG_CONFIG_SYSROOT_DIR=$SCRATCH/root
    # shellcheck disable=SC2046 # flags
    cc -o user user.c $(pkg-config --cflags --libs ibcred)
    LD_LIBRARY_PATH=$prefix/lib ./user
    # shellcheck disable=SC2046 # flags
    cc -o user user.c $(pkg-config --cflags ibcred) "$prefix/lib/libibcred.a" \
        $(pkg-config --libs libsodium yaml-0.1 jansson)
    ./user
    nm -D --defined-only "$prefix/lib/libibcred.so" >symbols
    not grep -v ' ibc_' symbols
}

@test "the program is position-independent, with its relocations read-only" {
    readelf -lW "$IBCRED" >headers
    grep -q 'GNU_RELRO' headers
    grep -q 'DYN' headers || readelf -hW "$IBCRED" | grep -q DYN
    readelf -dW "$IBCRED" >dynamic
    grep -qE 'BIND_NOW|NOW' dynamic
    not grep -qE 'GNU_STACK.*RWE' headers
}

@test "the vectors are those that the program in the tree makes" {
    mkdir "$SCRATCH/vectors"
    "$(dirname "$IBCRED")/tests/tools/make_vectors" "$SCRATCH/vectors"
    diff -r "$SCRATCH/vectors" "$ROOT/tests/vectors/vault"
}
