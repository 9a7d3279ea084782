/* SPDX-License-Identifier: MIT */
#include "pbufs.h"
#include "lwip/pbuf.h"

struct pbuf *drop_empty_pbufs(struct pbuf *data)
{
    for (struct pbuf **link = &data; *link; ) {
        struct pbuf *first = *link;
        if (first->len) {
            link = &first->next;
        } else {
            *link = first->next;
            first->next = NULL;                     /* or freeing it would free them all */
            pbuf_free(first);
        }
    }
    return data;
}
