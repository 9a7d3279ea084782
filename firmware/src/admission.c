/* SPDX-License-Identifier: MIT */
/*
 * Who gets a place, and who gives one up: TCP connections, pbufs for the next frame, lwIP's heap.
 *
 * Each server has places of its own, and each connection its share of memory, so the board cannot be silenced through
 * one of them. Where a place is missing, the connection goes that nobody will miss. lwIP moves a connection to the front
 * of its list with each segment, so among equals the last one is the one that has been quiet for longest.
 */
#include "admission.h"
#include <stdbool.h>
#include "budget.h"
#include "websocket_server.h"
#include "lwip/priv/memp_priv.h"
#include "lwip/priv/tcp_priv.h"
#include "lwip/stats.h"

#define QUIET_TICKS (2000u / TCP_SLOW_INTERVAL)     /* two seconds */
#define CLOSE_TICKS (TCP_FIN_WAIT_TIMEOUT / TCP_SLOW_INTERVAL)
#define SEQUENCE_REACH (1u << 30)
#define END_OF_OPTIONS 0
#define NO_OPERATION   1
#define OPTION_MSS     2
#define FIRST_TIMEOUT 1000                          /* ms, while the way is not known: RFC 6298 2.1. lwIP itself takes 3000 */
#define WINDOW_TINY 536u                            /* RFC 9293 3.7.1: every host takes as much */

/* What may be said of a connection; the greater, the sooner it goes. */
enum kind {
    SERVED = 1,                                     /* an open WebSocket */
    BUSY = 2,                                       /* a page is on its way, or what was sent before closing */
    SLOW = 4,                                       /* the same, to somebody who takes next to nothing of it */
    ASKING = 8,                                     /* a request has not come, or not wholly */
    OPENING = 16,
    OVER = 32,                                      /* closed, and all has arrived */
    ANY = 63,
};

static bool has_payload(const struct tcp_seg *segment)
{
    return segment && segment->len;
}

static unsigned kind_of(const struct tcp_pcb *pcb)
{
    bool open = pcb->state == ESTABLISHED || pcb->state == CLOSE_WAIT;

    if (pcb->state == SYN_RCVD)
        return OPENING;
    if (open && pcb->local_port == WEBSOCKET_PORT && pcb->prio > TCP_PRIO_MIN)
        return SERVED;
    if (!has_payload(pcb->unsent) && !has_payload(pcb->unacked))
        return open ? ASKING : OVER;
    return pcb->persist_backoff || pcb->snd_wnd < WINDOW_TINY || tcp_ticks - pcb->tmr >= QUIET_TICKS ? SLOW : BUSY;
}

/* Ends the connection of these kinds that is missed least. False: there is none. `port` 0: of any server; `holding`: of
 * those only who have sent something that nobody has read. */
static bool end_connection(unsigned kinds, u16_t port, bool holding)
{
    struct tcp_pcb *least = NULL;
    unsigned least_kind = 1;

    for (struct tcp_pcb *pcb = tcp_active_pcbs; pcb; pcb = pcb->next) {
        unsigned kind = kind_of(pcb) & kinds;
        if (kind >= least_kind && (!port || pcb->local_port == port) && (!holding || pcb->rcv_wnd < TCP_WND)) {
            least = pcb;
            least_kind = kind;
        }
    }
    if (least)
        tcp_abort(least);
    return least;
}

err_t admission_of_connection(const struct tcp_pcb *listener, const struct tcp_hdr *header)
{
    u16_t port = listener->local_port;
    unsigned places = port == WEBSOCKET_PORT ? WEBSOCKET_PLACES : HTTP_PLACES;

    if ((TCPH_FLAGS(header) & (TCP_SYN | TCP_ACK | TCP_RST)) != TCP_SYN)
        return ERR_OK;
    for (const struct tcp_pcb *pcb = tcp_active_pcbs; pcb; pcb = pcb->next)
        places -= pcb->local_port == port && places;
    if (!places && !end_connection(SLOW | ASKING | OPENING | OVER, port, false))
        return ERR_MEM;                             /* the client will try again */
    if (!*memp_pools[MEMP_TCP_PCB]->tab && tcp_tw_pcbs) {
        struct tcp_pcb *oldest = tcp_tw_pcbs;
        while (oldest->next)
            oldest = oldest->next;
        tcp_abort(oldest);
    }
    return ERR_OK;
}

/* RFC 9293 3.4: what is older is known within half the space of sequence numbers. Of one just there lwIP does not know, and
 * stops at an assertion when it brings a byte. Nobody's window is a quarter of the space. */
