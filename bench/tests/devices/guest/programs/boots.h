/* SPDX-License-Identifier: MIT
 * For programs that go on after a reset: what they keep in RAM from one boot to the next.
 */
#ifndef BOOTS_H
#define BOOTS_H

#include "guest.h"

#define STAGE       (*(volatile uint32_t *)0xA0000200)  /* what the next boot has to look at */
#define FAILURES    (*(volatile uint32_t *)0xA0000204)  /* of the boots before this one */
#define FAILED_LINE (*(volatile uint32_t *)0xA0000208)

/* Keeps the checks of this boot for the next one. */
static inline void keep(uint32_t stage)
{
    FAILURES = RESULT->failures;
    FAILED_LINE = RESULT->first_failed_line;
    STAGE = stage;
}

/* Goes on with the checks of the boots before this one. */
static inline void take_up(void)
{
    RESULT->failures = FAILURES;
    RESULT->first_failed_line = FAILED_LINE;
}

#endif
