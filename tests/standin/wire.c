/*
 * wire.c - lines over a connection, and bytes in hexadecimal.
 */
#include "wire.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

static const char digits[] = "0123456789abcdef";

bool text_equal(const struct text *a, const struct text *b) {
    return a->size == b->size && memcmp(a->bytes, b->bytes, a->size) == 0;
}

void text_to_hex(const struct text *text, char hex[static 2 * TEXT_MAX + 1]) {
    for (size_t i = 0; i < text->size; i++) {
        hex[2 * i] = digits[(unsigned char)text->bytes[i] >> 4];
        hex[2 * i + 1] = digits[text->bytes[i] & 15];
    }
    hex[2 * text->size] = '\0';
}

bool text_from_hex(const char *hex, struct text *out) {
    size_t length = strlen(hex);

    out->size = length / 2;
    if (length % 2 != 0 || out->size > sizeof out->bytes || strspn(hex, digits) != length) {
        return false;
    }
    for (size_t i = 0; i < out->size; i++) {
        size_t high = (size_t)(strchr(digits, hex[2 * i]) - digits);
        size_t low = (size_t)(strchr(digits, hex[2 * i + 1]) - digits);

        out->bytes[i] = (char)(high << 4 | low);
    }
    return true;
}

bool incoming_read(struct incoming *incoming, int fd) {
    size_t room = sizeof incoming->bytes - incoming->size;
    ssize_t size = recv(fd, incoming->bytes + incoming->size, room, MSG_DONTWAIT);

    if (size < 0) {
        return errno == EAGAIN || errno == EINTR;
    }
    incoming->size += (size_t)size;
    return size > 0;
}

bool incoming_line(struct incoming *incoming, char line[static WIRE_LINE_MAX]) {
    const char *newline = memchr(incoming->bytes, '\n', incoming->size);
    size_t length;

    if (newline == NULL) {
        return false;
    }
    length = (size_t)(newline - incoming->bytes);
    memcpy(line, incoming->bytes, length);
    line[length] = '\0';
    incoming->size -= length + 1;
    memmove(incoming->bytes, newline + 1, incoming->size);
    return true;
}

void send_line(int fd, const char *fmt, ...) {
    char line[WIRE_LINE_MAX];
    va_list args;
    int length;

    va_start(args, fmt);
    length = vsnprintf(line, sizeof line - 1, fmt, args);
    va_end(args);
    if (length < 0 || (size_t)length >= sizeof line - 1) {
        return;
    }
    line[length] = '\n';
    send(fd, line, (size_t)length + 1, MSG_NOSIGNAL);
}
