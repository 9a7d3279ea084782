/* SPDX-License-Identifier: MIT */
/* Time since boot, from the core timer. */
#ifndef TICK_H
#define TICK_H

#include <stdint.h>

/* One interrupt a millisecond from now on. */
void tick_init(void);

/* Milliseconds since boot, modulo 2^32. */
uint32_t tick_ms(void);

#endif
