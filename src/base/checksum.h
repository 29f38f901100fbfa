/* checksum.h - the checksum of zip archives, and a faster one for what stays in memory. */
#ifndef ANNC_BASE_CHECKSUM_H
#define ANNC_BASE_CHECKSUM_H

#include <stddef.h>
#include <stdint.h>

/* Returns the CRC-32 (ISO 3309, RFC 1952) of all bytes so far: `crc` is the previous result, or
 * ANNC_CRC32 for the first call. */
enum { ANNC_CRC32 = 0 };
uint32_t annc_crc32(uint32_t crc, const void *bytes, size_t count);

/* Returns a hash of the bytes and of what was hashed before: `hash` is the previous result, or any
 * number for the first call. It depends on how the bytes are divided among the calls. */
uint64_t annc_hash(uint64_t hash, const void *bytes, size_t count);

#endif
