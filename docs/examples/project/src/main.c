/* SPDX-License-Identifier: MIT
 * Says each line again that is typed at the terminal (UART2, 115,200 baud); LED1 is lit while SW1 is pressed.
 * For the PIC32MZ EF Starter Kit. DS60001320 chapters 12 and 22.
 */
#include <stdint.h>

#define SFR(address) (*(volatile uint32_t *)(0xA0000000 + (address)))
#define U2RXR        SFR(0x1F801470)
#define RPB14R       SFR(0x1F801578)
#define U2MODE       SFR(0x1F822200)
#define U2STA        SFR(0x1F822210)
#define U2TXREG      SFR(0x1F822220)
#define U2RXREG      SFR(0x1F822230)
#define U2BRG        SFR(0x1F822240)
#define ANSELBCLR    SFR(0x1F860104)
#define PORTB        SFR(0x1F860120)
#define CNPUBSET     SFR(0x1F860158)
#define ANSELGCLR    SFR(0x1F860604)
#define ANSELHCLR    SFR(0x1F860704)
#define TRISHCLR     SFR(0x1F860714)
#define LATHCLR      SFR(0x1F860734)
#define LATHSET      SFR(0x1F860738)

#define ON           (1 << 15)
#define BRGH         (1 << 3)
#define URXEN        (1 << 12)
#define UTXEN        (1 << 10)
#define UTXBF        (1 << 9)
#define URXDA        1
#define PBCLK2       100000000u
#define BAUD         115200u
#define SW1          (1 << 12)
#define LED1         1

static char line[LINE_SIZE];
static unsigned length;

static void put(char c)
{
    while (U2STA & UTXBF) {
    }
    U2TXREG = (unsigned char)c;
}

static void say(const char *text)
{
    while (*text) {
        put(*text++);
    }
}

/* What does not fit into the line is lost. */
static void take(char c)
{
    if (c == '\r') {
        line[length] = '\0';
        length = 0;
        say("\r\nyou said ");
        say(line);
        say("\r\n");
    } else if (length < LINE_SIZE - 1) {
        line[length++] = c;
        put(c);
    }
}

int main(void)
{
    ANSELBCLR = SW1 | 1 << 14;
    CNPUBSET = SW1;
    ANSELHCLR = LED1;
    TRISHCLR = LED1;
    ANSELGCLR = 1 << 6;
    U2RXR = 1;                  /* RPG6 */
    RPB14R = 2;                 /* U2TX */
    U2BRG = PBCLK2 / (4 * BAUD) - 1;
    U2MODE = ON | BRGH;
    U2STA = URXEN | UTXEN;
    say("echo: ready\r\n");
    for (;;) {
        if (U2STA & URXDA) {
            take((char)U2RXREG);
        }
        if (PORTB & SW1) {
            LATHCLR = LED1;
        } else {
            LATHSET = LED1;
        }
    }
}
