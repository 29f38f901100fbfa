/* number_run_avx2.c - runs of numbers, 64 bytes at a time: what the bytes are stands in words of 64
 * bits, and sums of these words check all fields at once. */
#include "base/number.h"
#include "dataset/text/number_run.h"

#include <immintrin.h>
#include <string.h>

enum { WINDOW = 64, HALF = 16, MOST_DIGITS = 19 };

/* The bytes of a text from the beginning of a field on, a bit for each. */
struct window {
    uint64_t points, signs;
    uint64_t ends;  /* separators and line ends behind numbers; none behind the first other field */
    uint64_t lines; /* line feeds */
};

static inline uint64_t bits_of(__m256i low, __m256i high)
{
    return (uint32_t)_mm256_movemask_epi8(low) | (uint64_t)(uint32_t)_mm256_movemask_epi8(high) << 32;
}

static inline __m256i are_digits(__m256i text)
{
    const __m256i value = _mm256_sub_epi8(text, _mm256_set1_epi8('0'));
    return _mm256_cmpeq_epi8(_mm256_min_epu8(value, _mm256_set1_epi8(9)), value);
}

static inline __m256i are_signs(__m256i text)
{
    return _mm256_or_si256(_mm256_cmpeq_epi8(text, _mm256_set1_epi8('-')),
                           _mm256_cmpeq_epi8(text, _mm256_set1_epi8('+')));
}

static inline struct window look(const char *at, char separator)
{
    const __m256i low = _mm256_loadu_si256((const __m256i *)at), high = _mm256_loadu_si256((const __m256i *)at + 1);
#define BITS(c) bits_of(_mm256_cmpeq_epi8(low, _mm256_set1_epi8(c)), _mm256_cmpeq_epi8(high, _mm256_set1_epi8(c)))
    const uint64_t digits = bits_of(are_digits(low), are_digits(high));
    const uint64_t signs = bits_of(are_signs(low), are_signs(high));
    const uint64_t points = BITS('.'), lines = BITS('\n'), returns = BITS('\r');
    const uint64_t ends = BITS(separator) | lines | returns, inside = ~ends;
#undef BITS
    /* Adding the bit of a byte to those of its field carries into the field's end: a digit shows there.
     * A point shows there, too, and where another point in the field was. */
    const uint64_t digitless = ends & ~(inside + digits) & ~(lines & returns << 1);
    const uint64_t more_points = points & (inside + points);
    const uint64_t stray_signs = signs & ~(ends << 1 | 1);
    const uint64_t lone_returns = returns & ~(lines >> 1);
    const uint64_t wrong = ~(digits | signs | points | ends) | digitless | more_points | stray_signs | lone_returns;
    /* The bits below the first wrong one. */
    return (struct window){points, signs, ends & ~wrong & (wrong - 1), lines};
}

/* ---------------------------------------------------------------- reading */

/* Returns the value of the last 16 digits before `end`, or of all, if there are less, whatever stands
 * before them; the last `fraction` are behind a point. Neighbours are joined to numbers of two, four,
 * eight and sixteen digits. */
static inline uint64_t take_digits(const char *end, unsigned digits, unsigned fraction, bool has_point)
{
    const __m128i places = _mm_setr_epi8(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15);
    /* The bytes behind the point, and those before it, one place further to pass over it. */
    const __m128i behind = _mm_loadu_si128((const __m128i *)(end - HALF));
    const __m128i before = _mm_loadu_si128((const __m128i *)(end - HALF - has_point));
    const __m128i is_behind = _mm_cmpgt_epi8(places, _mm_set1_epi8((char)(HALF - 1 - (int)fraction)));
    const __m128i is_digit = _mm_cmpgt_epi8(places, _mm_set1_epi8((char)(HALF - 1 - (int)digits)));
    const __m128i text = _mm_sub_epi8(_mm_blendv_epi8(before, behind, is_behind), _mm_set1_epi8('0'));
    const __m128i two = _mm_maddubs_epi16(_mm_and_si128(text, is_digit), _mm_set1_epi16(1 << 8 | 10));
    const __m128i four = _mm_madd_epi16(two, _mm_set1_epi32(1 << 16 | 100));
    const __m128i eight = _mm_madd_epi16(_mm_packus_epi32(four, four), _mm_set1_epi32(1 << 16 | 10000));
    const uint64_t halves = (uint64_t)_mm_cvtsi128_si64(eight);
    return (halves & UINT32_MAX) * 100000000 + (halves >> 32);
}

