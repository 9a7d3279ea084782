/* SPDX-License-Identifier: MIT */
/*
 * Which values of the build options go together. This file is compiled first and makes no code, so that what cannot be
 * built is told in one line. What can be built and does not work is found by `pic32bench shrink`.
 */
#include "options/RX_DESCRIPTORS.h"
#include "options/WS_BUFFER_SIZE.h"
#include "options/WS_WHOLE_MESSAGES.h"
#include "budget.h"
#include "ethernet.h"
#include "websocket_frame.h"
#include "websocket_handshake.h"
#include "lwip/opt.h"

/* The longest answer to a handshake is 160 bytes, the longest control frame 129. */
_Static_assert(WS_BUFFER_SIZE >= (int)WEBSOCKET_ANSWER_MAX && WS_BUFFER_SIZE >= (int)(WEBSOCKET_CONTROL_MAX + WEBSOCKET_ROOM) &&
               WS_BUFFER_SIZE <= 65535, "WS_BUFFER_SIZE must be 160 to 65535");

_Static_assert(WS_WHOLE_MESSAGES == 0 || WS_WHOLE_MESSAGES == 1, "WS_WHOLE_MESSAGES must be 0 or 1");

/* lwIP counts its heap in 16 bits up to 64000, and the RAM ends at 512 KiB. What the others leave is shared out to the
 * WebSocket clients, and has to do for an answer or a control frame. */
_Static_assert(MEM_SIZE <= 393216, "MEM_SIZE must be at most 393216");
_Static_assert(MEM_SIZE >= (int)(HTTP_HEAP + HEAP_RESERVE + WEBSOCKET_PLACES * WEBSOCKET_ANSWER_HEAP), "MEM_SIZE must be at least 5008");
_Static_assert(WEBSOCKET_ANSWER_HEAP == HEAP_SEGMENT + WEBSOCKET_ANSWER_MAX, "WEBSOCKET_ANSWER_HEAP is wrong");

_Static_assert(MEMP_NUM_TCP_SEG >= HTTP_PLACES * (HTTP_SEGMENTS + 1u) + WEBSOCKET_CLIENTS * (WEBSOCKET_SEGMENTS + 1u),
               "MEMP_NUM_TCP_SEG is too small");

_Static_assert(TCP_WND >= TCP_MSS && TCP_WND <= 65535, "TCP_WND must be 1460 (TCP_MSS) to 65535");

/* What clients send and the board cannot answer yet waits there, and somebody else's frame still has to find room. */
_Static_assert(PBUF_POOL_SIZE <= 1024, "PBUF_POOL_SIZE must be at most 1024");
_Static_assert(PBUF_POOL_SIZE >= WEBSOCKET_CLIENTS * WEBSOCKET_INPUT + FRAME_PBUFS,
               "PBUF_POOL_SIZE is too small for TCP_WND: three windows in pbufs of 256 bytes, and 6 pbufs");

/* A full frame has to fit; ETHSTAT.BUFCNT counts them in eight bits. */
_Static_assert(RX_DESCRIPTORS * ETHERNET_BUFFER_SIZE >= 1518 && RX_DESCRIPTORS <= 255, "RX_DESCRIPTORS must be 4 to 255");
