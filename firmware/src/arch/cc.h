/* SPDX-License-Identifier: MIT */
/* What lwIP needs to know of compiler and platform. */
#ifndef ARCH_CC_H
#define ARCH_CC_H

#include <stdint.h>
#include <stdlib.h>

#define BYTE_ORDER LITTLE_ENDIAN

#define LWIP_NO_UNISTD_H 1

uint32_t rng_next(void);
#define LWIP_RAND() rng_next()

void lwip_assertion(const char *message, const char *file, int line) __attribute__((noreturn));
void lwip_print(const char *format, ...) __attribute__((format(printf, 1, 2)));

#define LWIP_PLATFORM_DIAG(arguments)  lwip_print arguments
#define LWIP_PLATFORM_ASSERT(message)  lwip_assertion(message, __FILE__, __LINE__)

#endif
