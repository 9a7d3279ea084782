/* SPDX-License-Identifier: MIT */
/* Clocks: 200 MHz SYSCLK, 100 MHz PBCLK1..5, 200 MHz PBCLK7 and 8. DS60001320 chapters 8 and 9. */
#include "clock.h"
#include "board.h"
#include "interrupts.h"

void system_unlock(void)
{
    SYSKEY = 0;
    SYSKEY = 0xAA996655;
    SYSKEY = 0x556699AA;
}

void system_lock(void)
{
    SYSKEY = 0x33333333;
}

static void set_divider(volatile uint32_t *pbdiv, unsigned divider)
{
    while (!(*pbdiv & PB1DIV_PBDIVRDY_MASK))
        ;
    pbdiv[1] = PB1DIV_PBDIV_MASK;                   /* PBxDIVCLR, SET: ON stays as it is */
    pbdiv[2] = divider - 1;
    while (!(*pbdiv & PB1DIV_PBDIVRDY_MASK))
        ;
}

void clock_init(void)
{
    /* Two wait states for 120 < SYSCLK <= 200 MHz with ECC (DS60001320 table 37-13), prefetch for all accesses. */
    PRECON = 2u << PRECON_PFMWS_POSITION | 3u << PRECON_PREFEN_POSITION;

    uint32_t enabled = interrupts_off();
    system_unlock();
    set_divider(&PB1DIV, 2);
    set_divider(&PB2DIV, 2);
    set_divider(&PB3DIV, 2);
    set_divider(&PB4DIV, 2);
    set_divider(&PB5DIV, 2);
    set_divider(&PB7DIV, 1);
    set_divider(&PB8DIV, 1);
    system_lock();
    interrupts_restore(enabled);
}

void delay_us(unsigned us)
{
    uint32_t start = CP0_READ_COUNT();
    while (CP0_READ_COUNT() - start < us * (BOARD_SYSCLK_HZ / 2000000u))
        ;
}

void chip_reset(void)
{
    interrupts_off();
    system_unlock();
    RSWRSTSET = RSWRST_SWRST_MASK;
    (void)RSWRST;                                   /* the read after the write starts the reset */
    for (;;)
        ;
}
