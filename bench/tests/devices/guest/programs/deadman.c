/* SPDX-License-Identifier: MIT
 * Deadman timer: served in its window it counts anew, left alone it resets, and so does a wrong step; RCON tells the
 * cause and nothing else does (FRM section 9, DS60001114; section 7, DS60001118).
 */
#include "boots.h"

#define DMTCON      SFR(0x1F800A00)
#define DMTPRECLR   SFR(0x1F800A10)
#define DMTCLR      SFR(0x1F800A20)
#define DMTSTAT     SFR(0x1F800A30)
#define DMTCNT      SFR(0x1F800A40)
#define DMTPSCNT    SFR(0x1F800A60)
#define DMTPSINTV   SFR(0x1F800A70)
#define RCON        SFR(0x1F801240)
#define RNMICON     SFR(0x1F801260)
#define DMT_ON      (1 << 15)
#define WINOPN      (1 << 0)
#define EVENTS      (7 << 5)            /* DMTEVENT, BAD1, BAD2 */
#define STEP1       (0x40 << 8)
#define STEP2       0x08
#define RCON_POR    (3 << 0)
#define RCON_DMTO   (1 << 5)

/* 2^16 instructions, of which the second half is the window; off until DMTCON.ON. */
__asm__(".globl guest_devcfg1\nguest_devcfg1 = 0x2360DF89");

static void serve(void)
{
    DMTPRECLR = STEP1;
    DMTCLR = STEP2;
}

/* The reset begins another boot. */
static void __attribute__((noreturn)) wait_for_reset(uint32_t stage)
{
    keep(stage);
    for (;;) {
    }
}

int main(void)
{
    uint32_t before, i;

    unlock();
    RNMICON = 0;                        /* no time between NMI and reset */
    if (RCON & RCON_POR) {
        FAILURES = 0;
        RCON = 0;
        CHECK(DMTPSCNT == 1 << 16);
        CHECK(DMTPSINTV == 1 << 15);
        CHECK(DMTCNT == 0);
        DMTCON = DMT_ON;
        before = DMTCNT;
        CHECK(DMTCNT > before);
        for (i = 0; i < 4; i++) {
            CHECK(!(DMTSTAT & WINOPN));
            while (!(DMTSTAT & WINOPN)) {
            }
            CHECK(DMTCNT >= 1 << 15 && DMTCNT < 1 << 16);
            serve();
            CHECK(DMTCNT < 1 << 15);
            CHECK(!(DMTSTAT & EVENTS));
        }
        wait_for_reset(1);
    }
    take_up();
    CHECK(RCON == RCON_DMTO);
    RCON = 0;
    if (STAGE == 1) {                   /* nobody served it */
        CHECK(!(DMTCON & DMT_ON));
        DMTCON = DMT_ON;
        while (!(DMTSTAT & WINOPN)) {
        }
        keep(2);
        DMTPRECLR = 0x12 << 8;          /* no step of the sequence: it resets at once */
        CHECK(STAGE == 0);
        return 0;
    }
    CHECK(STAGE == 2);
    return 0;
}
