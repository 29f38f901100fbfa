/* checksum.h - the checksums of zip and PNG files. */
#ifndef ANNC_BASE_CHECKSUM_H
#define ANNC_BASE_CHECKSUM_H

#include <stddef.h>
#include <stdint.h>

/* Each goes on from an earlier value; begin with ANNC_CRC32 or ANNC_ADLER32. CRC-32 as ISO 3309 and RFC 1952 have it, Adler-32 as RFC 1950. */
enum { ANNC_CRC32 = 0, ANNC_ADLER32 = 1 };
uint32_t annc_crc32(uint32_t crc, const void *bytes, size_t count);
uint32_t annc_adler32(uint32_t adler, const void *bytes, size_t count);

#endif
