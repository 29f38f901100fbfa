/* checksum.h - the checksum of zip archives. */
#ifndef ANNC_BASE_CHECKSUM_H
#define ANNC_BASE_CHECKSUM_H

#include <stddef.h>
#include <stdint.h>

/* Returns the CRC-32 (ISO 3309, RFC 1952) of all bytes so far: `crc` is the previous result, or
 * ANNC_CRC32 for the first call. */
enum { ANNC_CRC32 = 0 };
uint32_t annc_crc32(uint32_t crc, const void *bytes, size_t count);

#endif
