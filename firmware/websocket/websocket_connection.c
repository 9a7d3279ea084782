/* SPDX-License-Identifier: MIT */
/*
 * Serving one connection. Messages of any size pass through ws_buffer in pieces: what has arrived is unmasked, checked
 * and echoed as a fragment, then forgotten. Input that cannot be echoed yet stays in its pbufs, and TCP's window with
 * it. RFC 6455 sections 5 to 7.
 */
#include "websocket_connection.h"
#include <string.h>
#include "budget.h"
#include "network.h"
#include "tick.h"

#define PATIENCE         10000u                     /* ms: for either handshake, the opening and the closing one */
#define SEND_PATIENCE    60000u                     /* ms: for a client that takes nothing of what is sent */

/* What of its window lwIP has announced at the least: it announces more when half of it, or a segment, has become free. */
#define WINDOW_SURE      (TCP_WND - LWIP_MIN(TCP_WND / 2u, (unsigned)TCP_MSS) + 1u)

/* A frame of up to this length is passed on in one piece. It must fit into the buffer, a segment, and both windows. */
#define WHOLE_FRAME_MAX  LWIP_MIN(LWIP_MIN(PAYLOAD_MAX, WINDOW_SURE), LWIP_MIN((unsigned)TCP_MSS, ROOM_MAX) - WEBSOCKET_ROOM)

/* A longer one is passed on in pieces of what has come, no smaller than this for want of room alone. */
#define PIECE_MIN        LWIP_MIN(WHOLE_FRAME_MAX, 512u)

/* The most that is handed to TCP at a time. */
#define ROOM_MAX         (WEBSOCKET_HEAP - HEAP_SEGMENT)

#if WS_WHOLE_MESSAGES
uint8_t ws_buffer[WEBSOCKET_CLIENTS][WEBSOCKET_ROOM + WS_BUFFER_SIZE];
static uint8_t scratch[256] __attribute__((aligned(4)));
#else
uint8_t ws_buffer[WS_BUFFER_SIZE] __attribute__((aligned(4)));
#define scratch     ws_buffer
#endif

#define SMALL_HEADER     2u                         /* of a frame of up to 125 bytes */

#define PAYLOAD     (scratch + WEBSOCKET_ROOM)
#define PAYLOAD_MAX (sizeof scratch / 4u * 4u - WEBSOCKET_ROOM)     /* whole words, for websocket_unmask */

/* Moves input together, in the buffers that it is in: a pbuf of the pool is as long for a crumb as for 256 bytes. */
static void pack_input(struct pbuf *to)
{
    while (to) {
        struct pbuf *from = to->next;
        uint8_t *begin = (uint8_t *)to + LWIP_MEM_ALIGN_SIZE(sizeof *to);

        to->payload = memmove(begin, to->payload, to->len);
        if (from) {
            u16_t length = LWIP_MIN((u16_t)(PBUF_POOL_BUFSIZE - to->len), from->len);
            memcpy(begin + to->len, from->payload, length);
            to->len = (u16_t)(to->len + length);
            pbuf_remove_header(from, length);
            if (!from->len) {
                to->next = from->next;
                from->next = NULL;
                pbuf_free(from);
                continue;
            }
        }
        to = from;
    }
}

void websocket_take_input(struct websocket_connection *c, struct pbuf *data)
{
    if (c->input)
        pbuf_cat(c->input, data);
    else
        c->input = data;
    if (pbuf_clen(c->input) > WEBSOCKET_INPUT)
        pack_input(c->input);
}

/* `length` bytes of input are used up. */
static void websocket_consume(struct websocket_connection *c, size_t length)
{
    tcp_recved(c->pcb, (u16_t)length);
    while (length) {
        struct pbuf *first = c->input;
        size_t part = LWIP_MIN(length, first->len);
        length -= part;
        pbuf_remove_header(first, part);
        if (!first->len) {
            c->input = first->next;
            first->next = NULL;                     /* or freeing it would free them all */
            pbuf_free(first);
        }
    }
}

static void websocket_drop_input(struct websocket_connection *c)
{
    if (c->input)
        websocket_consume(c, c->input->tot_len);
}

