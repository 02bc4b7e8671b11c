/*
 * writing.h - the ways to write a value into an env file. Pure.
 */
#ifndef IBCRED_SINK_WRITING_H
#define IBCRED_SINK_WRITING_H

#include <ibcred/profile.h>

/*
 * Append the field's value, written in one way. False, with nothing appended, where that way is
 * not for this value. What comes out need not be right: it is read back before it is used.
 */
typedef bool writing(const struct ibc_field *field, struct ibc_secret_buffer *out);

/* Those for a format, up to a NULL, from the most readable to the one that carries most. */
extern writing *const compose_writings[];
extern writing *const docker_writings[];
extern writing *const systemd_writings[];
extern writing *const shell_writings[];

#endif
