/* SPDX-License-Identifier: MIT */
/* What the web server has, made by tools/make_web_image.py: whole answers, head and body in one. */
#ifndef WEB_IMAGE_H
#define WEB_IMAGE_H

#include <stdint.h>

struct web_answer {
    const uint8_t *bytes;
    uint32_t head;                                  /* bytes to the end of the head, all that HEAD gets */
    uint32_t length;                                /* bytes in all */
};

struct web_file {
    const char *path;
    struct web_answer plain, gzip;                  /* gzip.bytes is NULL for what does not shrink */
};

struct web_refusal {
    unsigned status;
    struct web_answer answer;
};

extern const struct web_file web_files[];           /* ends with a path of NULL */
extern const struct web_refusal web_refusals[];     /* ends with status 0, the answer to anything else: 400 */

#endif