/* Returns the value of the digits before the last 16. */
static uint64_t take_first(const char *at, unsigned digits)
{
    uint64_t value = 0;
    for (; digits > HALF; at++) {
        if (*at == '.')
            continue;
        value = value * 10 + (uint64_t)(*at - '0');
        digits--;
    }
    return value;
}

/* Reads the number in the window's bits from `from` to `to`; false if it has too many digits. */
static inline bool read_number(const char *text, const struct window *window, unsigned from, unsigned to,
                               struct annc_field *field)
{
    const uint64_t seventeenth = UINT64_C(10000000000000000), after = UINT64_C(1) << to;
    const uint64_t point = window->points & (after - 1) & ~UINT64_C(0) << from;
    const bool has_point = point != 0, has_sign = window->signs >> from & 1, is_negative = text[from] == '-';
    const unsigned fraction = to - (unsigned)__builtin_ctzll(point | after) - has_point;
    const unsigned digits = to - from - has_point - has_sign;
    if (digits > MOST_DIGITS)
        return false;
    uint64_t value = take_digits(text + to, digits, fraction, has_point);
    if (digits > HALF)
        value += take_first(text + from + has_sign, digits) * seventeenth;
    *field = (struct annc_field){.text = text + from,
                                 .length = to - from,
                                 .is_number = true,
                                 .has_point = has_point,
                                 .number = annc_number_scaled(value, fraction) * (1 - 2 * is_negative)};
    return true;
}

static size_t read(const char **at, const char *end, char separator, struct annc_field *fields, size_t room,
                   bool *ended)
{
    size_t count = 0;
    *ended = false;
    while (count < room && end - *at >= WINDOW) {
        const char *text = *at;
        const struct window window = look(text, separator);
        unsigned from = 0;
        for (uint64_t ends = window.ends; ends && count < room; ends &= ends - 1) {
            const unsigned to = (unsigned)__builtin_ctzll(ends);
            if (!read_number(text, &window, from, to, &fields[count]))
                return count;
            count++;
            *ended = text[to] != separator;
            *at = text + to + !*ended;
            if (*ended)
                return count;
            from = to + 1;
        }
        if (from == 0)
            break;
    }
    return count;
}

/* ---------------------------------------------------------------- passing */

static size_t pass(const char **at, const char *end, char separator, size_t width, const char *first,
                   size_t first_length, size_t most, bool *has_points)
{
    const char *text = *at;
    size_t records = 0, fields = 0; /* fields: of the record that begins at *at */
    while (end - text >= WINDOW) {
        const struct window window = look(text, separator);
        uint64_t ends = window.ends;
        if (ends == 0)
            return records;
        const unsigned length = WINDOW - (unsigned)__builtin_clzll(ends);
        for (uint64_t lines = ends & window.lines; lines; lines &= lines - 1) {
            const char *line = text + __builtin_ctzll(lines);
            const uint64_t until = lines ^ (lines - 1); /* the line's end and all before it */
            const char *last = line - (line[-1] == '\r');
            fields += (unsigned)__builtin_popcountll(ends & until) - (line[-1] == '\r');
            const bool is_first =
                first && (size_t)(last - *at) == first_length && memcmp(*at, first, first_length) == 0;
            if (fields != width || is_first || records == most)
                return records;
            ends &= ~until;
            fields = 0;
            records++;
            *at = line + 1;
        }
        fields += (unsigned)__builtin_popcountll(ends);
        *has_points = *has_points || (window.points & (~UINT64_C(0) >> (WINDOW - length))) != 0;
        text += length;
    }
    return records;
}

const struct annc_number_runs annc_number_runs_avx2 = {read, pass};
