/*
 * process.h - processes that live no longer than the one that started them.
 */
#ifndef STANDIN_PROCESS_H
#define STANDIN_PROCESS_H

#include <sys/types.h>

/*
 * Fork. In the child, which is told 0: it is killed when its parent ends, stop signals end it, and
 * of what is open it keeps stdin, stdout, stderr and descriptor 3, which is `kept`.
 */
pid_t start_helper(int kept);

/* Kill it and wait until it is gone; 0 is nobody. */
void end_helper(pid_t process);

/* What a helper kept. */
enum { HELPER_FD = 3 };

#endif
