#include "base/checksum.h"

#include <pthread.h>
#include <string.h>

static const uint32_t POLYNOMIAL = 0xEDB88320;

/* table[k][i] is the checksum of byte i followed by k zero bytes, to process eight bytes at a time
 * (Kounavis and Berry 2005). */
static uint32_t table[8][256];
static pthread_once_t once = PTHREAD_ONCE_INIT;

static void make_table(void)
{
    for (uint32_t i = 0; i < 256; i++) {
        uint32_t crc = i;
        for (int bit = 0; bit < 8; bit++)
            crc = crc & 1 ? crc >> 1 ^ POLYNOMIAL : crc >> 1;
        table[0][i] = crc;
    }
    for (int k = 1; k < 8; k++)
        for (uint32_t i = 0; i < 256; i++)
            table[k][i] = table[0][table[k - 1][i] & 255] ^ table[k - 1][i] >> 8;
}

uint32_t annc_crc32(uint32_t crc, const void *bytes, size_t count)
{
    const unsigned char *at = bytes;
    pthread_once(&once, make_table);
    crc = ~crc;
    for (; count >= 8; count -= 8, at += 8) {
        uint32_t next = 0;
        for (uint32_t k = 0; k < 8; k++)
            next ^= table[7 - k][(k < 4 ? at[k] ^ crc >> 8 * k : at[k]) & 255];
        crc = next;
    }
    for (; count > 0; count--, at++)
        crc = table[0][(crc ^ *at) & 255] ^ crc >> 8;
    return ~crc;
}

/* Mixes one word after another into the hash by a multiplication and a shift, so that each bit
 * affects all (the constant is 2^64 over the golden ratio). */
static uint64_t mix(uint64_t hash, uint64_t word)
{
    hash = (hash ^ word) * 0x9E3779B97F4A7C15u;
    return hash ^ hash >> 29;
}

uint64_t annc_hash(uint64_t hash, const void *bytes, size_t count)
{
    uint64_t word = 0;
    size_t i = 0;
    for (; i + sizeof word <= count; i += sizeof word) {
        memcpy(&word, (const char *)bytes + i, sizeof word);
        hash = mix(hash, word);
    }
    word = 0;
    memcpy(&word, (const char *)bytes + i, count - i);
    return mix(hash, word);
}
