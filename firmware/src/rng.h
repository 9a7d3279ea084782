/* SPDX-License-Identifier: MIT */
/* Random numbers from the chip. */
#ifndef RNG_H
#define RNG_H

#include <stdint.h>

/* Seeds the pseudo-random generator from the true random one. */
void rng_init(void);

/* 32 random bits. */
uint32_t rng_next(void);

#endif
