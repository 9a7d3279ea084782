/* SPDX-License-Identifier: MIT
 * What the bootloader loads: linked to 0x9D013F00, it speaks on the UART as it finds it.
 */
#include <stdint.h>

#define U2STA   (*(volatile uint32_t *)0xBF822210)
#define U2TXREG (*(volatile uint32_t *)0xBF822220)

/* Reaches into the next page of flash. */
static const volatile uint8_t ballast[0x200] = { 1, 2, 3, [0x1FF] = 4 };

void start(void)
{
    const char *text = ballast[0x1FF] == 4 ? "application runs\n" : "application is damaged\n";

    for (; *text; text++) {
        while (U2STA & 1 << 9) {
        }
        U2TXREG = *text;
    }
    for (;;) {
    }
}
