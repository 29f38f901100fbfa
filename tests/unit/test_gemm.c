/* Matrix products against a triple loop in double, over shapes with every kind of remainder. Built once for the library's own and once
 * for the built-in ones. */
#include "backend/blas/gemm.h"
#include "base/philox.h"
#include "support/test.h"

typedef void product_fn(uint32_t m, uint32_t n, uint32_t k, float alpha, const float *A, const float *B, float beta,
                        float *C);

static float *random_matrix(size_t count, uint64_t seed)
{
    float *matrix = malloc(count * sizeof *matrix);
    for (size_t i = 0; i < count; i++)
        matrix[i] = (float)annc_normal(seed, 99, i);
    return matrix;
}

/* One product: max|C - R| relative to max|A| max|B| k, and ||C - R|| / ||R||, both within 2e-6. */
static void check_product(product_fn *product, const char *name, bool transpose_A, bool transpose_B, uint32_t m,
                          uint32_t n, uint32_t k, float alpha, float beta)
{
    float *A = random_matrix((size_t)m * k, 1), *B = random_matrix((size_t)k * n, 2),
          *C = random_matrix((size_t)m * n, 3);
    float *start = random_matrix((size_t)m * n, 3);
    double largest_A = 0, largest_B = 0, worst = 0, error = 0, size = 0;
    for (size_t i = 0; i < (size_t)m * n && beta == 0; i++)
        C[i] = NAN;
    product(m, n, k, alpha, A, B, beta, C);
    for (size_t i = 0; i < (size_t)m * k; i++)
        largest_A = fmax(largest_A, fabs((double)A[i]));
    for (size_t i = 0; i < (size_t)k * n; i++)
        largest_B = fmax(largest_B, fabs((double)B[i]));
    for (uint32_t i = 0; i < m; i++)
        for (uint32_t j = 0; j < n; j++) {
            double sum = 0;
            for (uint32_t p = 0; p < k; p++)
                sum += (double)A[transpose_A ? (size_t)p * m + i : (size_t)i * k + p] *
                       (double)B[transpose_B ? (size_t)j * k + p : (size_t)p * n + j];
            const double want = (double)alpha * sum + (double)beta * (double)start[(size_t)i * n + j];
            const double difference = (double)C[(size_t)i * n + j] - want;
            if (!(fabs(difference) <= worst))
                worst = fabs(difference);
            error += difference * difference;
            size += want * want;
        }
    CHECK_MSG(worst <= 2e-6 * (largest_A * largest_B * k * fabs((double)alpha) + fabs((double)beta) * 4) &&
                  sqrt(error) <= 2e-6 * sqrt(size),
              "%s %u x %u x %u, alpha %g, beta %g: worst %g, normwise %g", name, m, n, k, (double)alpha, (double)beta,
              worst, sqrt(error / size));
    free(A);
    free(B);
    free(C);
    free(start);
}

static void products(void)
{
    static const uint32_t shapes[][3] = {{1, 1, 1},      {1, 7, 3},      {5, 1, 9},    {2, 3, 5},    {7, 13, 11},
                                         {16, 32, 784},  {32, 784, 16},  {16, 10, 32}, {16, 32, 10}, {10, 32, 16},
                                         {33, 65, 257},  {97, 259, 255}, {6, 16, 256}, {8, 32, 512}, {100, 300, 1},
                                         {193, 513, 70}, {48, 256, 300}, {95, 31, 513}};
    static const float factors[][2] = {{1, 0}, {1, 1}, {-0.1875f, 1}, {0.5f, 0.25f}};
    for (size_t s = 0; s < sizeof shapes / sizeof *shapes; s++)
        for (size_t f = 0; f < sizeof factors / sizeof *factors; f++) {
            const uint32_t m = shapes[s][0], n = shapes[s][1], k = shapes[s][2];
            check_product(annc_gemm_nt, "A B^T", false, true, m, n, k, factors[f][0], factors[f][1]);
            check_product(annc_gemm_nn, "A B", false, false, m, n, k, factors[f][0], factors[f][1]);
            check_product(annc_gemm_tn, "A^T B", true, false, m, n, k, factors[f][0], factors[f][1]);
        }
    printf("by %s\n", annc_gemm_name());
}

/* The same arguments give the same bits. */
static void repeats(void)
{
    float *A = random_matrix(64 * 784, 4), *B = random_matrix(128 * 784, 5), C[2][64 * 128];
    for (int run = 0; run < 2; run++)
        annc_gemm_nt(64, 128, 784, 1, A, B, 0, C[run]);
    CHECK(memcmp(C[0], C[1], sizeof C[0]) == 0);
    free(A);
    free(B);
}

TEST_MAIN(TEST(products), TEST(repeats))
