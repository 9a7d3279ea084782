/* SPDX-License-Identifier: MIT */
/* An incremental parser of requests: whatever the head's size and however it is cut, it needs no more than its struct. */
#include "http_request.h"
#include <string.h>

enum part { METHOD, TARGET, SCHEME, AUTHORITY, PATH, ESCAPE, ESCAPE_END, IGNORED, VERSION, NAME, VALUE };
enum field { HOST, CONNECTION, CONTENT_LENGTH, TRANSFER_ENCODING, ACCEPT_ENCODING, OTHER };

static const char field_names[OTHER][HTTP_TOKEN_MAX] = {
    "host", "connection", "content-length", "transfer-encoding", "accept-encoding",
};

#define SEEN(field)  (1u << (field))
#define CLOSE        SEEN(OTHER)
#define BODY         SEEN(OTHER + 1)
#define GZIP         SEEN(OTHER + 2)
#define NO_GZIP      SEEN(OTHER + 3)
#define ANY_CODING   SEEN(OTHER + 4)

static bool token_is(const struct http_request *r, const char *text)
{
    return r->token_length == strlen(text) && !memcmp(r->token, text, r->token_length);
}

/* RFC 9110 9.1 and 15.6.2: 405 for what everybody knows and these files do not do, 501 for the rest. */
static void take_method(struct http_request *r)
{
    static const char others[][8] = { "POST", "PUT", "DELETE", "OPTIONS", "CONNECT", "TRACE", "PATCH" };

    r->head_only = token_is(r, "HEAD");
    if (r->head_only || token_is(r, "GET"))
        return;
    r->refusal = 501;
    for (unsigned i = 0; i < sizeof others / sizeof *others; i++)
        if (token_is(r, others[i]))
            r->refusal = 405;
}

/* RFC 9112 2.3; a digit each. Returns the status of a version that is not ours, or 0. */
static unsigned take_version(struct http_request *r)
{
    const char *t = r->token;

    if (r->token_length != 8 || memcmp(t, "HTTP/", 5) || t[5] < '0' || t[5] > '9' || t[6] != '.' || t[7] < '0' || t[7] > '9')
        return 400;
    r->version = t[7] > '0';
    return t[5] == '1' ? 0 : 505;
}

static void take_field_name(struct http_request *r)
{
    r->field = HOST;
    while (r->field < OTHER && !token_is(r, field_names[r->field]))
        r->field++;
    /* RFC 9112 3.2 and 6.3: two of these are an attack or a mistake. */
    if ((r->field == HOST || r->field == CONTENT_LENGTH) && (r->seen & SEEN(r->field)))
        r->refusal = 400;
    if (r->field < OTHER)
        r->seen |= SEEN(r->field);
    if (r->field == TRANSFER_ENCODING)
        r->seen |= BODY;
}

/* One element of a field's comma-separated value, without blanks. */
static void take_element(struct http_request *r)
{
    if (r->field == CONNECTION && token_is(r, "close"))
        r->seen |= CLOSE;
    if (r->field == ACCEPT_ENCODING && r->token_length && r->token_length < HTTP_TOKEN_MAX) {
        size_t name;
        bool refused;

        r->token[r->token_length] = '\0';
        name = strcspn(r->token, ";");
        refused = r->token[name] && !strpbrk(r->token + name, "123456789");     /* RFC 9110 12.4.2: q=0 */
        if (name == 1 && r->token[0] == '*')
            r->seen |= refused ? 0 : ANY_CODING;
        else if (name == 4 && !memcmp(r->token, "gzip", 4))
            r->seen |= refused ? NO_GZIP : GZIP;
    }
}

static void take_path_byte(struct http_request *r, char byte)
{
    if (r->path_length < HTTP_PATH_MAX)
        r->path[r->path_length++] = byte;
}

/* Ends the token; what follows is `part`. */
static void next_part(struct http_request *r, enum part part)
{
    r->part = (uint8_t)part;
    r->token_length = 0;
}

/* RFC 9110 5.6.2 */
static bool is_token_byte(unsigned char byte)
{
    return byte > ' ' && byte < 0x7F && !strchr("\"(),/:;<=>?@[\\]{}", byte);
}

static int hex_value(unsigned char byte)
{
    if (byte >= '0' && byte <= '9')
        return byte - '0';
    byte |= 0x20;
    return byte >= 'a' && byte <= 'f' ? byte - 'a' + 10 : -1;
}

