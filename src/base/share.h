/* share.h - divides things into consecutive parts whose sizes differ by one at most. */
#ifndef ANNC_BASE_SHARE_H
#define ANNC_BASE_SHARE_H

#include "base/device_code.h"

#include <stdint.h>

/* A consecutive part of several things. */
struct annc_share {
    uint32_t first, count;
};

/* Returns part `part` of n things in `parts` parts: the first n mod `parts` have one more than the
 * others. */
ANNC_DEVICE_CODE struct annc_share annc_share_of(uint32_t n, uint32_t parts, uint32_t part)
{
    const uint32_t least = n / parts, larger = n % parts;
    struct annc_share share;
    share.first = part * least + (part < larger ? part : larger);
    share.count = least + (part < larger ? 1 : 0);
    return share;
}

/* Returns the part that thing i of n is in. */
ANNC_DEVICE_CODE uint32_t annc_share_with(uint32_t n, uint32_t parts, uint32_t i)
{
    const uint32_t least = n / parts, larger = n % parts, first = larger * (least + 1);
    return i < first ? i / (least + 1) : larger + (i - first) / least;
}

#endif
