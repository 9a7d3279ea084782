/* SPDX-License-Identifier: MIT */
/*
 * Serving one connection. Messages of any size pass through ws_buffer in pieces: what has arrived is unmasked, checked
 * and echoed as a fragment, then forgotten. Input that cannot be echoed yet stays in its pbufs, and TCP's window with
 * it. RFC 6455 sections 5 to 7.
 */
#include "websocket_connection.h"
#include <string.h>

/* What of its window lwIP has announced at the least: it announces more when half of it, or a segment, has become free. */
#define WINDOW_SURE      (TCP_WND - LWIP_MIN(TCP_WND / 2u, (unsigned)TCP_MSS) + 1u)

/* A frame of up to this length is echoed in one piece. It must fit into the buffer and into TCP's windows. */
#define WHOLE_FRAME_MAX  LWIP_MIN(LWIP_MIN(PAYLOAD_MAX, (unsigned)TCP_MSS - WEBSOCKET_ROOM), WINDOW_SURE)

/* A longer one goes out in pieces of what has come, no smaller than this for want of room alone. */
#define PIECE_MIN        LWIP_MIN(WHOLE_FRAME_MAX, 512u)

uint8_t ws_buffer[WS_BUFFER_SIZE] __attribute__((aligned(4)));

/* What of TCP_SND_BUF one connection may fill: each byte is copied into lwIP's heap, which has to do for all. */
#define WEBSOCKET_SEND_MAX (2u * TCP_MSS)
#define SEND_BUFFER_REST   (TCP_SND_BUF - WEBSOCKET_SEND_MAX)

#define PAYLOAD     (ws_buffer + WEBSOCKET_ROOM)
#define PAYLOAD_MAX (WS_BUFFER_SIZE / 4u * 4u - WEBSOCKET_ROOM)     /* whole words, for websocket_unmask */

bool websocket_send(struct websocket_connection *c, const void *bytes, size_t length)
{
    if (length + SEND_BUFFER_REST > tcp_sndbuf(c->pcb) || tcp_write(c->pcb, bytes, (u16_t)length, TCP_WRITE_FLAG_COPY) != ERR_OK)
        return false;
    tcp_output(c->pcb);
    return true;
}

static bool websocket_send_frame(struct websocket_connection *c, size_t length, uint8_t opcode)
{
    uint8_t *frame = websocket_make_frame(PAYLOAD, length, opcode);
    return websocket_send(c, frame, (size_t)(PAYLOAD - frame) + length);
}

/* `length` bytes of input are used up. */
static void websocket_consume(struct websocket_connection *c, size_t length)
{
    if (length) {
        c->input = pbuf_free_header(c->input, (u16_t)length);
        tcp_recved(c->pcb, (u16_t)length);
    }
}

/* From now on only the closing handshake. RFC 6455 7.1.7 for a failure. */
static void begin_closing(struct websocket_connection *c, unsigned code)
{
    c->state = WEBSOCKET_CLOSING;
    c->close_code = (uint16_t)code;
}

static enum websocket_progress open_connection(struct websocket_connection *c, bool full)
{
    bool done = false;

    while (c->input && !done)
        websocket_consume(c, websocket_parse_handshake(&c->handshake, c->input->payload, c->input->len, &done));
    if (done) {
        size_t length;
        unsigned status = websocket_handshake_answer(&c->handshake, full, (char *)ws_buffer, &length);
        if (!websocket_send(c, ws_buffer, length) || status != 101)
            return WEBSOCKET_DONE;
        memset(&c->message, 0, sizeof c->message);
        c->state = WEBSOCKET_OPEN;
    }
    return WEBSOCKET_WAITS_FOR_INPUT;
}

/* RFC 6455 5.5.1 and 7.4: the code to answer a Close frame with. */
static unsigned close_answer(size_t length)
{
    struct utf8_state utf8 = { 0, 0, 0 };
    unsigned code = (unsigned)PAYLOAD[0] << 8 | PAYLOAD[1];

    if (!length)
        return WEBSOCKET_NO_CODE;
    if (length == 1 || !websocket_close_code_valid(code))
        return WEBSOCKET_PROTOCOL_ERROR;
    if (!utf8_valid(&utf8, PAYLOAD + 2, length - 2) || utf8.missing)
        return WEBSOCKET_NOT_UTF8;
    return code;
}

/* A control frame whose header is `header` bytes long. False: not all here, or no room for the answer. */
static bool take_control(struct websocket_connection *c, const struct websocket_frame *frame, size_t header,
                         enum websocket_progress *progress)
{
    size_t length = (size_t)frame->length;

    if (c->input->tot_len < header + length)
        return false;
    pbuf_copy_partial(c->input, PAYLOAD, (u16_t)length, (u16_t)header);
    websocket_unmask(PAYLOAD, length, frame->mask, 0);
    switch (frame->opcode & WEBSOCKET_OPCODE) {
    case WEBSOCKET_PING:
        if (!websocket_send_frame(c, length, WEBSOCKET_FIN | WEBSOCKET_PONG)) {
            *progress = WEBSOCKET_WAITS_FOR_ROOM;
            return false;
        }
        break;
    case WEBSOCKET_CLOSE:
        begin_closing(c, close_answer(length));
        break;
    }
    websocket_consume(c, header + length);
    return true;
}

