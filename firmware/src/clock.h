/* SPDX-License-Identifier: MIT */
/* Clocks, flash wait states, and the lock on system registers. */
#ifndef CLOCK_H
#define CLOCK_H

/* Peripheral bus dividers and flash wait states for 200 MHz. The PLL already runs: DEVCFG starts the chip on it. */
void clock_init(void);

/* Opens and closes the registers behind SYSKEY. DS60001320 6.3. */
void system_unlock(void);
void system_lock(void);

/* Busy wait; before the tick runs and for hardware only. */
void delay_us(unsigned us);

/* Software reset. DS60001320 6.1. */
_Noreturn void chip_reset(void);

#endif
