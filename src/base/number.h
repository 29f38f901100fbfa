/* number.h - decimal numbers in text, the same in every locale. */
#ifndef ANNC_BASE_NUMBER_H
#define ANNC_BASE_NUMBER_H

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Reads the whole of a text as a decimal number: digits with one `decimal` mark at most, a sign and an exponent where wanted, and
 * `thousands` marks ('\0': none) between groups of three digits before the decimal mark. No blanks, no hexadecimal, no "inf", no "nan". What is
 * beyond double is infinite. */
bool annc_number_parse(const char *text, size_t length, char decimal, char thousands, double *number);

/* A number as C's "%a" writes it in the C locale, and back, exactly; finite ones alone. */
enum { ANNC_NUMBER_HEX = 32 };
void annc_number_format_hex(double number, char *text);
bool annc_number_parse_hex(const char *text, double *number);

/* The bits of a half precision number (IEEE 754 binary16) as a double. */
double annc_number_of_half(uint16_t bits);

/* As snprintf and vsnprintf, with a point for the decimal mark. */
int annc_print(char *text, size_t size, const char *format, ...) __attribute__((format(printf, 3, 4)));
int annc_vprint(char *text, size_t size, const char *format, va_list arguments) __attribute__((format(printf, 3, 0)));

#endif
