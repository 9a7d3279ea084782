/*
 * PIC32MZ clock and reset unit: what its files share
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#ifndef HW_MIPS_PIC32MZ_CRU_INTERNAL_H
#define HW_MIPS_PIC32MZ_CRU_INTERNAL_H

#include "hw/registerfields.h"
#include "pic32mz_cru.h"

REG32(OSCCON, 0x000)
    FIELD(OSCCON, OSWEN, 0, 1)
    FIELD(OSCCON, SOSCEN, 1, 1)
    FIELD(OSCCON, CF, 3, 1)
    FIELD(OSCCON, SLPEN, 4, 1)
    FIELD(OSCCON, CLKLOCK, 7, 1)
    FIELD(OSCCON, NOSC, 8, 3)
    FIELD(OSCCON, COSC, 12, 3)
    FIELD(OSCCON, SLP2SPD, 21, 1)
    FIELD(OSCCON, DRMEN, 23, 1)
    FIELD(OSCCON, FRCDIV, 24, 3)
REG32(OSCTUN, 0x010)
    FIELD(OSCTUN, TUN, 0, 6)
REG32(SPLLCON, 0x020)
    FIELD(SPLLCON, PLLRANGE, 0, 3)
    FIELD(SPLLCON, PLLICLK, 7, 1)
    FIELD(SPLLCON, PLLIDIV, 8, 3)
    FIELD(SPLLCON, PLLMULT, 16, 7)
    FIELD(SPLLCON, PLLODIV, 24, 3)
REG32(RCON, 0x040)
    FIELD(RCON, POR, 0, 1)
    FIELD(RCON, BOR, 1, 1)
    FIELD(RCON, IDLE, 2, 1)
    FIELD(RCON, SLEEP, 3, 1)
    FIELD(RCON, WDTO, 4, 1)
    FIELD(RCON, DMTO, 5, 1)
    FIELD(RCON, SWR, 6, 1)
    FIELD(RCON, EXTR, 7, 1)
    FIELD(RCON, CMR, 9, 1)
    FIELD(RCON, BCFGFAIL, 26, 1)
    FIELD(RCON, BCFGERR, 27, 1)
REG32(RSWRST, 0x050)
    FIELD(RSWRST, SWRST, 0, 1)
REG32(RNMICON, 0x060)
    FIELD(RNMICON, NMICNT, 0, 16)
    FIELD(RNMICON, WDTS, 16, 1)
    FIELD(RNMICON, CF, 17, 1)
    FIELD(RNMICON, GNMI, 19, 1)
    FIELD(RNMICON, SWNMI, 23, 1)
    FIELD(RNMICON, WDTO, 24, 1)
    FIELD(RNMICON, DMTO, 25, 1)
REG32(PWRCON, 0x070)
REG32(REFO1CON, 0x080)
    FIELD(REFOCON, ROSEL, 0, 4)
    FIELD(REFOCON, ACTIVE, 8, 1)
    FIELD(REFOCON, DIVSWEN, 9, 1)
    FIELD(REFOCON, RSLP, 11, 1)
    FIELD(REFOCON, OE, 12, 1)
    FIELD(REFOCON, SIDL, 13, 1)
    FIELD(REFOCON, ON, 15, 1)
    FIELD(REFOCON, RODIV, 16, 15)
REG32(REFO1TRIM, 0x090)
    FIELD(REFOTRIM, ROTRIM, 23, 9)
REG32(REFO2CON, 0x0a0)
REG32(REFO2TRIM, 0x0b0)
REG32(REFO3CON, 0x0c0)
REG32(REFO3TRIM, 0x0d0)
REG32(REFO4CON, 0x0e0)
REG32(REFO4TRIM, 0x0f0)
REG32(PB1DIV, 0x100)
    FIELD(PB1DIV, PBDIV, 0, 7)
    FIELD(PB1DIV, PBDIVRDY, 11, 1)
    FIELD(PB1DIV, ON, 15, 1)
REG32(PB2DIV, 0x110)
REG32(PB3DIV, 0x120)
REG32(PB4DIV, 0x130)
REG32(PB5DIV, 0x140)
REG32(PB7DIV, 0x160)
REG32(PB8DIV, 0x170)
REG32(SLEWCON, 0x1c0)
    FIELD(SLEWCON, SYSDIV, 16, 4)
REG32(CLKSTAT, 0x1d0)
    FIELD(CLKSTAT, FRCRDY, 0, 1)
    FIELD(CLKSTAT, SPLLRDY, 1, 1)
    FIELD(CLKSTAT, POSCRDY, 2, 1)
    FIELD(CLKSTAT, SOSCRDY, 4, 1)
    FIELD(CLKSTAT, LPRCRDY, 5, 1)

/* REFOxCON.ROSEL */
enum {
    ROSEL_SYSCLK, ROSEL_PBCLK1, ROSEL_POSC, ROSEL_FRC, ROSEL_LPRC, ROSEL_SOSC,
    ROSEL_SPLL = 7, ROSEL_REFCLKI, ROSEL_BFRC,
};

#define REFO_STRIDE     (A_REFO2CON - A_REFO1CON)
#define REFO_TRIM       (A_REFO1TRIM - A_REFO1CON)

/* Works every clock out anew: after a change of a register or of the mode. */
void cru_update_clocks(PIC32Cru *s);

/* What a start of SYSCLK's oscillator takes, ns. */
int64_t cru_start_ns(PIC32Cru *s, unsigned nosc);

/* pic32mz_refo.c */
void cru_refo_update(PIC32Cru *s);
void cru_refo_write(PIC32Cru *s, hwaddr offset, uint32_t old, uint32_t value);
void cru_refo_reset(PIC32Cru *s);
/* Whether a generator with this ROSEL runs in the present mode. */
bool cru_refo_asleep(PIC32Cru *s, unsigned rosel);

/* pic32mz_reset.c */
/* rcon: the causes that stand from resets before. */
void cru_reset_begin(PIC32Cru *s, uint32_t rcon);
void cru_reset_init(PIC32Cru *s);
void cru_read_rswrst(PIC32Cru *s);
void cru_write_rnmicon(PIC32Cru *s, uint32_t old, uint32_t value);
void cru_clock_failed(PIC32Cru *s);

/* pic32mz_sleep.c */
void cru_sleep_init(PIC32Cru *s);
void cru_sleep_realize(PIC32Cru *s);
void cru_sleep_reset(PIC32Cru *s);
/* A watchdog's time-out: in sleep it is an NMI and ends it; else false. */
bool cru_watchdog_wakes(PIC32Cru *s);

#endif
