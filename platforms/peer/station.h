/* SPDX-License-Identifier: MIT */
/*
 * A station at the other end of the board's cable: lwIP with a clock that is told, not read.
 *
 * Nothing happens but in these calls, and nothing depends on anything but their arguments and order: the same calls give
 * the same frames. One copy of the library is one station. Times are virtual, in nanoseconds, and never go back;
 * addresses are in network order.
 */
#ifndef STATION_H
#define STATION_H

#include <stdint.h>

#pragma GCC visibility push(default)

enum station_state {
    STATION_CONNECTING,
    STATION_OPEN,
    STATION_ENDED,                                  /* the other side has sent its last byte */
    STATION_RESET,                                  /* refused, or reset by the other side */
    STATION_LOST,                                   /* nobody answered, however often it was tried */
    STATION_CLOSED,                                 /* closed from here */
};

#define STATION_NONE UINT64_MAX

void station_start(const uint8_t mac[6], uint32_t address, uint32_t netmask, uint32_t seed);

/* Moves the clock and does what is due; then takes a frame in, if `length` is not 0. */
void station_input(uint64_t now, const uint8_t *frame, uint32_t length);

/* The next frame that is to be sent now: its length, 0 for none. */
uint32_t station_output(uint8_t *frame, uint32_t room);

/* When `station_input` must be called though no frame has come, or STATION_NONE. */
uint64_t station_next(void);

/* A connection's number, or -1 when there are too many. */
int station_connect(uint32_t address, uint16_t port);
enum station_state station_connection(int number);
/* How many bytes were taken. */
uint32_t station_write(int number, const uint8_t *data, uint32_t length);
int station_waiting(int number);                    /* whether there is something to read */
/* What is read opens the receive window again. */
uint32_t station_read(int number, uint8_t *data, uint32_t room);
/* Bytes written that the other side has not acknowledged. */
uint32_t station_unacknowledged(int number);
void station_shutdown(int number);                  /* nothing more will be written; what comes can still be read */
void station_close(int number);
void station_abort(int number);

/* Sends an echo request; `station_echoed` is the sequence number of the newest answer, 0 before any. */
void station_ping(uint32_t address, uint16_t sequence);
uint16_t station_echoed(void);

#pragma GCC visibility pop

#endif
