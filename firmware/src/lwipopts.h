/* SPDX-License-Identifier: MIT */
/* lwIP's options: no operating system, one interface, IPv4, TCP for a web page and a few WebSocket streams. */
#ifndef LWIPOPTS_H
#define LWIPOPTS_H

/* Build options, an integer each: `make MEM_SIZE=8192`. */
#include "options/LWIP_STATISTICS.h"
#include "options/MEM_SIZE.h"
#include "options/PBUF_POOL_SIZE.h"
#include "options/TCP_WND.h"
#include "budget.h"

#define NO_SYS                          1
#define SYS_LIGHTWEIGHT_PROT            0           /* lwIP runs in the main loop only */
#define LWIP_NETCONN                    0
#define LWIP_SOCKET                     0
#define LWIP_SINGLE_NETIF               1

/* Memory, beside the options MEM_SIZE and PBUF_POOL_SIZE. */
#define MEM_ALIGNMENT                   4
#define MEMP_NUM_PBUF                   (HTTP_PLACES * HTTP_SEGMENTS)   /* PBUF_ROM: what is sent of the web pages */
#define PBUF_POOL_BUFSIZE               256
#define MEMP_NUM_TCP_PCB                (HTTP_PLACES + WEBSOCKET_PLACES)
#define MEMP_NUM_TCP_PCB_LISTEN         2
#define MEMP_NUM_TCP_SEG                72          /* HTTP_SEGMENTS and FIN, 12 of each client, and what comes out of order */
#define MEMP_NUM_UDP_PCB                3           /* DHCP, NetBIOS name service, one to spare */
#define MEMP_NUM_REASSDATA              2
#define LWIP_STATS                      1
#define LWIP_STATS_DISPLAY              0
#define MEM_STATS                       1           /* admission.c asks how full the heap is; the others are for a debugger */
#define LINK_STATS                      LWIP_STATISTICS
#define ETHARP_STATS                    LWIP_STATISTICS
#define IP_STATS                        LWIP_STATISTICS
#define ICMP_STATS                      LWIP_STATISTICS
#define UDP_STATS                       LWIP_STATISTICS
#define TCP_STATS                       LWIP_STATISTICS
#define MEMP_STATS                      LWIP_STATISTICS
#define SYS_STATS                       LWIP_STATISTICS

/* IP. No fragments: nothing here needs them. */
#define LWIP_IPV4                       1
#define LWIP_IPV6                       0
#define IP_REASSEMBLY                   0
#define IP_FRAG                         0
#define LWIP_RAW                        0
#define LWIP_ICMP                       1
#define LWIP_CHKSUM_ALGORITHM           3           /* 32 bits at a time */

/* Addresses: DHCP, and RFC 3927 while no server answers. The second DISCOVER goes out after two seconds; probing
 * starts then, so an address is bound about ten seconds after the link came up. DHCP goes on beside it. */
#define LWIP_DHCP                       1
#define LWIP_AUTOIP                     1
#define LWIP_DHCP_AUTOIP_COOP           1
#define LWIP_DHCP_AUTOIP_COOP_TRIES     2
#define LWIP_AUTOIP_CREATE_SEED_ADDR(netif) PP_HTONL(LWIP_MAKEU32(169, 254, 97, 179))
#define LWIP_NETIF_HOSTNAME             1
#define LWIP_NETIF_STATUS_CALLBACK      1
#define LWIP_NETIF_LINK_CALLBACK        1

/* TCP, beside the option TCP_WND, the receive window. */
#define LWIP_TCP                        1
#define LWIP_UDP                        1
#define TCP_MSS                         1460
/* While a peer holds back its acknowledgement of two segments, two more are on the cable: 95 Mbit/s instead of 68. How
 * much of it a connection may use is a matter of budget.h. */
#define TCP_SND_BUF                     (4 * TCP_MSS)
#define TCP_SND_QUEUELEN                24
#define TCP_SNDLOWAT                    TCP_MSS
#define TCP_SNDQUEUELOWAT               12
/* Retransmission time-outs are counted in two of these and are three such counts at least: 300 ms. With lwIP's own 250
 * they are 1.5 s, and over a link that loses 5% of the frames the stream stands still for 27 s of a minute and not for 13. */
#define TCP_TMR_INTERVAL                50
#define TCP_QUEUE_OOSEQ                 1
#define TCP_OOSEQ_MAX_BYTES             TCP_WND
#define TCP_OOSEQ_MAX_PBUFS             8
#define PBUF_POOL_FREE_OOSEQ            0           /* admission.c does it, before it is too late */
#define TCP_MSL                         5000UL      /* TIME-WAIT is 10 s: nothing that old is on a cable */
#define TCP_MAXRTX                      8           /* more than a minute: keep-alive is sooner where it is on */
#define TCP_SYNMAXRTX                   4
#define LWIP_TCP_KEEPALIVE              1           /* a peer that vanished is given up after 10 + 5 x 2 s */
#define TCP_KEEPIDLE_DEFAULT            10000UL
#define TCP_KEEPINTVL_DEFAULT           2000UL
#define TCP_KEEPCNT_DEFAULT             5U
#define TCP_LISTEN_BACKLOG              0

/* Web server: http.c reads the requests and finds the answers, whole in flash; the httpd sends them. It closes a connection
 * on which nothing was acknowledged for 8 s. */
#define HTTPD_POLL_INTERVAL             20          /* of 2 x TCP_TMR_INTERVAL; four of these are the 8 s */
#define HTTPD_FSDATA_FILE               "no_fsdata.h"
#define LWIP_HTTPD_CUSTOM_FILES         1
#define LWIP_HTTPD_DYNAMIC_HEADERS      0
#define LWIP_HTTPD_SSI                  0
#define LWIP_HTTPD_CGI                  0
#define LWIP_HTTPD_SUPPORT_POST         0
#define LWIP_HTTPD_SUPPORT_V09          0
#define LWIP_HTTPD_SUPPORT_REQUESTLIST  0
#define LWIP_HTTPD_SUPPORT_EXTSTATUS    0
#define LWIP_HTTPD_MAX_REQUEST_URI_LEN  0
#define LWIP_HTTPD_SUPPORT_11_KEEPALIVE 1
#define HTTPD_LIMIT_SENDING_TO_2MSS     0
#define HTTPD_MAX_WRITE_LEN(pcb)        admission_to_send(pcb)
#define HTTPD_USE_MEM_POOL              1
#define MEMP_NUM_PARALLEL_HTTPD_CONNS   HTTP_PLACES
#define MEMP_NUM_PARALLEL_HTTPD_SSI_CONNS 1

/* NetBIOS name service. */
#define NETBIOS_LWIP_NAME               "MCHPBOARD_E"
#define LWIP_NETBIOS_RESPOND_NAME_QUERY 1

#define LWIP_HOOK_FILENAME              "admission.h"

#endif
