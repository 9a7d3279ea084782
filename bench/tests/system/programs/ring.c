/* SPDX-License-Identifier: MIT
 * A ring buffer of BUF bytes whose size has to be a power of two, for it wraps with a mask, and has to hold a line of 60
 * characters before any is taken out. On UART2 it says "ready", or what it has made of the line.
 */
#include "guest.h"

#define RPB14R      SFR(0x1F801578)
#define IS_U2TX     2
#define U2MODE      SFR(0x1F822200)
#define U2STA       SFR(0x1F822210)
#define U2TXREG     SFR(0x1F822220)
#define U2BRG       SFR(0x1F822240)
#define U2STA_UTXEN (1 << 10)
#define U2STA_UTXBF (1 << 9)
#define BRGH        (1 << 3)
#define ON          (1 << 15)
#define PBCLK2      100000000u
#define BAUD        115200u

_Static_assert(BUF >= 20, "BUF must be at least 20");

static volatile char ring[BUF];
static const char line[] = "the quick brown fox jumps over the lazy dog, again and again";

static void put(const char *text)
{
    while (*text) {
        while (U2STA & U2STA_UTXBF) {
        }
        U2TXREG = (uint32_t)*text++;
    }
}

int main(void)
{
    char out[sizeof line];
    int good = 1;

    RPB14R = IS_U2TX;
    U2BRG = PBCLK2 / (4 * BAUD) - 1;
    U2MODE = ON | BRGH;
    U2STA = U2STA_UTXEN;
    for (unsigned i = 0; i < sizeof line; i++) {
        ring[(100 + i) & (BUF - 1)] = line[i];
    }
    for (unsigned i = 0; i < sizeof line; i++) {
        out[i] = ring[(100 + i) & (BUF - 1)];
        good &= out[i] == line[i];
    }
    put(good ? "ready" : "garbled: ");
    put(good ? "" : out);
    put("\r\n");
    for (;;) {
    }
}
