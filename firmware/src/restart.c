/* SPDX-License-Identifier: MIT */
/* Restart of the board. */
#include "restart.h"
#include <stdbool.h>
#include "clock.h"
#include "tick.h"
#include "uart.h"

static bool restart_wanted;
static uint32_t restart_at;

void restart_now(void)
{
    uart_write_now("\r\nReset\r\n", 9);            /* until the last byte is out */
    chip_reset();
}

void restart_after(uint32_t ms)
{
    if (!restart_wanted)
        restart_at = tick_ms() + ms + 1;            /* the tick that runs is not a whole one */
    restart_wanted = true;
}

void restart_task(void)
{
    if (restart_wanted && (int32_t)(tick_ms() - restart_at) >= 0)
        restart_now();
}
