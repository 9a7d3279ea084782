/* SPDX-License-Identifier: MIT */
/*
 * Web server. lwIP's httpd sends the answers and looks after its connections. It wants a request in few segments and
 * whole in memory, and sees less in it than RFC 9112 asks for. So requests are read here as they come, and the httpd is
 * told no more than whether the connection stays; which answer it sends is decided in fs_open_custom().
 */
#include "http.h"
#include <string.h>
#include "http_request.h"
#include "pbufs.h"
#include "web_image.h"
#include "lwip/apps/fs.h"
#include "lwip/apps/httpd.h"
#include "lwip/priv/tcp_priv.h"

#define PLACES            MEMP_NUM_PARALLEL_HTTPD_CONNS
#define WAITING_PBUFS_MAX 4u                        /* requests behind the one that is answered; more close the connection */

struct http_connection {
    struct tcp_pcb *pcb;                            /* NULL, or no longer ours: the place is free */
    void *httpd;                                    /* httpd's own state of it */
    struct pbuf *input;                             /* what has come and is not read */
    bool answering;
    bool closing;                                   /* nothing more is read */
    struct http_request request;
};

static struct {
    struct http_connection connections[PLACES];
    struct http_connection *opening;                /* whose answer httpd asks for */
    tcp_accept_fn accept;                           /* httpd's */
    tcp_recv_fn receive;
    tcp_err_fn fail;
} http;

static err_t http_receive(void *httpd, struct tcp_pcb *pcb, struct pbuf *data, err_t error);

/* httpd takes its callbacks back when it closes a connection, so a look tells, even at a pcb that is free by now. */
static bool is_open(const struct http_connection *c)
{
    return c->pcb && c->pcb->recv == http_receive;
}

static void drop_input(struct http_connection *c)
{
    if (!c->input)
        return;
    if (is_open(c))
        tcp_recved(c->pcb, c->input->tot_len);      /* or closing would be a reset, and overtake the answer */
    pbuf_free(c->input);
    c->input = NULL;
}

static void release(struct http_connection *c)
{
    drop_input(c);
    memset(c, 0, sizeof *c);
}

static struct http_connection *connection_of(const struct tcp_pcb *pcb)
{
    for (struct http_connection *c = http.connections; c < http.connections + PLACES; c++)
        if (c->pcb == pcb)
            return c;
    return NULL;
}

/* The answer to a complete request. RFC 9110 15. */
static const struct web_answer *find_answer(const struct http_request *request)
{
    const struct web_refusal *refusal = web_refusals;
    unsigned status = http_request_refusal(request);

    if (!status) {
        for (const struct web_file *file = web_files; file->path && request->path_length < HTTP_PATH_MAX; file++)
            if (!strcmp(file->path, request->path))
                return file->gzip.bytes && http_request_accepts_gzip(request) ? &file->gzip : &file->plain;
        status = 404;
    }
    while (refusal->status && refusal->status != status)
        refusal++;
    return &refusal->answer;
}

/* fs.c has the declarations. */
int fs_open_custom(struct fs_file *file, const char *name);
void fs_close_custom(struct fs_file *file);

/* httpd opens a file of whatever name it likes: the answer to the request that was handed to it. */
int fs_open_custom(struct fs_file *file, const char *name)
{
    const struct http_request *request = &http.opening->request;
    const struct web_answer *answer = find_answer(request);

    (void)name;
    memset(file, 0, sizeof *file);
    file->data = (const char *)answer->bytes;
    file->len = file->index = (int)(request->head_only ? answer->head : answer->length);
    file->pextension = http.opening;
    file->flags = FS_FILE_FLAGS_HEADER_INCLUDED | FS_FILE_FLAGS_HEADER_PERSISTENT;
    return 1;
}

/* The answer is on its way, or the connection has ended before. */
void fs_close_custom(struct fs_file *file)
{
    struct http_connection *c = file->pextension;

    memset(&c->request, 0, sizeof c->request);
    c->answering = false;
}

