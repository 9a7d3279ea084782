/* SPDX-License-Identifier: MIT */
/* Web server: the page with the live scope. */
#ifndef HTTP_H
#define HTTP_H

void http_init(void);

/* Called from the main loop: reads what has come. */
void http_task(void);

#endif
