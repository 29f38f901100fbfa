/* test.h - plain checks for the test programs. Each test program is a list of TEST functions run by TEST_MAIN; its exit code is 0
 * when all passed, 1 when one failed, and 77 (skipped, for CTest) when every one was skipped. */
#ifndef ANNC_TESTS_SUPPORT_TEST_H
#define ANNC_TESTS_SUPPORT_TEST_H

#include <math.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#if defined(__GNUC__)
#define TEST_UNUSED __attribute__((unused))
#endif

static int test_failures TEST_UNUSED; /* of the test that runs */
static bool test_skipped TEST_UNUSED;

/* Counts a failure; a test that fails everywhere is not worth its whole output. */
static inline void test_failed(void)
{
    enum { ENOUGH = 50 };
    if (++test_failures < ENOUGH)
        return;
    printf("too many failures\n0 passed, 1 failed, 0 skipped\n");
    exit(1);
}

#define CHECK(condition)                                                                                               \
    do {                                                                                                               \
        if (!(condition)) {                                                                                            \
            printf("%s:%d: failed: %s\n", __FILE__, __LINE__, #condition);                                             \
            test_failed();                                                                                             \
        }                                                                                                              \
    } while (0)

/* The same, with a text that says more. */
#define CHECK_MSG(condition, ...)                                                                                      \
    do {                                                                                                               \
        if (!(condition)) {                                                                                            \
            printf("%s:%d: failed: %s: ", __FILE__, __LINE__, #condition);                                             \
            printf(__VA_ARGS__);                                                                                       \
            printf("\n");                                                                                              \
            test_failed();                                                                                             \
        }                                                                                                              \
    } while (0)

/* A status that must be ANNC_OK; the test ends otherwise. */
#define REQUIRE_OK(expression)                                                                                         \
    do {                                                                                                               \
        annc_status test_status_ = (expression);                                                                       \
        if (test_status_ != ANNC_OK) {                                                                                 \
            printf("%s:%d: %s gave %d: %s\n", __FILE__, __LINE__, #expression, (int)test_status_, annc_last_error());  \
            test_failed();                                                                                             \
            return;                                                                                                    \
        }                                                                                                              \
    } while (0)

/* Numbers within a tolerance; NaN never is. */
#define CHECK_NEAR(got, want, tolerance)                                                                               \
    do {                                                                                                               \
        const double test_got_ = (got), test_want_ = (want);                                                           \
        if (!(fabs(test_got_ - test_want_) <= (tolerance))) {                                                          \
            printf("%s:%d: %s is %.17g, not %.17g within %g\n", __FILE__, __LINE__, #got, test_got_, test_want_,       \
                   (double)(tolerance));                                                                               \
            test_failed();                                                                                             \
        }                                                                                                              \
    } while (0)

#define SKIP(...)                                                                                                      \
    do {                                                                                                               \
        printf("skipped: ");                                                                                           \
        printf(__VA_ARGS__);                                                                                           \
        printf("\n");                                                                                                  \
        test_skipped = true;                                                                                           \
        return;                                                                                                        \
    } while (0)

struct test {
    const char *name;
    void (*run)(void);
};

/* Runs all, or those whose name contains the first argument. */
static inline int test_main(int argc, char **argv, const struct test *tests, size_t count)
{
    int ran = 0, failed = 0, skipped = 0;
    for (size_t i = 0; i < count; i++) {
        if (argc > 1 && !strstr(tests[i].name, argv[1]))
            continue;
        test_failures = 0;
        test_skipped = false;
        tests[i].run();
        fflush(stdout);
        ran++;
        failed += test_failures > 0;
        skipped += test_skipped && test_failures == 0;
        printf("%-7s %s\n", test_failures ? "FAIL" : test_skipped ? "skip" : "ok", tests[i].name);
    }
    printf("%d passed, %d failed, %d skipped\n", ran - failed - skipped, failed, skipped);
    if (failed || ran == 0)
        return 1;
    return skipped == ran ? 77 : 0;
}

#define TEST(function)                                                                                                 \
    {                                                                                                                  \
#function, function                                                                                            \
    }
#define TEST_MAIN(...)                                                                                                 \
    int main(int argc, char **argv)                                                                                    \
    {                                                                                                                  \
        static const struct test tests[] = {__VA_ARGS__};                                                              \
        return test_main(argc, argv, tests, sizeof tests / sizeof *tests);                                             \
    }

#endif
