#include "base/number.h"

#include <locale.h>
#include <math.h>
#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { LONGEST = 400, EXACT_DIGITS = 15, MOST_DIGITS = 19, EXACT_POWER = 22 };

static locale_t plain;
static pthread_once_t once = PTHREAD_ONCE_INIT;

static void make_plain(void)
{
    plain = newlocale(LC_ALL_MASK, "C", (locale_t)0);
}

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

/* The parts of a number in a text. */
struct parts {
    char plain[LONGEST + 1]; /* with '.' and without thousands marks */
    size_t length;
    uint64_t digits; /* one integer of the first MOST_DIGITS significant digits */
    int significant, scale;
};

static void take_digit(struct parts *parts, char digit, bool fraction)
{
    parts->plain[parts->length++] = digit;
    if (parts->significant > 0 || digit != '0')
        parts->significant++;
    if (parts->significant <= MOST_DIGITS)
        parts->digits = parts->digits * 10 + (uint64_t)(digit - '0');
    parts->scale -= fraction;
}

/* Reads the digits before the decimal mark: contiguous, or in groups of three after the first. */
static const char *take_whole(const char *at, const char *end, char thousands, struct parts *parts)
{
    const char *group = at;
    bool grouped = false;
    for (; at < end && (is_digit(*at) || (thousands && *at == thousands)); at++) {
        if (is_digit(*at)) {
            take_digit(parts, *at, false);
            continue;
        }
        const ptrdiff_t digits = at - group;
        if (digits < 1 || digits > 3 || (grouped && digits != 3))
            return NULL;
        grouped = true;
        group = at + 1;
    }
    return grouped && at - group != 3 ? NULL : at;
}

static const char *take_exponent(const char *at, const char *end, int *exponent)
{
    bool negative = false;
    if (at == end || (*at != 'e' && *at != 'E'))
        return at;
    at++;
    if (at < end && (*at == '+' || *at == '-'))
        negative = *at++ == '-';
    if (at == end || !is_digit(*at))
        return NULL;
    for (; at < end && is_digit(*at); at++)
        if (*exponent < 100000)
            *exponent = *exponent * 10 + (*at - '0');
    *exponent = negative ? -*exponent : *exponent;
    return at;
}

const double annc_powers_of_ten[EXACT_POWER + 1] = {1e0,  1e1,  1e2,  1e3,  1e4,  1e5,  1e6,  1e7,
                                                    1e8,  1e9,  1e10, 1e11, 1e12, 1e13, 1e14, 1e15,
                                                    1e16, 1e17, 1e18, 1e19, 1e20, 1e21, 1e22};

/* ---------------------------------------------------------------- short numbers */

/* Returns the next eight bytes as a number, the first one lowest; zeros stand behind the end. */
static inline uint64_t load_bytes(const char *at, const char *end)
{
    uint64_t word;
    if (__builtin_expect(end - at >= (ptrdiff_t)sizeof word, true)) {
        memcpy(&word, at, sizeof word);
    } else {
        char last[sizeof word] = {0};
        memcpy(last, at, (size_t)(end - at));
        memcpy(&word, last, sizeof word);
    }
#if __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
    word = __builtin_bswap64(word);
#endif
    return word;
}

/* Returns how many of the first eight bytes are digits, up to the first other one, and their value.
 * Neighbours are joined to numbers of two, four and eight digits. */
static unsigned take_digits(uint64_t word, uint64_t *value)
{
    const uint64_t each = 0x0101010101010101;
    uint64_t digits = word ^ '0' * each;
    /* The high bit of a byte above 9; a carry reaches only bytes behind such a one. */
    const uint64_t others = ((digits + (0x80 - 10) * each) | digits) & 0x80 * each;
    const unsigned count = others ? (unsigned)__builtin_ctzll(others) / 8 : 8;
    digits = count > 0 ? digits << 8 * (8 - count) : 0;
    digits = (digits * (1 + (10 << 8)) >> 8) & 0x00FF00FF00FF00FF;
    digits = (digits * (1 + (100 << 16)) >> 16) & 0x0000FFFF0000FFFF;
    *value = digits * (1 + (UINT64_C(10000) << 32)) >> 32;
    return count;
}

