/* SPDX-License-Identifier: MIT
 * A watchdog in sleep wakes and does not reset: the NMI enters at the reset vector with RNMICON.WDTS and RCON.SLEEP
 * and WDTO set. Awake, the NMI leaves RNMICON.NMICNT cycles to clear it (FRM section 9, DS60001114; section 7).
 */
#include "boots.h"

#define WDTCON      SFR(0x1F800800)
#define OSCCONSET   SFR(0x1F801208)
#define OSCCONCLR   SFR(0x1F801204)
#define RCON        SFR(0x1F801240)
#define RNMICON     SFR(0x1F801260)
#define SLPEN       (1 << 4)
#define RCON_POR    (3 << 0)
#define RCON_IDLE   (1 << 2)
#define RCON_SLEEP  (1 << 3)
#define RCON_WDTO   (1 << 4)
#define NMI_WDTS    (1 << 16)
#define NMI_WDTO    (1 << 24)
#define NMICNT      60000           /* 0.3 ms at 200 MHz */
#define WDT_ON      (1 << 15)

/* The watchdog's period: WDTPS 0, a millisecond. */
__asm__(".globl guest_devcfg1\nguest_devcfg1 = 0x7F60DFB9");

/* Ends a boot: the watchdog's next event, or the reset, begins another. */
static void __attribute__((noreturn)) next_boot(uint32_t stage)
{
    keep(stage);
    for (;;) {
        __asm__ volatile("wait");
    }
}

int main(void)
{
    uint32_t rnmicon = RNMICON;

    unlock();
    if (RCON & RCON_POR) {              /* power-on: sleep until the watchdog bites */
        FAILURES = 0;
        RCON = 0;
        RNMICON = 0;                    /* awake, it would reset at once */
        OSCCONSET = SLPEN;
        WDTCON = WDT_ON;
        next_boot(1);
    }
    take_up();
    if (STAGE == 1) {                   /* the NMI of sleep; nothing was reset */
        CHECK(RCON == (RCON_SLEEP | RCON_WDTO));
        CHECK(rnmicon == NMI_WDTS);
        CHECK(WDTCON & WDT_ON);
        OSCCONCLR = SLPEN;
        RCON = 0;
        RNMICON = NMICNT;
        next_boot(2);                   /* in idle it is as awake */
    }
    if (STAGE == 2) {                   /* the NMI that counts down can be called off */
        CHECK(RCON == RCON_IDLE);
        CHECK((rnmicon & ~0xFFFF) == NMI_WDTO);
        RNMICON = NMICNT;
        for (volatile int i = 0; i < 15000; i++) {
        }
        next_boot(3);
    }
    if (STAGE == 3) {                   /* this one is not */
        CHECK((rnmicon & ~0xFFFF) == NMI_WDTO);
        next_boot(4);
    }
    CHECK(STAGE == 4);
    CHECK(RCON == (RCON_WDTO | RCON_IDLE));
    CHECK(rnmicon == 0);
    WDTCON = 0;
    return 0;
}
