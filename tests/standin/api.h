/*
 * api.h - the gateway's API: listens from the login to the end of the session.
 */
#ifndef STANDIN_API_H
#define STANDIN_API_H

/*
 * Let clients in, in a process of its own. `accounts` is what the login was told, one id or more
 * with commas between; the settings may name others (settings.h). Opened again it starts anew.
 */
void api_open(const char *mode, const char *accounts);

/* Cut all clients off and stop listening; nothing where it is not open. */
void api_close(void);

#endif