/* Reads digits up to the first other character and puts them behind those of *value, of which there
 * are *digits; may stop beyond EXACT_DIGITS. */
static const char *take_run(const char *at, const char *end, uint64_t *value, unsigned *digits)
{
    static const uint32_t tens[] = {1, 10, 100, 1000, 10000, 100000, 1000000, 10000000, 100000000};
    unsigned count;
    do {
        uint64_t more;
        count = take_digits(load_bytes(at, end), &more);
        *value = *value * tens[count] + more;
        *digits += count;
        at += count;
    } while (count == 8 && *digits <= EXACT_DIGITS);
    return at;
}

const char *annc_number_begin(const char *text, const char *end, char decimal, double *number, bool *has_mark)
{
    const char *at = text;
    uint64_t value = 0;
    unsigned digits = 0;
    const bool negative = at < end && *at == '-';
    at += negative | (at < end && *at == '+');
    at = take_run(at, end, &value, &digits);
    const unsigned whole = digits;
    *has_mark = at < end && *at == decimal;
    if (*has_mark && digits <= EXACT_DIGITS)
        at = take_run(at + 1, end, &value, &digits);
    if (digits == 0 || digits > EXACT_DIGITS)
        return NULL;
    /* Both are exact; signs come in no order, so that a branch for them is mispredicted. */
    *number = (double)value / annc_powers_of_ten[digits - whole] * (1 - 2 * negative);
    return at;
}

/* ---------------------------------------------------------------- all numbers */

static double parse_plain(const char *text)
{
    pthread_once(&once, make_plain);
    return plain ? strtod_l(text, NULL, plain) : strtod(text, NULL);
}

#ifdef __SIZEOF_INT128__

__extension__ typedef unsigned __int128 wide;

/* Returns 2^exponent, a normal number. */
static double power_of_two(int exponent)
{
    const uint64_t bits = (uint64_t)(1023 + exponent) << 52;
    double power;
    memcpy(&power, &bits, sizeof power);
    return power;
}

double annc_number_divide(uint64_t digits, unsigned power)
{
    static const uint64_t fives[EXACT_POWER + 1] = {UINT64_C(1),
                                                    UINT64_C(5),
                                                    UINT64_C(25),
                                                    UINT64_C(125),
                                                    UINT64_C(625),
                                                    UINT64_C(3125),
                                                    UINT64_C(15625),
                                                    UINT64_C(78125),
                                                    UINT64_C(390625),
                                                    UINT64_C(1953125),
                                                    UINT64_C(9765625),
                                                    UINT64_C(48828125),
                                                    UINT64_C(244140625),
                                                    UINT64_C(1220703125),
                                                    UINT64_C(6103515625),
                                                    UINT64_C(30517578125),
                                                    UINT64_C(152587890625),
                                                    UINT64_C(762939453125),
                                                    UINT64_C(3814697265625),
                                                    UINT64_C(19073486328125),
                                                    UINT64_C(95367431640625),
                                                    UINT64_C(476837158203125),
                                                    UINT64_C(2384185791015625)};
    if (digits == 0)
        return 0;
    /* digits / 5^power with a quotient of 63 or 64 bits. Rounding looks at the lowest 10 of them only
     * as a half, more or less, so that the last one may stand for all that are cut off. */
    const int up = __builtin_clzll(digits), down = __builtin_clzll(fives[power]);
    const wide dividend = (wide)(digits << up) << 63;
    const uint64_t divisor = fives[power] << down, quotient = (uint64_t)(dividend / divisor);
    const bool is_inexact = (wide)quotient * divisor != dividend;
    return (double)(quotient | is_inexact) * power_of_two(down - up - 63 - (int)power);
}

#else

double annc_number_divide(uint64_t digits, unsigned power)
{
    char text[LONGEST];
    snprintf(text, sizeof text, "%llue-%u", (unsigned long long)digits, power);
    return parse_plain(text);
}

