/* position.c - characters, bytes, lines and columns. */
#include "compose/position.h"
#include "base/utf8.h"

size_t cursor_byte(struct text_cursor *cursor, size_t character) {
    const struct ibc_view text = cursor->text;
    while (cursor->character < character && cursor->byte < text.size) {
        do {
            cursor->byte++;
        } while (cursor->byte < text.size && utf8_is_continuation(text.bytes[cursor->byte]));
        cursor->character++;
    }
    while (cursor->character > character && cursor->byte > 0) {
        do {
            cursor->byte--;
        } while (cursor->byte > 0 && utf8_is_continuation(text.bytes[cursor->byte]));
        cursor->character--;
    }
    return cursor->byte;
}

void step_to(struct ibc_view text, struct ibc_place *place, size_t to) {
    while (place->start < to && place->start < text.size) {
        place->start++;
        if (text.bytes[place->start - 1] == '\n') {
            place->line++;
            place->column = 1;
        } else if (place->start == text.size || !utf8_is_continuation(text.bytes[place->start])) {
            place->column++;
        }
    }
}

static bool is_blank(unsigned char byte) {
    return byte == ' ' || byte == '\t' || byte == '\n' || byte == '\r';
}

void skip_properties(struct ibc_view text, struct ibc_place *place) {
    const unsigned char *bytes = text.bytes;
    size_t at = place->start;
    while (at < place->end && (bytes[at] == '&' || bytes[at] == '!')) {
        while (at < place->end && !is_blank(bytes[at])) {
            at++;
        }
        bool comment = false;
        while (at < place->end && (comment || is_blank(bytes[at]) || bytes[at] == '#')) {
            comment = bytes[at] != '\n' && (comment || bytes[at] == '#');
            at++;
        }
    }
    step_to(text, place, at);
}
