/* SPDX-License-Identifier: MIT */
/* LEDs on port H. DS60001320 chapter 12. */
#include "leds.h"
#include "board.h"
#include "network.h"
#include "pic32mz_sfr.h"
#include "tick.h"
#include "websocket_server.h"

#define HALF_PERIOD_MS 500u

void leds_init(void)
{
    const uint32_t pins = BOARD_LED1 | BOARD_LED2 | BOARD_LED3;
    ANSELHCLR = pins;
    LATHCLR = pins;
    TRISHCLR = pins;
}

static void drive(uint32_t pin, int lit)
{
    if (lit)
        LATHSET = pin;
    else
        LATHCLR = pin;
}

void leds_task(void)
{
    int phase = tick_ms() / HALF_PERIOD_MS & 1;
    drive(BOARD_LED1, phase);
    drive(BOARD_LED2, phase && websocket_streams());
    drive(BOARD_LED3, network_link_up());
}
