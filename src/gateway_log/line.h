/*
 * line.h - one line of a log, made safe to look at and to show.
 */
#ifndef IBCRED_GATEWAY_LOG_LINE_H
#define IBCRED_GATEWAY_LOG_LINE_H

#include "gateway_log/rules.h"

struct log_line {
    char text[IBC_LOG_LINE_MAX + 1];  /* printable UTF-8 */
    char lower[IBC_LOG_LINE_MAX + 1]; /* the same with A-Z in lower case */
    ptrdiff_t message[SOURCES_MAX];   /* where a source's message begins; -1: not its line */
};

/*
 * Fill `line` from raw bytes: the first IBC_LOG_LINE_MAX of them, without a carriage return at the
 * end. A tab becomes a blank; what is no UTF-8, is a control character (C0, DEL, C1) or turns the
 * direction of writing becomes '?'. So no line can drive a terminal or lie by its order.
 */
void log_line_read(struct log_line *line, const struct ibc_log_rules *rules, struct ibc_view raw);

/* Could the line be text that a message on the lines before it left open? */
bool log_line_is_loose_text(const struct log_line *line, const struct ibc_log_rules *rules);

/* Copy `size` bytes of printable text, cut where a character ends, without blanks at its ends. */
void log_text_copy(char out[static IBC_LOG_TEXT_MAX], const char *text, size_t size);

#endif