/* How much may be handed to TCP now. */
static size_t send_room(const struct websocket_connection *c)
{
    size_t waits = (size_t)TCP_SND_BUF - tcp_sndbuf(c->pcb) + tcp_sndqueuelen(c->pcb) * HEAP_SEGMENT;

    return waits < ROOM_MAX && tcp_sndqueuelen(c->pcb) < WEBSOCKET_SEGMENTS ? ROOM_MAX - waits : 0;
}

/* Hands `length` bytes to TCP, whole or not at all. */
static bool websocket_send(struct websocket_connection *c, const void *bytes, size_t length)
{
    if (length > send_room(c) || tcp_write(c->pcb, bytes, (u16_t)length, TCP_WRITE_FLAG_COPY) != ERR_OK)
        return false;
    tcp_output(c->pcb);
    return true;
}

static bool websocket_send_frame(struct websocket_connection *c, size_t length, uint8_t opcode)
{
    uint8_t *frame = websocket_make_frame(PAYLOAD, length, opcode);
    return websocket_send(c, frame, (size_t)(PAYLOAD - frame) + length);
}

static void change_state(struct websocket_connection *c, enum websocket_state state)
{
    c->state = (uint8_t)state;
    c->deadline = tick_ms() + PATIENCE;
}

/* From now on only the closing handshake. RFC 6455 7.1.7 for a failure. */
static void begin_closing(struct websocket_connection *c, unsigned code)
{
    change_state(c, WEBSOCKET_CLOSING);
    c->close_code = (uint16_t)code;
}

/*
 * Nothing more is sent. What still comes is thrown away until the peer has closed its end, too: closed at once, the
 * connection would be reset if anything came, and the reset would overtake our last words. RFC 6455 7.1.1.
 */
static void websocket_end(struct websocket_connection *c, enum websocket_state state)
{
    change_state(c, state);
    websocket_drop_input(c);                        /* tcp_close() would reset what has unread input */
    tcp_close(c->pcb);
    tcp_clear_flags(c->pcb, TF_RXCLOSED);           /* what still comes is for us: tcp_shutdown(), without its code */
}

void websocket_begin(struct websocket_connection *c, struct tcp_pcb *pcb)
{
    c->pcb = pcb;
    pcb->prio = TCP_PRIO_MIN;                       /* who has not shaken hands is missed least: src/admission.c */
    change_state(c, WEBSOCKET_OPENING);
}

#if WS_WHOLE_MESSAGES

#define ECHOES_WHOLE true

/* Gives a client that opens a buffer that no other one has. */
static void take_buffer(struct websocket_connection *c)
{
    uint8_t *buffer = ws_buffer[0];

    FOR_EACH_CONNECTION(other)
        if (other->state >= WEBSOCKET_OPEN && other->message.buffer == buffer) {
            buffer += sizeof ws_buffer[0];
            other = ws_connections - 1;             /* from the start: this one may be another's, too */
        }
    c->message.buffer = buffer;
}

/* A frame that begins. False: the message would not fit. */
static bool fits(const struct websocket_message *m, uint64_t length)
{
    return length <= WS_BUFFER_SIZE - m->length;
}

/* Keeps a piece; the echo is due when the message ends. */
static bool pass_on(struct websocket_connection *c, size_t length, bool message_ends)
{
    struct websocket_message *m = &c->message;
    uint8_t *message = m->buffer + WEBSOCKET_ROOM;

    memcpy(message + m->length, PAYLOAD, length);
    m->length += length;
    if (message_ends) {
        m->echo = websocket_make_frame(message, m->length, WEBSOCKET_FIN | m->opcode);
        m->length += (size_t)(message - m->echo);
    }
    m->echoing = message_ends;
    return true;
}

/* Sends the echo as far as there is room. False: it has to wait. */
static bool send_echo(struct websocket_connection *c)
{
    struct websocket_message *m = &c->message;
    size_t length = LWIP_MIN(send_room(c), m->length);

    if (length < LWIP_MIN(m->length, PIECE_MIN) || !websocket_send(c, m->echo, length))
        return false;
    m->echo += length;
    m->length -= length;
    m->echoing = m->length;
    return true;
}

#else

#define ECHOES_WHOLE false

static void take_buffer(struct websocket_connection *c)
{
    (void)c;
}

static bool fits(const struct websocket_message *m, uint64_t length)
{
    (void)m;
    (void)length;
    return true;
}

