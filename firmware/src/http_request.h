/* SPDX-License-Identifier: MIT */
/* The head of an HTTP request, read byte by byte. RFC 9112; RFC 9110 for methods and fields. */
#ifndef HTTP_REQUEST_H
#define HTTP_REQUEST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define HTTP_HEAD_MAX   8192u                       /* a longer head is refused; browsers with cookies send 1 to 2 KiB */
#define HTTP_PATH_MAX   32u                         /* a longer path is no file's */
#define HTTP_TOKEN_MAX  20u

/* A request as far as it has been read; no line is ever stored. All zero: nothing yet. */
struct http_request {
    uint8_t part;                                   /* what the next byte belongs to */
    uint8_t field;                                  /* header field whose value is read */
    uint8_t version;                                /* 0 or 1: HTTP/1.0 or a later HTTP/1 */
    uint8_t token_length;                           /* HTTP_TOKEN_MAX: too long for any we know */
    uint8_t path_length;                            /* HTTP_PATH_MAX: too long for any file */
    uint8_t escaped;                                /* first digit of a percent-encoded byte */
    bool head_only;                                 /* HEAD */
    bool return_seen;                               /* CR: only LF may follow */
    uint16_t seen;                                  /* fields and tokens found, a bit each */
    uint16_t refusal;                               /* HTTP status, 0 while nothing is wrong */
    uint16_t length;                                /* bytes read */
    char token[HTTP_TOKEN_MAX];
    char path[HTTP_PATH_MAX];                       /* percent-decoded, NUL behind it when the head is complete */
};

/*
 * Takes the request on, and returns the number of bytes used; `*done` says whether they hold the head's end, or show
 * that none can come.
 */
size_t http_request_read(struct http_request *request, const char *bytes, size_t length, bool *done);

/* Why a request that is done cannot be answered with a file: 400, 405, 414, 431, 501 or 505; 0 if it can. */
unsigned http_request_refusal(const struct http_request *request);

/* Whether the client takes a body compressed with gzip. */
bool http_request_accepts_gzip(const struct http_request *request);

/* Whether the connection shall stay for another request. */
bool http_request_persists(const struct http_request *request);

#endif