/* Gives httpd a request that it understands. */
static void answer(struct http_connection *c)
{
    char text[] = "GET / HTTP/1.1\r\nConnection: keep-alive\r\n\r\n";
    /* No part of the receive window: tot_len is 0. On the stack: more references than httpd gives back. */
    struct pbuf request = { .payload = text, .len = sizeof text - 1, .ref = 2 };

    if (!http_request_persists(&c->request)) {
        strcpy(text + sizeof "GET / HTTP/1.1" - 1, "\r\n\r\n");
        request.len = sizeof "GET / HTTP/1.1\r\n\r\n" - 1;
        c->closing = true;
        drop_input(c);
    }
    c->answering = true;
    http.opening = c;
    http.receive(c->httpd, c->pcb, &request, ERR_OK);
    if (is_open(c))
        tcp_output(c->pcb);
}

/* Reads on where it stopped: to the end of a request, or of what has come. */
static void read_input(struct http_connection *c)
{
    bool done = false;
    size_t used;

    while (c->input && !done) {
        used = http_request_read(&c->request, c->input->payload, c->input->len, &done);
        tcp_recved(c->pcb, (u16_t)used);
        c->input = pbuf_free_header(c->input, (u16_t)used);
    }
    if (done)
        answer(c);
    else if (c->closing)
        http.receive(c->httpd, c->pcb, NULL, ERR_OK);   /* as if the peer had closed: httpd closes */
}

void http_task(void)
{
    for (struct http_connection *c = http.connections; c < http.connections + PLACES; c++) {
        while (is_open(c) && !c->answering && (c->input || c->closing))
            read_input(c);
        if (!is_open(c) && c->pcb)
            release(c);
    }
}

static err_t http_receive(void *httpd, struct tcp_pcb *pcb, struct pbuf *data, err_t error)
{
    struct http_connection *c = connection_of(pcb);

    (void)httpd;
    (void)error;
    if (!data || (c->answering && pbuf_clen(data) + (c->input ? pbuf_clen(c->input) : 0u) > WAITING_PBUFS_MAX))
        c->closing = true;
    if (!data)
        return ERR_OK;
    if (c->closing) {
        tcp_recved(pcb, data->tot_len);
        pbuf_free(data);
    } else if (!(data = drop_empty_pbufs(data))) {
        return ERR_OK;
    } else if (c->input) {
        pbuf_cat(c->input, data);
    } else {
        c->input = data;
    }
    return ERR_OK;
}

static void http_fail(void *httpd, err_t error)
{
    for (struct http_connection *c = http.connections; c < http.connections + PLACES; c++) {
        if (c->pcb && c->httpd == httpd) {
            c->pcb = NULL;                          /* lwIP has freed it */
            release(c);
        }
    }
    http.fail(httpd, error);
}

static err_t http_admit(void *argument, struct tcp_pcb *pcb, err_t error)
{
    struct http_connection *c;

    for (c = http.connections; c < http.connections + PLACES; c++)
        if (c->pcb == pcb || !is_open(c))           /* a pcb that lwIP uses again was another's before */
            release(c);
    c = connection_of(NULL);                        /* admission.c lets in no more than there is room for */
    if (!c)
        return ERR_MEM;
    error = http.accept(argument, pcb, error);
    if (error != ERR_OK)
        return error;
    c->pcb = pcb;
    c->httpd = pcb->callback_arg;
    http.receive = pcb->recv;
    http.fail = pcb->errf;
    tcp_recv(pcb, http_receive);
    tcp_err(pcb, http_fail);
    return ERR_OK;
}

void http_init(void)
{
    struct tcp_pcb_listen *listener;

    httpd_init();
    listener = tcp_listen_pcbs.listen_pcbs;         /* the newest comes first */
    http.accept = listener->accept;
    tcp_accept((struct tcp_pcb *)listener, http_admit);
}