/* Echoes a piece as a fragment. False: there is no room. */
static bool pass_on(struct websocket_connection *c, size_t length, bool message_ends)
{
    struct websocket_message *m = &c->message;

    if (!websocket_send_frame(c, length, (message_ends ? WEBSOCKET_FIN : 0) | (m->echoing ? WEBSOCKET_CONTINUATION : m->opcode)))
        return false;
    m->echoing = !message_ends;
    return true;
}

static bool send_echo(struct websocket_connection *c)
{
    (void)c;
    return false;
}

#endif

static void __attribute__((noinline)) websocket_open(struct websocket_connection *c, bool full)
{
    size_t length;
    unsigned status;

    while (c->input && (length = websocket_parse_handshake(&c->handshake, c->input->payload, c->input->len)))
        websocket_consume(c, length);
    status = websocket_handshake_answer(&c->handshake, full, (char *)scratch, &length);
    if (!status || !websocket_send(c, scratch, length))
        return;
    if (status != 101)
        websocket_end(c, WEBSOCKET_REFUSED);
    else {
        memset(&c->message, 0, sizeof c->message);
        take_buffer(c);
        c->pcb->prio = TCP_PRIO_NORMAL;
        change_state(c, WEBSOCKET_OPEN);
    }
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
static bool take_control(struct websocket_connection *c, const struct websocket_frame *frame, size_t header)
{
    size_t length = (size_t)frame->length;

    if (c->input->tot_len < header + length)
        return false;
    pbuf_copy_partial(c->input, PAYLOAD, (u16_t)length, (u16_t)header);
    websocket_unmask(PAYLOAD, length, frame->mask);
    switch (frame->opcode & WEBSOCKET_OPCODE) {
    case WEBSOCKET_PING:
        if (!websocket_send_frame(c, length, WEBSOCKET_FIN | WEBSOCKET_PONG))
            return false;
        break;
    case WEBSOCKET_CLOSE:
        begin_closing(c, close_answer(length));
        break;
    }
    websocket_consume(c, header + length);
    return true;
}

/* Reads the next frame's header. False: it has to wait. */
static bool take_header(struct websocket_connection *c)
{
    struct websocket_message *m = &c->message;
    struct websocket_frame frame;
    uint8_t bytes[WEBSOCKET_HEADER_MAX];
    int header = websocket_parse_frame(bytes, pbuf_copy_partial(c->input, bytes, sizeof bytes, 0), &frame);
    unsigned opcode = frame.opcode & WEBSOCKET_OPCODE;

    if (!header)
        return false;
    if (header > 0 && (opcode & WEBSOCKET_CONTROL))
        return take_control(c, &frame, (size_t)header);
    if (header < 0 || (opcode == WEBSOCKET_CONTINUATION) != (m->opcode != WEBSOCKET_CONTINUATION)) {
        begin_closing(c, WEBSOCKET_PROTOCOL_ERROR);
        return true;
    }
    websocket_consume(c, (size_t)header);
    if (opcode) {
        m->opcode = (uint8_t)opcode;
        m->text_length = 0;
#if WS_WHOLE_MESSAGES
        m->length = 0;
#endif
        m->utf8 = (struct utf8_state){ 0, 0, 0 };
    }
    if (!fits(m, frame.length)) {
        begin_closing(c, WEBSOCKET_TOO_BIG);
        return true;
    }
    m->mask = frame.mask;
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

/* Takes what has come of the frame, as far as there is room for its echo. False: it has to wait. */
static bool take_piece(struct websocket_connection *c)
{
    struct websocket_message *m = &c->message;
    struct utf8_state utf8 = m->utf8;
    size_t room = send_room(c), come = c->input ? c->input->tot_len : 0;
    size_t length = LWIP_MIN(come, (size_t)PAYLOAD_MAX);

    if (length > m->left)
        length = (size_t)m->left;
    if (!ECHOES_WHOLE && !m->whole && length > PIECE_MIN && room >= PIECE_MIN + WEBSOCKET_ROOM)
        length = LWIP_MIN(length, room - WEBSOCKET_ROOM);
    if (!length && m->left)
        return false;
    pbuf_copy_partial(c->input, PAYLOAD, (u16_t)length, 0);
    uint32_t mask = websocket_unmask(PAYLOAD, length, m->mask);

    bool frame_ends = length == m->left, message_ends = frame_ends && m->fin;
    if (m->opcode == WEBSOCKET_TEXT &&
        (!utf8_valid(&utf8, PAYLOAD, length) || (message_ends && utf8.missing))) {
        begin_closing(c, WEBSOCKET_NOT_UTF8);
        return true;
    }
    if ((m->whole && !frame_ends) || !pass_on(c, length, message_ends))
        return false;
    for (size_t i = 0; i < length && m->text_length <= COMMAND_MAX; i++, m->text_length++)
        if (m->text_length < COMMAND_MAX)
            m->text[m->text_length] = (char)PAYLOAD[i];
    websocket_consume(c, length);
    m->utf8 = utf8;
    m->left -= length;
    m->mask = mask;
    m->in_frame = !frame_ends;
    if (message_ends)
        end_message(c);
    return true;
}

/* Sends the Close frame that is due. RFC 6455 7.1.2 and 7.1.7: after it the server closes the TCP connection. */
static void send_close(struct websocket_connection *c)
{
    size_t length = c->close_code == WEBSOCKET_NO_CODE ? 0 : 2;

    PAYLOAD[0] = (uint8_t)(c->close_code >> 8);
    PAYLOAD[1] = (uint8_t)c->close_code;
    if (websocket_send_frame(c, length, WEBSOCKET_FIN | WEBSOCKET_CLOSE))
        websocket_end(c, WEBSOCKET_ENDING);
}

/* Sends what is due of the stream, all in one segment: what a lossy link has held up is caught up with soon. */
static void __attribute__((noinline)) websocket_send_stream(struct websocket_connection *c)
{
    struct websocket_stream stream = c->message.stream;
    uint8_t *next = scratch, *last = scratch + LWIP_MIN(send_room(c), sizeof scratch) - SMALL_HEADER - STREAM_TEXT_MAX;

    while (stream_due(&stream) && next <= last) {
        size_t length = stream_text(&stream, (char *)next + SMALL_HEADER);
        next[0] = WEBSOCKET_FIN | WEBSOCKET_TEXT;
        next[1] = (uint8_t)length;
        next += SMALL_HEADER + length;
    }
    if (next != scratch && websocket_send(c, scratch, (size_t)(next - scratch)))
        c->message.stream = stream;                 /* what was not sent has not been */
}

/* A connection in TIME_WAIT is lwIP's alone, which may free it, or give it to somebody else, without a word. */
static bool lost(const struct websocket_connection *c)
{
    return !c->pcb || c->pcb->callback_arg != c || c->pcb->state == TIME_WAIT || c->pcb->state == CLOSED;
}

bool websocket_worker(struct websocket_connection *c, bool full)
{
    struct websocket_message *m = &c->message;

    if (lost(c)) {
        c->pcb = NULL;
        return false;
    }
    if (c->state == WEBSOCKET_OPENING)
        websocket_open(c, full);
    while (c->state == WEBSOCKET_OPEN && (ECHOES_WHOLE && m->echoing ? send_echo(c) : m->in_frame ? take_piece(c) : c->input && take_header(c)))
        ;
    /* The frames of an echo that has begun may have no other data frame among them. RFC 6455 5.4. */
    if (c->state == WEBSOCKET_OPEN && !c->peer_done && !m->echoing)
        websocket_send_stream(c);
    if (c->state == WEBSOCKET_CLOSING)
        send_close(c);

    bool serving = c->state == WEBSOCKET_OPENING || c->state == WEBSOCKET_OPEN, taken = !tcp_sndqueuelen(c->pcb);
    if (serving && c->peer_done && taken)
        websocket_end(c, c->state == WEBSOCKET_OPEN ? WEBSOCKET_ENDING : WEBSOCKET_REFUSED);
    else if (!serving)
        websocket_drop_input(c);
    if (c->state == WEBSOCKET_OPEN && (taken || c->acknowledged != c->pcb->lastack || !network_link_up())) {
        c->acknowledged = c->pcb->lastack;
        c->deadline = tick_ms() + SEND_PATIENCE;
    }
    if ((int32_t)(tick_ms() - c->deadline) < 0)
        return true;
    if (c->state != WEBSOCKET_OPENING)
        return false;
    websocket_end(c, WEBSOCKET_REFUSED);
    return true;
}