static bool is_far(u32_t number, u32_t from)
{
    return number - from + SEQUENCE_REACH > 2 * SEQUENCE_REACH;
}

/* RFC 9293 3.2: the option is for SYN only. lwIP takes it from every segment, and when it makes segments smaller than one
 * that waits to be sent, lwIP stops at an assertion. */
static bool has_mss(const u8_t *options, unsigned length)
{
    for (unsigned at = 0; at < length && options[at] != END_OF_OPTIONS; ) {
        if (options[at] == OPTION_MSS)
            return true;
        at += options[at] == NO_OPERATION || at + 1 == length ? 1 : LWIP_MAX(options[at + 1], 2);
    }
    return false;
}

/* lwIP keeps a segment that is out of order as it is, and when it is its turn and the window too small for it, lwIP stops
 * at an assertion. A peer may send one: it does not know yet that the window has not moved. It will send it again. */
err_t admission_of_segment(struct tcp_pcb *pcb, const struct tcp_hdr *header, unsigned options, const struct pbuf *payload)
{
    u32_t gap = header->seqno - pcb->rcv_nxt, length = payload->tot_len + !!(TCPH_FLAGS(header) & TCP_FIN);

    if (is_far(header->seqno, pcb->rcv_nxt) ||
        (pcb->state != SYN_RCVD && TCPH_FLAGS(header) & TCP_ACK && is_far(header->ackno, pcb->lastack)))
        return ERR_VAL;
    /* lwIP takes the SYN of an ACK that opens the connection for a byte of data, which nobody ever gives back to the window:
     * tcp_close() then frees the connection, of all things, without a word to its owner. */
    if (pcb->state == SYN_RCVD && !(~TCPH_FLAGS(header) & (TCP_SYN | TCP_ACK)))
        return ERR_VAL;
    if (!(TCPH_FLAGS(header) & TCP_SYN) && has_mss((const u8_t *)(header + 1), options))
        return ERR_VAL;
    if (pcb->state == SYN_RCVD)
        pcb->rto = pcb->sv = FIRST_TIMEOUT / TCP_SLOW_INTERVAL;
    if (!gap || gap > pcb->rcv_wnd || gap + length <= pcb->rcv_wnd)
        return ERR_OK;
    tcp_send_empty_ack(pcb);
    return ERR_VAL;
}

/* What has come out of order can come again. */
static bool drop_out_of_order(void)
{
    struct tcp_pcb *last = NULL;

    for (struct tcp_pcb *pcb = tcp_active_pcbs; pcb; pcb = pcb->next)
        if (pcb->ooseq)
            last = pcb;
    if (last)
        tcp_free_ooseq(last);
    return last;
}

static bool pool_has(memp_t pool, unsigned count)
{
    for (const struct memp *free = *memp_pools[pool]->tab; free && count; free = free->next)
        count--;
    return !count;
}

void admission_of_frame(void)
{
    while (!pool_has(MEMP_TCP_SEG, SEGMENTS_RESERVE) && drop_out_of_order())
        ;
    while (!pool_has(MEMP_PBUF_POOL, FRAME_PBUFS) && (drop_out_of_order() || end_connection(ANY, 0, true)))
        ;
    while (lwip_stats.mem.used > MEM_SIZE - HEAP_RESERVE && end_connection(BUSY | SLOW, 0, false))
        ;
}

/* A connection that the board has closed ends after a while, whatever its peer does not acknowledge or has no window for;
 * lwIP would go on for minutes, or as long as it is told to wait. */
void admission_task(void)
{
    static u32_t ticks;

    if (tcp_ticks == ticks)
        return;
    ticks = tcp_ticks;
    for (struct tcp_pcb *pcb = tcp_active_pcbs, *next; pcb; pcb = next) {
        next = pcb->next;
        if ((pcb->flags & TF_RXCLOSED) && ticks - pcb->tmr > CLOSE_TICKS)
            tcp_abort(pcb);
    }
}

u16_t admission_to_send(const struct tcp_pcb *pcb)
{
    unsigned segments = (pcb->snd_queuelen + 1u) / 2u;          /* headers and page: two pbufs each */
    unsigned size = LWIP_MIN(pcb->mss, LWIP_MAX(pcb->snd_wnd_max / 2u, 1u));        /* as tcp_write cuts */

    return (u16_t)(segments < HTTP_SEGMENTS ? (HTTP_SEGMENTS - segments) * size : 0);
}
