/*
 * Peers: who on the host is in a conversation with the board
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#ifndef HW_MIPS_PIC32MZ_PEERS_H
#define HW_MIPS_PIC32MZ_PEERS_H

#define PIC32_PEERS_MAX 64

/* A TCP connection, or an exchange of UDP datagrams. */
typedef struct PIC32Peer {
    uint8_t protocol;           /* 0: nobody */
    uint32_t host, board;       /* IPv4 addresses */
    uint16_t host_port, board_port;
    bool host_closed, board_closed;
    int64_t heard;              /* its last frame, virtual ns */
} PIC32Peer;

typedef struct PIC32Peers {
    PIC32Peer peers[PIC32_PEERS_MAX];
} PIC32Peers;

/* A frame without FCS is on the cable, at virtual time now. */
void pic32_peers_frame(PIC32Peers *s, const uint8_t *frame, size_t len,
                       bool to_board, int64_t now);

/* How many there are now. */
unsigned pic32_peers_count(PIC32Peers *s, int64_t now);

/* The board has forgotten its connections. */
void pic32_peers_clear(PIC32Peers *s);

#endif
