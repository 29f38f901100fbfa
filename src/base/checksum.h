/* checksum.h - the checksum of zip archives. */
#ifndef ANNC_BASE_CHECKSUM_H
#define ANNC_BASE_CHECKSUM_H

#include <stddef.h>
#include <stdint.h>

/* CRC-32 as ISO 3309 and RFC 1952 have it. It goes on from an earlier value; begin with ANNC_CRC32. */
enum { ANNC_CRC32 = 0 };
uint32_t annc_crc32(uint32_t crc, const void *bytes, size_t count);

#endif
