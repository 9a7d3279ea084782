/* SPDX-License-Identifier: MIT */
/* What lwIP needs to know of compiler and platform. */
#ifndef ARCH_CC_H
#define ARCH_CC_H

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

uint32_t station_random(void);
#define LWIP_RAND() station_random()

#define LWIP_PLATFORM_DIAG(arguments)
#define LWIP_PLATFORM_ASSERT(message) \
    do { fprintf(stderr, "station: lwIP: %s, %s:%d\n", message, __FILE__, __LINE__); abort(); } while (0)

#endif
