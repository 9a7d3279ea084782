/* SPDX-License-Identifier: MIT */
/*
 * What each of lwIP's users may hold of its heap and pools, so that no peer can take from others what they need.
 * build_options.c checks that it all fits; admission.c, and each server for itself, see to it that it is kept.
 */
#ifndef BUDGET_H
#define BUDGET_H

/* TCP connections of each server, those included that are still opening or closing. */
#define HTTP_PLACES         6u                      /* as many as a browser opens */
#define WEBSOCKET_PLACES    6u                      /* clients, and those who open, or are refused */
#define WEBSOCKET_CLIENTS   3u                      /* open or closing; the next one is told 503 */

/* Of the heap: a segment's headers, its pbuf and its block. Headers of 54 bytes are aligned to 4, and so is what is sent. */
#define HEAP_SEGMENT        (56u + 16u + 8u + 4u)

/* A page lies in flash: a segment of it costs headers and a reference. */
#define HTTP_SEGMENTS       4u                      /* each connection, on their way */
#define HTTP_HEAP           (HTTP_PLACES * (HTTP_SEGMENTS + 1u) * HEAP_SEGMENT)     /* one more: FIN */

/* For everything else: acknowledgements, ARP, DHCP, names, ping. */
#define HEAP_RESERVE        1024u

/* For what is sent to a client and waits for his acknowledgement: in the heap, two full segments, as he may hold back his
 * acknowledgement of one, or less where MEM_SIZE is small; and pbufs, each of which may be a segment. */
#define WEBSOCKET_ANSWER_HEAP (HEAP_SEGMENT + 160u) /* for a place that is no client's */
#define WEBSOCKET_HEAP_LEFT ((MEM_SIZE - HTTP_HEAP - HEAP_RESERVE - (WEBSOCKET_PLACES - WEBSOCKET_CLIENTS) * WEBSOCKET_ANSWER_HEAP) / \
                             WEBSOCKET_CLIENTS)
#define WEBSOCKET_HEAP      LWIP_MIN(WEBSOCKET_HEAP_LEFT, 2u * (TCP_MSS + HEAP_SEGMENT))
#define WEBSOCKET_SEGMENTS  12u

/* What has come from a client and cannot be answered yet, in pbufs of the pool: his window, packed. */
#define WEBSOCKET_INPUT     ((TCP_WND + PBUF_POOL_BUFSIZE - 1u) / PBUF_POOL_BUFSIZE)

/* Segments besides those that wait to be acknowledged: of what comes out of order, the last are kept free. */
#define SEGMENTS_RESERVE    8u

/* Free before a frame is taken in. */
#define FRAME_PBUFS         ((1518u + PBUF_POOL_BUFSIZE - 1u) / PBUF_POOL_BUFSIZE)

#endif
