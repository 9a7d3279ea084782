/* SPDX-License-Identifier: MIT */
/* The console's UART: buffered, interrupt driven. */
#ifndef UART_H
#define UART_H

#include <stdbool.h>
#include <stddef.h>

void uart_init(void);

/* Queues `length` bytes; waits for room when the queue is full, so no output is lost. */
void uart_write(const char *text, size_t length);

/* Whether `length` bytes can be queued without waiting. */
bool uart_has_room(size_t length);

/* The next received byte, or -1. */
int uart_read(void);

/* Writes without interrupts or queue, after what is queued: for exceptions and before a reset. */
void uart_write_now(const char *text, size_t length);

#endif
