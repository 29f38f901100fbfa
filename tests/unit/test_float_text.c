/* The program's floats are those of printf. */
#include "support/test.h"

#include "cli/terminal/float_text.h"

#include <stdint.h>

static uint64_t draw(uint64_t *state)
{
    *state = *state * 6364136223846793005u + 1442695040888963407u;
    return *state ^ *state >> 29;
}

/* Numbers are written as "%.9g" does, also where nine digits are next to a half or to a power of ten. */
static void formatted_numbers(void)
{
    static const double cases[] = {0,           -0.0,        1,           -1,   0.5,    1e9,  999999999.5,
                                   999999999.4, 1e-13,       1e-14,       1e-5, 1e-4,   1e22, 1e300,
                                   9.9999e5,    100000000.5, 100000001.5, 0.1,  5e-324, NAN,  INFINITY};
    uint64_t state = 1;
    for (int i = 0; i < 200000; i++) {
        char text[FLOAT_TEXT], wanted[40];
        const double share = ldexp((double)(draw(&state) >> 11), -53), power = pow(10, (int)(draw(&state) % 26) - 15);
        const double number = i < (int)(sizeof cases / sizeof *cases) ? cases[i]
                              : i % 4 == 0                            ? (double)(float)share
                              : i % 4 == 1                            ? -share * power
                              : i % 4 == 2                            ? nextafter(power, draw(&state) % 2 ? 0 : 1e30)
                                                                      : floor(share * 1e9 + 1) / 2 / 1e5;
        const size_t length = float_text(number, text);
        snprintf(wanted, sizeof wanted, "%.9g", number);
        CHECK_MSG(strcmp(text, wanted) == 0 && length == strlen(wanted), "'%s', not '%s'", text, wanted);
    }
}

TEST_MAIN(TEST(formatted_numbers))
