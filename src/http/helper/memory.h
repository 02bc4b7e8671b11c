/*
 * memory.h - libcurl's memory, wiped before it is given back; and no more of it than is used.
 *
 * A request's headers and body pass through libcurl's own buffers.
 */
#ifndef IBCRED_HTTP_HELPER_MEMORY_H
#define IBCRED_HTTP_HELPER_MEMORY_H

#include <ibcred/common.h>

/* curl_global_init_mem() with functions that wipe. False where libcurl cannot be started. */
IBC_CHECKED bool memory_start_curl(void);

/*
 * Unmap the pages of code and constants that starting up and connecting took. What is used after
 * all comes back from the page cache: following a log takes little of two dozen libraries.
 */
void memory_let_go_of_code(void);

#endif
