/* cpu_lists.h - bytes as floats, and lists of nonzero numbers. Part of cpu_loops.h. */
#ifndef ANNC_BACKEND_CPU_LOOPS_CPU_LISTS_H
#define ANNC_BACKEND_CPU_LOOPS_CPU_LISTS_H

#include "backend/cpu/loops/cpu_kernels.h"
#include "backend/cpu/loops/cpu_vector.h"

static void bytes_to_floats(size_t count, float factor, const uint8_t *restrict bytes, float *restrict x)
{
    for (size_t j = 0; j < count; j++)
        x[j] = (float)bytes[j] * factor;
}

/* Reads eight bytes at once, since most groups are all 0 in sparse data. The lowest byte comes
 * first, as in memory. */
static uint32_t list_bytes(const uint8_t *x, uint32_t n, uint16_t *input, uint8_t *value)
{
    const uint64_t low = 0x7F7F7F7F7F7F7F7Fu;
    uint32_t count = 0, j = 0;
    for (; n - j >= LISTED; j += LISTED)
        count += v_list(x + j, j, input + count, value + count);
    for (; n - j >= sizeof low; j += sizeof low) {
        uint64_t word;
        memcpy(&word, x + j, sizeof word);
        /* `found` has the highest bit of each nonzero byte. */
        for (uint64_t found = (((word & low) + low) | word) & ~low; found; found &= found - 1) {
            const uint32_t k = j + (uint32_t)__builtin_ctzll(found) / 8;
            input[count] = (uint16_t)k;
            value[count++] = x[k];
        }
    }
    for (; j < n; j++)
        if (x[j] != 0) {
            input[count] = (uint16_t)j;
            value[count++] = x[j];
        }
    return count;
}

/* Lists the nonzero ones of the first n of 16 numbers, inputs from `first` on. Returns their
 * count. */
INLINE uint32_t list_sixteen(const float *x, uint32_t n, uint32_t first, uint16_t *input, float *value)
{
#if defined(__AVX512F__)
    return v_list_floats(_mm512_load_ps(x), n, first, input, value);
#else
    uint32_t count = 0;
    int any = 0;
    for (int j = 0; j < 16; j++)
        any |= x[j] != 0;
    for (uint32_t j = 0; any && j < n; j++) {
        input[count] = (uint16_t)(first + j);
        value[count] = x[j];
        count += x[j] != 0;
    }
    return count;
#endif
}

#endif
