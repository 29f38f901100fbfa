/* number.h - decimal numbers in text, the same in every locale. */
#ifndef ANNC_BASE_NUMBER_H
#define ANNC_BASE_NUMBER_H

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Reads a whole text as a decimal number: digits with at most one `decimal` mark, an optional sign
 * and exponent, and `thousands` marks ('\0' = none) between groups of three digits before the
 * decimal mark. Rejects blanks, hexadecimal, "inf" and "nan". A number beyond the range of double
 * is infinite. */
bool annc_number_parse(const char *text, size_t length, char decimal, char thousands, double *number);

/* Reads the number of up to 15 digits, with at most one `decimal` mark and a sign, that a text begins
 * with, as most numbers are written. Returns the end of its digits, and whether it has a mark; NULL
 * for any other beginning. The number is the one of annc_number_parse where the text ends there. */
const char *annc_number_begin(const char *text, const char *end, char decimal, double *number, bool *has_mark);

/* 1, 10, ... 10^22, which are exact. */
extern const double annc_powers_of_ten[23];

/* Returns digits / 10^power, rounded once. digits: of at most 19 decimal digits; power: at most 22. */
double annc_number_divide(uint64_t digits, unsigned power);

/* Returns the same, quickly where both are exact as doubles. */
static inline double annc_number_scaled(uint64_t digits, unsigned power)
{
    return digits <= UINT64_C(1) << 53 ? (double)digits / annc_powers_of_ten[power] : annc_number_divide(digits, power);
}

/* Write a finite number as "%a" does in the C locale, and read it back exactly. */
enum { ANNC_NUMBER_HEX = 32 };
void annc_number_format_hex(double number, char *text);
bool annc_number_parse_hex(const char *text, double *number);

/* Returns a half precision number (IEEE 754 binary16), given by its bits, as a double. */
double annc_number_of_half(uint16_t bits);

/* Returns the significant digits that show what a float tells about a number that is `offset` times
 * as large as what the float has: 9, and up to 17 where the offset hides differences. */
enum { ANNC_FLOAT_DIGITS = 9, ANNC_DOUBLE_DIGITS = 17 };
int annc_number_digits(double offset);

/* As snprintf and vsnprintf, but always with a point as the decimal mark. */
int annc_print(char *text, size_t size, const char *format, ...) __attribute__((format(printf, 3, 4)));
int annc_vprint(char *text, size_t size, const char *format, va_list arguments) __attribute__((format(printf, 3, 0)));

#endif
