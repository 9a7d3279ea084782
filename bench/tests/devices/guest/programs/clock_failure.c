/* SPDX-License-Identifier: MIT
 * The crystal stops after 1 ms: the clock monitor's NMI enters at the reset vector, with RNMICON.CF and OSCCON.CF set and
 * SYSCLK the back-up FRC; nothing was reset. Then NMIKEY and SWNMI (FRM section 42, DS60001250; section 7, DS60001118).
 * Panel: {"crystal":"posc","state":"stopped","at":1000000}
 */
#include "boots.h"

#define OSCCON      SFR(0x1F801200)
#define OSCCONSET   SFR(0x1F801208)
#define RCON        SFR(0x1F801240)
#define RNMICON     SFR(0x1F801260)
#define PR9         SFR(0x1F841020)
#define OSWEN       (1 << 0)
#define CF          (1 << 3)
#define NMI_CF      (1 << 17)
#define NMI_GNMI    (1 << 19)
#define NMI_SWNMI   (1 << 23)
#define RCON_POR    (3 << 0)
#define RCON_IDLE   (1 << 2)

enum { POSC = 2, BFRC = 6 };

/* The crystal in HS mode, clock switching and monitor on. */
__asm__(".globl guest_devcfg1\nguest_devcfg1 = 0x7F60DEB9");

static uint32_t cosc(void)
{
    return OSCCON >> 12 & 7;
}

static void __attribute__((noreturn)) wait_for_nmi(void)
{
    for (;;) {
        __asm__ volatile("wait");
    }
}

int main(void)
{
    uint32_t rnmicon = RNMICON;

    unlock();
    if (RCON & RCON_POR) {
        FAILURES = 0;
        RCON = 0;
        PR9 = 4711;
        OSCCON = POSC << 8;
        OSCCONSET = OSWEN;
        while (OSCCON & OSWEN) {
        }
        CHECK(cosc() == POSC);
        keep(1);
        wait_for_nmi();
    }
    take_up();
    CHECK(!(RCON & ~RCON_IDLE));
    CHECK(PR9 == 4711);
    RNMICON = 0;
    switch (STAGE) {
    case 1:
        CHECK(rnmicon == NMI_CF);
        CHECK(OSCCON & CF);
        CHECK(cosc() == BFRC);
        keep(2);
        INTCON = 0x4Eu << 24;       /* NMIKEY */
        wait_for_nmi();
    case 2:
        CHECK(rnmicon == NMI_GNMI);
        keep(3);
        RNMICON = NMI_SWNMI;
        wait_for_nmi();
    default:
        CHECK(STAGE == 3);
        CHECK(rnmicon == NMI_SWNMI);
        return 0;
    }
}
