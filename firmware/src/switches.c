/* SPDX-License-Identifier: MIT */
/* Switches on port B: closed to ground, pulled up by the chip (CNPUB). DS60001320 chapter 12. */
#include "switches.h"
#include "board.h"
#include "pic32mz_sfr.h"
#include "tick.h"

/* A contact that bounces is quiet for less than this. */
#define SETTLED_MS 5u

static const uint32_t pins[SWITCH_COUNT] = BOARD_SWITCHES;
static uint32_t seen, settled;                      /* levels of port B */
static uint32_t changed_at;

void switches_init(void)
{
    ANSELBCLR = BOARD_SWITCH_PINS;
    TRISBSET = BOARD_SWITCH_PINS;
    CNPUBSET = BOARD_SWITCH_PINS;
    seen = settled = BOARD_SWITCH_PINS;             /* up, until a press has settled */
    changed_at = tick_ms();
}

void switches_task(void)
{
    uint32_t levels = PORTB & BOARD_SWITCH_PINS;
    if (levels != seen) {
        seen = levels;
        changed_at = tick_ms();
    } else if (tick_ms() - changed_at >= SETTLED_MS) {
        settled = seen;
    }
}

bool switch_pressed(unsigned which)
{
    return !(settled & pins[which]);
}
