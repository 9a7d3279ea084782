/* SPDX-License-Identifier: MIT */
/*
 * Which values of the build options go together. This file is compiled first and makes no code, so that what cannot be
 * built is told in one line. What can be built and does not work is found by `pic32bench shrink`.
 */
#include "options/RX_DESCRIPTORS.h"
#include "options/WS_BUFFER_SIZE.h"
#include "ethernet.h"
#include "websocket_frame.h"
#include "websocket_handshake.h"
#include "lwip/opt.h"

/* The longest answer to a handshake is 160 bytes, the longest control frame 129. */
_Static_assert(WS_BUFFER_SIZE >= (int)WEBSOCKET_ANSWER_MAX && WS_BUFFER_SIZE >= (int)(WEBSOCKET_CONTROL_MAX + WEBSOCKET_ROOM) &&
               WS_BUFFER_SIZE <= 65535, "WS_BUFFER_SIZE must be 160 to 65535");

/* lwIP counts its heap in 16 bits up to 64000, and the RAM ends at 512 KiB. */
_Static_assert(MEM_SIZE <= 393216, "MEM_SIZE must be at most 393216");
_Static_assert(MEM_SIZE >= (int)(HTTP_HEAP + HEAP_RESERVE), "MEM_SIZE must be at least 3424");

_Static_assert(TCP_WND >= TCP_MSS && TCP_WND <= 65535, "TCP_WND must be 1460 (TCP_MSS) to 65535");

/* Every frame is copied into pbufs of the pool; one whose last fragment finds none is lost. */
#define PBUF_HEADERS (PBUF_LINK_ENCAPSULATION_HLEN + PBUF_LINK_HLEN + 20 + 20)
_Static_assert(PBUF_POOL_SIZE <= 1024, "PBUF_POOL_SIZE must be at most 1024");
_Static_assert(TCP_WND <= PBUF_POOL_SIZE * (PBUF_POOL_BUFSIZE - PBUF_HEADERS),
               "PBUF_POOL_SIZE is too small for TCP_WND: each pbuf holds 202 bytes of it");

/* A full frame has to fit; ETHSTAT.BUFCNT counts them in eight bits. */
_Static_assert(RX_DESCRIPTORS * ETHERNET_BUFFER_SIZE >= 1518 && RX_DESCRIPTORS <= 255, "RX_DESCRIPTORS must be 4 to 255");