#endif

/* Returns the parts as a double, rounded once. */
static double value_of(const struct parts *parts, int exponent)
{
    const int power = exponent + parts->scale;
    char whole[LONGEST + 16];
    /* Both are exact in double, so one division or product rounds once (Clinger 1990). */
    if (parts->significant <= EXACT_DIGITS && power >= -EXACT_POWER && power <= EXACT_POWER)
        return power < 0 ? (double)parts->digits / annc_powers_of_ten[-power]
                         : (double)parts->digits * annc_powers_of_ten[power];
    if (parts->significant <= MOST_DIGITS && power >= -EXACT_POWER && power <= 0)
        return annc_number_divide(parts->digits, (unsigned)-power);
    snprintf(whole, sizeof whole, "%.*se%d", (int)parts->length, parts->plain, exponent);
    return parse_plain(whole);
}

bool annc_number_parse(const char *text, size_t length, char decimal, char thousands, double *number)
{
    const char *at = text, *end = text + length;
    struct parts parts; /* not cleared: `length` delimits its text */
    int exponent = 0;
    bool negative = false, has_mark;
    if (length > LONGEST)
        return false;
    if (annc_number_begin(text, end, decimal, number, &has_mark) == end)
        return true;
    parts.length = 0;
    parts.digits = 0;
    parts.significant = parts.scale = 0;
    if (at < end && (*at == '-' || *at == '+'))
        negative = *at++ == '-';
    const char *first = at;
    at = take_whole(at, end, thousands, &parts);
    if (!at)
        return false;
    size_t digits = (size_t)(at - first);
    if (at < end && *at == decimal) {
        parts.plain[parts.length++] = '.';
        for (at++; at < end && is_digit(*at); at++, digits++)
            take_digit(&parts, *at, true);
    }
    at = digits > 0 ? take_exponent(at, end, &exponent) : NULL;
    if (!at || at != end)
        return false;
    *number = negative ? -value_of(&parts, exponent) : value_of(&parts, exponent);
    return true;
}

/* ---------------------------------------------------------------- writing */

int annc_vprint(char *text, size_t size, const char *format, va_list arguments)
{
    pthread_once(&once, make_plain);
    const locale_t before = plain ? uselocale(plain) : (locale_t)0; /* this thread's */
    const int length = vsnprintf(text, size, format, arguments);
    if (before)
        uselocale(before);
    return length;
}

int annc_print(char *text, size_t size, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    const int length = annc_vprint(text, size, format, arguments);
    va_end(arguments);
    return length;
}

int annc_number_digits(double offset)
{
    enum { SPARE = 100 }; /* a float has 7 digits */
    const int more = fabs(offset) > SPARE ? (int)ceil(log10(fabs(offset) / SPARE)) : 0;
    return more < ANNC_DOUBLE_DIGITS - ANNC_FLOAT_DIGITS ? ANNC_FLOAT_DIGITS + more : ANNC_DOUBLE_DIGITS;
}

/* ---------------------------------------------------------------- hexadecimal */

void annc_number_format_hex(double number, char *text)
{
    annc_print(text, ANNC_NUMBER_HEX, "%a", number);
}

bool annc_number_parse_hex(const char *text, double *number)
{
    char *end;
    pthread_once(&once, make_plain);
    if (*text == '\0' || strspn(text, "0123456789abcdefABCDEFxXpP+-.") != strlen(text))
        return false;
    *number = plain ? strtod_l(text, &end, plain) : strtod(text, &end);
    return *end == '\0' && isfinite(*number);
}

double annc_number_of_half(uint16_t bits)
{
    const int exponent = bits >> 10 & 31;
    const double fraction = bits & 1023;
    const double size = exponent == 0    ? ldexp(fraction, -24)
                        : exponent == 31 ? (fraction > 0 ? NAN : INFINITY)
                                         : ldexp(fraction + 1024, exponent - 25);
    return bits & 0x8000 ? -size : size;
}
