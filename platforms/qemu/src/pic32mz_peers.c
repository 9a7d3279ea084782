/*
 * Peers: who on the host is in a conversation with the board
 *
 * A TCP connection is one from its SYN, whichever side sends it, to its RST or
 * the FINs of both sides (RFC 9293). A board that was reset has forgotten its
 * connections, the host has not: data on one of which nothing is known counts
 * as well, until the board has refused it. Where one side has closed and the
 * other never does, nobody can tell whether the first still listens: five
 * silent seconds end it. UDP has no connections: unicast datagrams count until
 * two seconds are silent, but for those of DHCP, whose server is the network's
 * own and answers at once.
 *
 * Left out: IPv6, and ICMP, which nobody waits for.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "qemu/osdep.h"
#include "qemu/bswap.h"
#include "qemu/timer.h"
#include "net/eth.h"
#include "pic32mz_peers.h"

#define SILENT_UDP_NS       (2 * NANOSECONDS_PER_SECOND)
#define SILENT_CLOSED_NS    (5 * NANOSECONDS_PER_SECOND)
#define PORT_BOOTPS         67
#define PORT_BOOTPC         68
#define TCP_FIN             0x01
#define TCP_SYN             0x02
#define TCP_RST             0x04

/* What matters of a frame. */
typedef struct Packet {
    PIC32Peer peer;
    uint8_t flags;              /* of TCP */
    bool has_data;
} Packet;

static bool packet_parse(Packet *p, const uint8_t *frame, size_t len,
                         bool to_board)
{
    const uint8_t *ip = frame + ETH_HLEN, *segment;
    unsigned header, total, offset;

    if (len < ETH_HLEN + 20 || lduw_be_p(frame + 12) != ETH_P_IP ||
        (frame[0] & 1)) {
        return false;
    }
    header = (ip[0] & 15) * 4;
    total = lduw_be_p(ip + 2);
    segment = ip + header;
    p->peer.protocol = ip[9];
    offset = p->peer.protocol == IP_PROTO_TCP ? 20 : 8;
    if ((p->peer.protocol != IP_PROTO_TCP &&
         p->peer.protocol != IP_PROTO_UDP) ||
        (lduw_be_p(ip + 6) & IP_OFFMASK) || header < 20 ||
        total > len - ETH_HLEN || total < header + offset) {
        return false;
    }
    p->peer.host = ldl_be_p(ip + (to_board ? 12 : 16));
    p->peer.board = ldl_be_p(ip + (to_board ? 16 : 12));
    p->peer.host_port = lduw_be_p(segment + (to_board ? 0 : 2));
    p->peer.board_port = lduw_be_p(segment + (to_board ? 2 : 0));
    if (p->peer.protocol == IP_PROTO_TCP) {
        offset = (segment[12] >> 4) * 4;
        p->flags = segment[13];
    } else if (p->peer.board_port == PORT_BOOTPC ||
               p->peer.host_port == PORT_BOOTPS) {
        return false;
    }
    p->has_data = total > header + offset;
    return true;
}

static bool peer_is_over(const PIC32Peer *peer, int64_t now)
{
    int64_t silent = now - peer->heard;

    return (peer->protocol == IP_PROTO_UDP && silent > SILENT_UDP_NS) ||
           ((peer->host_closed || peer->board_closed) &&
            silent > SILENT_CLOSED_NS);
}

static PIC32Peer *peers_find(PIC32Peers *s, const PIC32Peer *wanted)
{
    unsigned i;

    for (i = 0; i < PIC32_PEERS_MAX; i++) {
        PIC32Peer *peer = &s->peers[i];

        if (peer->protocol == wanted->protocol && peer->host == wanted->host &&
            peer->board == wanted->board &&
            peer->host_port == wanted->host_port &&
            peer->board_port == wanted->board_port) {
            return peer;
        }
    }
    return NULL;
}

/* A free place, or that of whom nothing was heard for the longest time. */
static PIC32Peer *peers_place(PIC32Peers *s)
{
    PIC32Peer *oldest = &s->peers[0];
    unsigned i;

    for (i = 0; i < PIC32_PEERS_MAX && oldest->protocol; i++) {
        if (!s->peers[i].protocol || s->peers[i].heard < oldest->heard) {
            oldest = &s->peers[i];
        }
    }
    return oldest;
}

void pic32_peers_frame(PIC32Peers *s, const uint8_t *frame, size_t len,
                       bool to_board, int64_t now)
{
    Packet packet = { };
    PIC32Peer *peer;

    if (!packet_parse(&packet, frame, len, to_board)) {
        return;
    }
    peer = peers_find(s, &packet.peer);
    if (packet.flags & TCP_RST) {
        if (peer) {
            peer->protocol = 0;
        }
        return;
    }
    if (!peer) {
        if (packet.peer.protocol == IP_PROTO_TCP &&
            !(packet.flags & TCP_SYN) && !packet.has_data) {
            return;
        }
        peer = peers_place(s);
        *peer = packet.peer;
    } else if (packet.flags & TCP_SYN) {
        peer->host_closed = peer->board_closed = false;
    }
    peer->heard = now;
    if (packet.flags & TCP_FIN) {
        *(to_board ? &peer->host_closed : &peer->board_closed) = true;
        if (peer->host_closed && peer->board_closed) {
            peer->protocol = 0;
        }
    }
}

unsigned pic32_peers_count(PIC32Peers *s, int64_t now)
{
    unsigned i, count = 0;

    for (i = 0; i < PIC32_PEERS_MAX; i++) {
        if (s->peers[i].protocol && peer_is_over(&s->peers[i], now)) {
            s->peers[i].protocol = 0;
        }
        count += s->peers[i].protocol != 0;
    }
    return count;
}

void pic32_peers_clear(PIC32Peers *s)
{
    memset(s, 0, sizeof(*s));
}
