/* SPDX-License-Identifier: MIT */
/*
 * What each of lwIP's users may hold of its heap and pools, so that no peer can take from others what they need.
 * build_options.c checks that it all fits; admission.c, and each server for itself, see to it that it is kept.
 */
#ifndef BUDGET_H
#define BUDGET_H

/* TCP connections of each server, those included that are still opening or closing. */
#define HTTP_PLACES         6u                      /* as many as a browser opens */
#define WEBSOCKET_PLACES    6u                      /* three clients, and those who open, close or are told 503 */

/* Of the heap: a segment's headers, its pbuf and its block. Headers of 54 bytes are aligned to 4. */
#define HEAP_SEGMENT        (56u + 16u + 8u)

/* A page lies in flash: a segment of it costs headers and a reference. */
#define HTTP_SEGMENTS       4u                      /* each connection, on their way */
#define HTTP_HEAP           (HTTP_PLACES * (HTTP_SEGMENTS + 1u) * HEAP_SEGMENT)     /* one more: FIN */

/* For everything else: acknowledgements, ARP, DHCP, names, ping. */
#define HEAP_RESERVE        1024u

/* Segments besides those that wait to be acknowledged: of what comes out of order, the last are kept free. */
#define SEGMENTS_RESERVE    8u

/* Free before a frame is taken in. */
#define FRAME_PBUFS         ((1518u + PBUF_POOL_BUFSIZE - 1u) / PBUF_POOL_BUFSIZE)

#endif
