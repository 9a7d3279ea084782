/* SPDX-License-Identifier: MIT */
/* Restart of the board, at once or after a while. */
#ifndef RESTART_H
#define RESTART_H

#include <stdint.h>

/* Lets the console finish, then resets the chip. */
void restart_now(void);

/* Restarts `ms` milliseconds from now; a restart that is already due sooner stays. */
void restart_after(uint32_t ms);

void restart_task(void);

#endif
