/* SPDX-License-Identifier: MIT */
/*
 * Who gets a place, and who gives one up: TCP connections, pbufs for the next frame, lwIP's heap.
 *
 * lwIP asks through its hooks, so this file is seen by lwIP's sources as well (LWIP_HOOK_FILENAME).
 */
#ifndef ADMISSION_H
#define ADMISSION_H

#include "lwip/arch.h"
#include "lwip/err.h"

struct pbuf;
struct tcp_hdr;
struct tcp_pcb;

/* A segment for a server that listens: finds a place for the connection, or ERR_MEM. */
err_t admission_of_connection(const struct tcp_pcb *listener, const struct tcp_hdr *header);

/* A segment for a connection, with so many bytes of options in its first pbuf: ERR_VAL drops it. */
err_t admission_of_segment(struct tcp_pcb *pcb, const struct tcp_hdr *header, unsigned options, const struct pbuf *payload);

/* Before a frame is taken in: pbufs for a full one are free, and heap for what answers it. */
void admission_of_frame(void);

/* Ends what should have come to an end. */
void admission_task(void);

/* How many bytes the connection may hand to TCP now, by the budget of its server. */
u16_t admission_to_send(const struct tcp_pcb *pcb);

#define LWIP_HOOK_TCP_INPACKET_PCB(pcb, header, options, options1, options2, packet) \
    ((pcb)->state == LISTEN ? admission_of_connection(pcb, header) : admission_of_segment(pcb, header, options1, packet))

/* RFC 6528: not to be guessed. */
#define LWIP_HOOK_TCP_ISN(local_ip, local_port, remote_ip, remote_port) rng_next()

#endif
