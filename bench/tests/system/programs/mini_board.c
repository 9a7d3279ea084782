/* SPDX-License-Identifier: MIT
 * For the made-up board platforms/mini.toml: UART4 on RD4 (TX) and RD0 (RX) at 57,600 baud says hello and echoes, the
 * LED at RE4, lit when low, shows the switch at RD5, which pulls up when it is pressed. The LED at RF0 lights while the
 * potentiometer at RB8 (AN48, the other input of ADC3) gives more than half of VDD.
 */
#include "guest.h"
#include "adc.h"

#define U4RXR       SFR(0x1F801480)
#define RPD4R       SFR(0x1F8015D0)
#define U4MODE      SFR(0x1F822600)
#define U4STA       SFR(0x1F822610)
#define U4TXREG     SFR(0x1F822620)
#define U4RXREG     SFR(0x1F822630)
#define U4BRG       SFR(0x1F822640)
#define PORTD       SFR(0x1F860320)
#define CNPDDSET    SFR(0x1F860368)
#define TRISECLR    SFR(0x1F860414)
#define LATECLR     SFR(0x1F860434)
#define LATESET     SFR(0x1F860438)
#define TRISFCLR    SFR(0x1F860514)
#define LATFCLR     SFR(0x1F860534)
#define LATFSET     SFR(0x1F860538)

#define U4RX_ON_RPD0    3
#define RPD4_IS_U4TX    2
#define ON              (1 << 15)
#define BRGH            (1 << 3)
#define URXEN           (1 << 12)
#define UTXEN           (1 << 10)
#define UTXBF           (1 << 9)
#define URXDA           1
#define PBCLK2          100000000u
#define BAUD            57600u
#define SWITCH          (1 << 5)
#define LED             (1 << 4)
#define ERROR_LED       (1 << 0)

static void put(char c)
{
    while (U4STA & UTXBF) {
    }
    U4TXREG = (uint32_t)c;
}

int main(void)
{
    const char *hello = "mini board: ready\r\n";

    LATESET = LED;
    TRISECLR = LED;
    LATFSET = ERROR_LED;
    TRISFCLR = ERROR_LED;
    CNPDDSET = SWITCH;
    U4RXR = U4RX_ON_RPD0;
    RPD4R = RPD4_IS_U4TX;
    U4BRG = PBCLK2 / (4 * BAUD) - 1;
    U4MODE = ON | BRGH;
    U4STA = URXEN | UTXEN;
    adc_on(1u << 3);
    ADCTRGMODE = 1u << 22;      /* SH3ALT: AN48 */
    ADCTRG1 = 1u << 24;         /* AN3 by GSWTRG */
    ADCCON3 |= ADCCON3_GSWTRG;
    while (*hello) {
        put(*hello++);
    }
    for (;;) {
        if (U4STA & URXDA) {
            put((char)U4RXREG);
        }
        if (ADCDSTAT1 & 1u << 3) {
            if (ADCDATA(3) >= 2048) {
                LATFCLR = ERROR_LED;
            } else {
                LATFSET = ERROR_LED;
            }
            ADCCON3 |= ADCCON3_GSWTRG;
        }
        if (PORTD & SWITCH) {
            LATECLR = LED;
        } else {
            LATESET = LED;
        }
    }
}
