/* SPDX-License-Identifier: MIT */
/* SW1 and SW2, debounced. */
#ifndef SWITCHES_H
#define SWITCHES_H

#include <stdbool.h>

enum { SW1, SW2, SWITCH_COUNT };

void switches_init(void);
void switches_task(void);
bool switch_pressed(unsigned which);

#endif