/* One byte; false: this is no request. `*done` becomes true at the end of the head. */
static bool take_byte(struct http_request *r, unsigned char byte, bool *done)
{
    if (r->return_seen && byte != '\n')
        return false;                               /* RFC 9112 2.2: no CR but before LF */
    r->return_seen = byte == '\r';
    if (r->part == METHOD && !r->token_length && (byte == '\r' || byte == '\n'))
        return true;                                /* RFC 9112 2.2: empty lines before a request */
    if (byte == '\r')
        return r->part >= VERSION;
    if (r->part < VERSION ? byte < ' ' || byte >= 0x7F : (byte < ' ' && byte != '\n' && byte != '\t') || byte == 0x7F)
        return false;

    switch (r->part) {
    case METHOD:
        if (byte == ' ' && r->token_length) {
            take_method(r);
            next_part(r, r->refusal ? IGNORED : TARGET);
            return true;
        }
        if (!is_token_byte(byte))
            return false;
        break;
    case TARGET:                                    /* RFC 9112 3.2: a path, or the whole address */
        if (byte == '/') {
            take_path_byte(r, '/');
            r->part = PATH;
            return true;
        }
        r->part = SCHEME;
        /* fall through */
    case SCHEME:
        if (byte == ' ')
            return false;
        break;
    case AUTHORITY:
        if (byte != '/' && byte != '?' && byte != ' ')
            return true;
        take_path_byte(r, '/');
        if (byte == '/') {
            next_part(r, PATH);
            return true;
        }
        /* fall through */
    case PATH:
        if (byte == '#')
            return false;
        if (byte == ' ')
            next_part(r, VERSION);
        else if (byte == '?')
            next_part(r, IGNORED);
        else if (byte == '%')
            r->part = ESCAPE;
        else
            take_path_byte(r, (char)byte);
        return true;
    case ESCAPE:
        r->escaped = (uint8_t)hex_value(byte);
        r->part = ESCAPE_END;
        return hex_value(byte) >= 0;
    case ESCAPE_END:
        if (hex_value(byte) < 0 || !(r->escaped | hex_value(byte)))
            return false;
        take_path_byte(r, (char)(r->escaped << 4 | hex_value(byte)));
        r->part = PATH;
        return true;
    case IGNORED:
        if (byte == ' ')
            next_part(r, VERSION);
        return true;
    case VERSION:
        if (byte == '\n') {
            unsigned refusal = take_version(r);
            if (refusal) {
                r->refusal = (uint16_t)refusal;
                *done = true;
            }
            next_part(r, NAME);
            return true;
        }
        break;
    case NAME:
        if (byte == '\n' && !r->token_length) {
            *done = true;
            return true;
        }
        if (byte == ':' && r->token_length) {
            take_field_name(r);
            next_part(r, VALUE);
            return true;
        }
        if (!is_token_byte(byte))
            return false;                           /* RFC 9112 5.1 and 5.2: no blanks in a name, no folded lines */
        break;
    default:
        if (byte == '\n' || (byte == ',' && r->field != CONTENT_LENGTH)) {
            take_element(r);
            next_part(r, byte == '\n' ? NAME : VALUE);
            return true;
        }
        if (byte == ' ' || byte == '\t')
            return true;
        if (r->field == CONTENT_LENGTH) {
            if (byte < '0' || byte > '9')
                return false;
            if (byte > '0')
                r->seen |= BODY;
        }
        break;
    }

    if (r->part > VERSION && byte >= 'A' && byte <= 'Z')
        byte |= 0x20;
    if (r->token_length < HTTP_TOKEN_MAX)
        r->token[r->token_length++] = (char)byte;
    if (r->part == SCHEME && r->token_length == 7) {
        for (unsigned i = 0; i < 4; i++)
            r->token[i] |= 0x20;
        if (!token_is(r, "http://"))
            return false;
        next_part(r, AUTHORITY);
    }
    return true;
}

size_t http_request_read(struct http_request *request, const char *bytes, size_t length, bool *done)
{
    size_t used = 0;

    for (*done = false; used < length && !*done; ) {
        unsigned char byte = (unsigned char)bytes[used++];
        if (!take_byte(request, byte, done)) {
            request->refusal = 400;
            *done = true;
        } else if (++request->length > HTTP_HEAD_MAX) {
            request->refusal = request->part < VERSION ? 414 : 431;
            *done = true;
        }
    }
    if (request->path_length < HTTP_PATH_MAX)
        request->path[request->path_length] = '\0';
    return used;
}

unsigned http_request_refusal(const struct http_request *request)
{
    if (!request->refusal && request->version && !(request->seen & SEEN(HOST)))
        return 400;                                 /* RFC 9112 3.2 */
    return request->refusal;
}

bool http_request_accepts_gzip(const struct http_request *request)
{
    return (request->seen & GZIP) || (request->seen & (NO_GZIP | ANY_CODING)) == ANY_CODING;
}

/* RFC 9112 9.3. A body that nobody reads would look like the next request. */
bool http_request_persists(const struct http_request *request)
{
    return request->version && !(request->seen & (CLOSE | BODY)) && !http_request_refusal(request);
}
