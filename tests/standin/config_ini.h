/*
 * config_ini.h - the file in which the image hands the credentials to IBC.
 */
#ifndef STANDIN_CONFIG_INI_H
#define STANDIN_CONFIG_INI_H

#include "properties.h"

/*
 * The image's config.ini as far as the credentials go: envsubst puts both in as they are. Returns
 * its size, or 0 when they are too long for us.
 */
size_t config_ini_write(const struct text *username, const struct text *password,
                        char out[static PROPERTIES_MAX]);

/*
 * What IBC then reads out of it. Where it can read nothing, as after "\u" without four digits, both
 * are empty: what IBC does then is not known, but it cannot log in.
 */
void config_ini_read(const char *bytes, size_t size, struct text *username, struct text *password);

#endif
