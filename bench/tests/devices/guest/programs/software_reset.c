/* SPDX-License-Identifier: MIT
 * Software reset: the unlock sequence, RSWRST, then RCON tells the cause and RAM still holds its contents
 * (FRM section 7, DS60001118).
 */
#include "guest.h"

#define RCON    SFR(0x1F801240)
#define RSWRST  SFR(0x1F801250)
#define RCON_POR 1
#define RCON_SWR (1 << 6)
#define KEPT    (*(volatile uint32_t *)0xA0000200)

int main(void)
{
    if (RCON & RCON_POR) {
        RCON = 0;
        KEPT = 0xC0FFEE;
        RSWRST = 1;                     /* locked: nothing happens */
        (void)RSWRST;
        CHECK(RESULT->failures == 0);
        unlock();
        RSWRST = 1;
        (void)RSWRST;                   /* the read resets */
        for (;;) {
        }
    }
    CHECK(RCON == RCON_SWR);
    CHECK(KEPT == 0xC0FFEE);
    CHECK(RSWRST == 0);
    return 0;
}
