/* SPDX-License-Identifier: MIT */
/* The end of a firmware that cannot go on. */
#ifndef EXCEPTION_H
#define EXCEPTION_H

/* Lights the red LED and does nothing any more, with interrupts off. */
_Noreturn void halt(void);

#endif
