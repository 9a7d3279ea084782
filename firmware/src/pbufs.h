/* SPDX-License-Identifier: MIT */
/* What lwIP's pbufs want. */
#ifndef PBUFS_H
#define PBUFS_H

struct pbuf;

/*
 * What has come without its empty pbufs; NULL when there is nothing else. lwIP trims a segment that overlaps what it has
 * by making its first pbufs empty (tcp_receive), and a reader that goes from pbuf to pbuf would never get past one.
 */
struct pbuf *drop_empty_pbufs(struct pbuf *data);

#endif
