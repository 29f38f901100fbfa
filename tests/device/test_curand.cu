// test_curand.cu - philox.h against cuRAND's own code, compiled for the host: words bit for bit, deviates within 1e-14.
#include <cstdio>
#include <initializer_list>

#define QUALIFIERS static inline __host__ __device__
#include <curand_kernel.h>

#include "base/philox.h"

int main()
{
    unsigned long long blocks = 0;
    double worst = 0;
    int failures = 0;
    for (uint64_t seed : {0ull, 1ull, 42ull, 0x123456789ABCDEFull, 0x7FFFFFFFFFFFFFFFull})
        for (uint64_t stream : {0ull, 1ull, 3ull, 0x100000000ull})
            for (uint64_t i = 0; i < 5000; i++, blocks++) {
                const uint64_t block = i < 4000 ? i : i * 0x12345679ull;
                curandStatePhilox4_32_10_t state;
                curand_init(seed, stream, 4 * block, &state);
                const uint4 words = curand4(&state);
                const annc_philox_block ours = annc_philox(seed, stream, block);
                failures += words.x != ours.word[0] || words.y != ours.word[1] || words.z != ours.word[2] ||
                            words.w != ours.word[3];

                curand_init(seed, stream, 4 * block, &state);
                const double2 pair = curand_normal2_double(&state);
                const double first = annc_normal(seed, stream, 2 * block),
                             second = annc_normal(seed, stream, 2 * block + 1);
                worst = fmax(worst, fmax(fabs(pair.x - first), fabs(pair.y - second)));
            }
    printf("%llu blocks: %d words differ, deviates within %g\n", blocks, failures, worst);
    const bool good = failures == 0 && worst <= 1e-14;
    printf("%d passed, %d failed\n", good, !good);
    return good ? 0 : 1;
}
