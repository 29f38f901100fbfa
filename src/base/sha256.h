/* sha256.h - incremental SHA-256 (FIPS 180-4). */
#ifndef ANNC_BASE_SHA256_H
#define ANNC_BASE_SHA256_H

#include <stddef.h>
#include <stdint.h>

struct annc_sha256 {
    uint32_t state[8];
    uint64_t bytes;
    uint8_t block[64];
};

void annc_sha256_begin(struct annc_sha256 *sha);
void annc_sha256_add(struct annc_sha256 *sha, const void *bytes, size_t count);
/* Writes the digest as 64 hexadecimal digits. */
void annc_sha256_end(struct annc_sha256 *sha, char hexadecimal[65]);

#endif