/* Reads the next frame's header. False: it has to wait. */
static bool take_header(struct websocket_connection *c, enum websocket_progress *progress)
{
    struct websocket_message *m = &c->message;
    struct websocket_frame frame;
    uint8_t bytes[WEBSOCKET_HEADER_MAX];
    int header = websocket_parse_frame(bytes, pbuf_copy_partial(c->input, bytes, sizeof bytes, 0), &frame);
    unsigned opcode = frame.opcode & WEBSOCKET_OPCODE;

    if (!header)
        return false;
    if (header > 0 && (opcode & WEBSOCKET_CONTROL))
        return take_control(c, &frame, (size_t)header, progress);
    if (header < 0 || (opcode == WEBSOCKET_CONTINUATION) != (m->opcode != WEBSOCKET_CONTINUATION)) {
        begin_closing(c, WEBSOCKET_PROTOCOL_ERROR);
        return true;
    }
    websocket_consume(c, (size_t)header);
    if (opcode) {
        m->opcode = (uint8_t)opcode;
        m->begun = false;
        m->text_length = 0;
        memset(&m->utf8, 0, sizeof m->utf8);
    }
    memcpy(m->mask, frame.mask, sizeof m->mask);
    m->mask_offset = 0;
    m->left = frame.length;
    m->whole = frame.length <= WHOLE_FRAME_MAX;
    m->fin = frame.opcode & WEBSOCKET_FIN;
    m->in_frame = true;
    return true;
}

static void end_message(struct websocket_connection *c)
{
    struct websocket_message *m = &c->message;
    bool command = m->opcode == WEBSOCKET_TEXT && m->text_length <= COMMAND_MAX;

    m->opcode = WEBSOCKET_CONTINUATION;
    if (command)
        stream_command(&m->stream, m->text, m->text_length);
}

/* Echoes what has come of the frame, as far as it fits. False: it has to wait. */
static bool echo_piece(struct websocket_connection *c, enum websocket_progress *progress)
{
    struct websocket_message *m = &c->message;
    struct utf8_state utf8 = m->utf8;
    size_t room = LWIP_MAX(tcp_sndbuf(c->pcb), SEND_BUFFER_REST) - SEND_BUFFER_REST, come = c->input ? c->input->tot_len : 0;
    size_t length = LWIP_MIN(come, (size_t)PAYLOAD_MAX);

    if (length > m->left)
        length = (size_t)m->left;
    if (!m->whole && length > PIECE_MIN && room >= PIECE_MIN + WEBSOCKET_ROOM)
        length = LWIP_MIN(length, room - WEBSOCKET_ROOM);
    if (!length && m->left)
        return false;
    pbuf_copy_partial(c->input, PAYLOAD, (u16_t)length, 0);
    websocket_unmask(PAYLOAD, length, m->mask, m->mask_offset);

    bool frame_ends = length == m->left, message_ends = frame_ends && m->fin;
    if (m->opcode == WEBSOCKET_TEXT &&
        (!utf8_valid(&utf8, PAYLOAD, length) || (message_ends && utf8.missing))) {
        begin_closing(c, WEBSOCKET_NOT_UTF8);
        return true;
    }
    if (m->whole && !frame_ends)
        return false;
    if (!websocket_send_frame(c, length, (message_ends ? WEBSOCKET_FIN : 0) | (m->begun ? WEBSOCKET_CONTINUATION : m->opcode))) {
        *progress = WEBSOCKET_WAITS_FOR_ROOM;
        return false;
    }
    for (size_t i = 0; i < length && m->text_length <= COMMAND_MAX; i++, m->text_length++)
        if (m->text_length < COMMAND_MAX)
            m->text[m->text_length] = (char)PAYLOAD[i];
    websocket_consume(c, length);
    m->utf8 = utf8;
    m->begun = true;
    m->left -= length;
    m->mask_offset = (uint8_t)((m->mask_offset + length) % sizeof m->mask);
    m->in_frame = !frame_ends;
    if (message_ends)
        end_message(c);
    return true;
}

/* Sends the Close frame that is due; after it the server closes the TCP connection. RFC 6455 7.1.1. */
static enum websocket_progress close_connection(struct websocket_connection *c)
{
    size_t length = c->close_code == WEBSOCKET_NO_CODE ? 0 : 2;

    PAYLOAD[0] = (uint8_t)(c->close_code >> 8);
    PAYLOAD[1] = (uint8_t)c->close_code;
    return websocket_send_frame(c, length, WEBSOCKET_FIN | WEBSOCKET_CLOSE) ? WEBSOCKET_DONE : WEBSOCKET_WAITS_FOR_ROOM;
}

void websocket_send_stream(struct websocket_connection *c)
{
    struct websocket_message *m = &c->message;
    uint16_t last;

    /* The frames of an echo that has begun may have no other data frame among them. RFC 6455 5.4. */
    while (c->state == WEBSOCKET_OPEN && stream_due(&m->stream) && !(m->opcode && m->begun)) {
        size_t length = stream_text(&m->stream, (char *)PAYLOAD, &last);
        if (!websocket_send_frame(c, length, WEBSOCKET_FIN | WEBSOCKET_TEXT))
            break;
        stream_sent(&m->stream, last);
    }
}

enum websocket_progress websocket_worker(struct websocket_connection *c, bool full)
{
    enum websocket_progress progress = WEBSOCKET_WAITS_FOR_INPUT;

    if (c->state == WEBSOCKET_OPENING)
        progress = open_connection(c, full);
    while (c->state == WEBSOCKET_OPEN &&
           (c->message.in_frame ? echo_piece(c, &progress) : c->input && take_header(c, &progress)))
        ;
    if (c->state == WEBSOCKET_CLOSING)
        progress = close_connection(c);
    return progress;
}
