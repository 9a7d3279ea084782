/* SPDX-License-Identifier: MIT */
/* LED1 blinks while the firmware runs, LED2 while it streams, LED3 is lit while the link is up. */
#ifndef LEDS_H
#define LEDS_H

void leds_init(void);
void leds_task(void);

#endif
