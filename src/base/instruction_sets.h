/* instruction_sets.h - the vector instructions of the processor.
 *
 * The processor is asked itself: __builtin_cpu_supports needs a part of the compiler's own library
 * that zig cc, which makes the wheels, does not fill in. The answer takes microseconds in a virtual
 * machine, so keep it. */
#ifndef ANNC_BASE_INSTRUCTION_SETS_H
#define ANNC_BASE_INSTRUCTION_SETS_H

#if defined(__x86_64__)

#include <cpuid.h>
#include <stdbool.h>
#include <stdint.h>

/* Bits of CPUID's registers, and of the states that the system saves (XCR0): vectors of 128, 256 and
 * 512 bits, and the masks of the latter. */
enum {
    ANNC_CPUID_FMA = 1 << 12,
    ANNC_CPUID_OSXSAVE = 1 << 27,
    ANNC_CPUID_AVX2 = 1 << 5,
    ANNC_CPUID_AVX512F = 1 << 16,
    ANNC_CPUID_AVX512DQ = 1 << 17,
    ANNC_CPUID_AVX512BW = 1 << 30,
    ANNC_STATE_256 = 0x06,
    ANNC_STATE_512 = 0xE6,
};
#define ANNC_CPUID_AVX512VL (1u << 31)

/* Returns whether the processor has all these bits of leaf 7, FMA, and a system that saves a state. */
static inline bool annc_has_vectors(uint32_t features, uint32_t state)
{
    uint32_t a, b, c, d, saved, high;
    if (!__get_cpuid(1, &a, &b, &c, &d) || !(c & ANNC_CPUID_OSXSAVE) || !(c & ANNC_CPUID_FMA))
        return false;
    __asm__ volatile("xgetbv" : "=a"(saved), "=d"(high) : "c"(0));
    return (saved & state) == state && __get_cpuid_count(7, 0, &a, &b, &c, &d) && (b & features) == features;
}

/* AVX2 and FMA. */
static inline bool annc_has_avx2(void)
{
    return annc_has_vectors(ANNC_CPUID_AVX2, ANNC_STATE_256);
}

/* AVX-512 F, BW, DQ and VL. */
static inline bool annc_has_avx512(void)
{
    return annc_has_vectors(ANNC_CPUID_AVX512F | ANNC_CPUID_AVX512DQ | ANNC_CPUID_AVX512BW | ANNC_CPUID_AVX512VL,
                            ANNC_STATE_512);
}

#endif

#endif
