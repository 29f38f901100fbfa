/* float_text.c - writes floats as text, quickly. */
#include "cli/terminal/float_text.h"
#include "base/number.h"

#include <math.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>

/* Finds the decimal digits of a positive number, with one before the point: as a whole number of
 * ANNC_FLOAT_DIGITS digits, and the exponent. False beyond 1e-13 to 1e9, and where the rest is so near
 * a half that the product with a power of ten, which is rounded, could be on its other side. */
static bool round_to_float(double number, uint32_t *digits, int *exponent)
{
    const double least = 1e8, unsure = 1e-5; /* the product is wrong by 1e-7 at most */
    uint64_t bits;
    if (!(number >= 1e-13 && number < 1e9))
        return false;
    memcpy(&bits, &number, sizeof bits);
    *exponent = ((int)(bits >> 52) - 1023) * 1233 >> 12; /* log10(2) = 1233 / 4096; one too low at most */
    if (number * annc_powers_of_ten[ANNC_FLOAT_DIGITS - 1 - *exponent] >= 10 * least)
        (*exponent)++;
    const double scaled = number * annc_powers_of_ten[ANNC_FLOAT_DIGITS - 1 - *exponent], rest = scaled - floor(scaled);
    *digits = (uint32_t)scaled + (rest > 0.5);
    return *digits < 10 * least && fabs(rest - 0.5) > unsure;
}

size_t float_text(double number, char text[FLOAT_TEXT])
{
    char digits[ANNC_FLOAT_DIGITS];
    size_t count = ANNC_FLOAT_DIGITS, length = 0;
    uint32_t whole;
    int exponent;
    if (!round_to_float(fabs(number), &whole, &exponent))
        return (size_t)annc_print(text, FLOAT_TEXT, "%.*g", ANNC_FLOAT_DIGITS, number);
    for (size_t i = count; i-- > 0; whole /= 10)
        digits[i] = (char)('0' + whole % 10);
    while (count > 1 && digits[count - 1] == '0')
        count--;
    const bool is_scientific = exponent < -4;
    if (number < 0)
        text[length++] = '-';
    for (int zeros = is_scientific ? 0 : -exponent; zeros > 0; zeros--) {
        text[length++] = '0';
        if (zeros == -exponent)
            text[length++] = '.';
    }
    const size_t before = is_scientific ? 1 : exponent < 0 ? count : (size_t)exponent + 1; /* the point */
    for (size_t i = 0; i < count || i < before; i++) {
        if (i == before)
            text[length++] = '.';
        text[length++] = digits[i];
    }
    if (is_scientific) {
        text[length++] = 'e';
        text[length++] = '-';
        text[length++] = (char)('0' + -exponent / 10);
        text[length++] = (char)('0' + -exponent % 10);
    }
    text[length] = '\0';
    return length;
}
