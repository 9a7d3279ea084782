/* SPDX-License-Identifier: MIT */
/* The demo: boot, then one loop that waits for interrupts. */
#include "clock.h"
#include "console.h"
#include "interrupts.h"
#include "leds.h"
#include "network.h"
#include "restart.h"
#include "rng.h"
#include "switches.h"
#include "tick.h"
#include "uart.h"

int main(void)
{
    clock_init();
    leds_init();
    interrupts_init();
    tick_init();
    uart_init();
    uart_write("\r\n", 2);                          /* whatever a terminal still shows of an earlier boot ends here */
    rng_init();
    switches_init();
    bool networked = network_init();
    console_start();

    for (;;) {
        idle_wake = 0;
        switches_task();
        if (networked)
            network_task();
        console_task();
        leds_task();
        restart_task();
        idle_until_interrupt();
    }
}
