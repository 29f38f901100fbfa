/* functions.h - f, f' and C of annc_functions.h, for float and double, in C and in CUDA.
 *
 * In double, EXP and its kin are the C library's. In float they are the small functions below: branch-free, so that compilers
 * vectorise loops over them, never NaN for a finite input, and the same text on every device. */
#ifndef ANNC_BASE_FUNCTIONS_H
#define ANNC_BASE_FUNCTIONS_H

#include "annc.h"
#include "device_code.h"

#include <math.h>
#include <stdint.h>
#include <string.h>

/* exp(z) within 2 ulp where the result is normal. 2^n e^r with n = round(z / ln 2), r = z - n ln 2; Taylor series to r^7.
 * Below -87.3 the result is about 1e-38 and above 88.7 about 3e38: saturated, never 0 times infinity. */
ANNC_DEVICE_CODE float annc_exp_f32(float z)
{
    const float lowest = -87.3f, highest = 88.7f;
    z = z < lowest ? lowest : z;
    z = z > highest ? highest : z;
    const float shift = 12582912.0f; /* 1.5 * 2^23: adding it rounds to a whole number, which the low bits then hold */
    const float shifted = z * 1.44269504f + shift;
    const float n = shifted - shift;
    /* ln 2 in two parts, so that n * 0.693359375 is exact. */
    const float r = (z - n * 0.693359375f) + n * 2.12194440e-4f;
    float series = 1.98412698e-4f;
    series = series * r + 1.38888889e-3f;
    series = series * r + 8.33333333e-3f;
    series = series * r + 4.16666667e-2f;
    series = series * r + 1.66666667e-1f;
    series = series * r + 0.5f;
    series = (series * r) * r + r;
    /* 2^n as a product of two powers, since 2^128 is no float. Unsigned, so that NaN, whose bits mean nothing, only passes through. */
    uint32_t whole;
    memcpy(&whole, &shifted, sizeof whole);
    whole -= 0x4B400000u; /* the bits of the shift */
    const uint32_t half = (uint32_t)((int32_t)whole >> 1), rest = whole - half;
    const uint32_t bits_half = (half + 127) << 23, bits_rest = (rest + 127) << 23;
    float power_half, power_rest;
    memcpy(&power_half, &bits_half, sizeof power_half);
    memcpy(&power_rest, &bits_rest, sizeof power_rest);
    return (power_half + series * power_half) * power_rest;
}

/* tanh(z) within 4 ulp: the odd series near 0, 1 - 2 / (e^2|z| + 1) elsewhere. */
ANNC_DEVICE_CODE float annc_tanh_f32(float z)
{
    const float magnitude = z < 0 ? -z : z;
    const float q = z * z;
    float series = -8.86323553e-3f;
    series = series * q + 2.18694885e-2f;
    series = series * q - 5.39682540e-2f;
    series = series * q + 1.33333333e-1f;
    series = series * q - 3.33333333e-1f;
    const float near = z + z * q * series;
    const float far = 1 - 2 / (annc_exp_f32(2 * magnitude) + 1);
    return magnitude < 0.4f ? near : (z < 0 ? -far : far);
}

#if defined(__cplusplus)
ANNC_DEVICE_CODE float EXP(float z)
{
    return annc_exp_f32(z);
}
ANNC_DEVICE_CODE double EXP(double z)
{
    return exp(z);
}
ANNC_DEVICE_CODE float TANH(float z)
{
    return annc_tanh_f32(z);
}
ANNC_DEVICE_CODE double TANH(double z)
{
    return tanh(z);
}
ANNC_DEVICE_CODE float LOG1P(float z)
{
    return log1pf(z);
}
ANNC_DEVICE_CODE double LOG1P(double z)
{
    return log1p(z);
}
#else
#define EXP(z)   _Generic((z), float : annc_exp_f32, double : exp)(z)
#define TANH(z)  _Generic((z), float : annc_tanh_f32, double : tanh)(z)
#define LOG1P(z) _Generic((z), float : log1pf, double : log1p)(z)
#endif
#define ABS(z)    ((z) < 0 ? -(z) : (z))
#define MAX(z, w) ((z) > (w) ? (z) : (w))

enum annc_activation_kind { SMOOTH, PIECEWISE, ROWWISE };
enum { ANY_OUTPUT = -1 };

/* f and f' of one unit, and C and its derivative of one output (see annc_functions.h for which), by enumerator; in float (_f32) and in
 * double (_f64). The switch is uniform over a matrix; loops that must vectorise expand the tables themselves. */
#define ANNC_VALUE_CASE(enumerator, name, value, derivative, kind)                                                     \
    case enumerator:                                                                                                   \
        return value;
#define ANNC_DERIVATIVE_CASE(enumerator, name, value, derivative, kind)                                                \
    case enumerator:                                                                                                   \
        return derivative;
#define ANNC_DEFINE_FUNCTIONS(real, suffix)                                                                            \
    ANNC_DEVICE_CODE real annc_activation_value_##suffix(annc_activation f, real z)                                    \
    {                                                                                                                  \
        switch (f) {                                                                                                   \
            ANNC_ACTIVATIONS(ANNC_VALUE_CASE)                                                                          \
        case ANNC_ACTIVATION_COUNT:                                                                                    \
            break;                                                                                                     \
        }                                                                                                              \
        return 0;                                                                                                      \
    }                                                                                                                  \
    ANNC_DEVICE_CODE real annc_activation_derivative_##suffix(annc_activation f, real z, real a)                       \
    {                                                                                                                  \
        (void)z;                                                                                                       \
        (void)a;                                                                                                       \
        switch (f) {                                                                                                   \
            ANNC_ACTIVATIONS(ANNC_DERIVATIVE_CASE)                                                                     \
        case ANNC_ACTIVATION_COUNT:                                                                                    \
            break;                                                                                                     \
        }                                                                                                              \
        return 0;                                                                                                      \
    }                                                                                                                  \
    ANNC_DEVICE_CODE real annc_cost_value_##suffix(annc_cost cost, real z, real a, real y)                             \
    {                                                                                                                  \
        (void)z;                                                                                                       \
        (void)a;                                                                                                       \
        switch (cost) {                                                                                                \
            ANNC_COSTS(ANNC_VALUE_CASE)                                                                                \
        case ANNC_COST_COUNT:                                                                                          \
            break;                                                                                                     \
        }                                                                                                              \
        return 0;                                                                                                      \
    }                                                                                                                  \
    ANNC_DEVICE_CODE real annc_cost_derivative_##suffix(annc_cost cost, real z, real a, real y)                        \
    {                                                                                                                  \
        (void)z;                                                                                                       \
        switch (cost) {                                                                                                \
            ANNC_COSTS(ANNC_DERIVATIVE_CASE)                                                                           \
        case ANNC_COST_COUNT:                                                                                          \
            break;                                                                                                     \
        }                                                                                                              \
        return 0;                                                                                                      \
    }

ANNC_DEFINE_FUNCTIONS(float, f32)
ANNC_DEFINE_FUNCTIONS(double, f64)

#undef ANNC_DEFINE_FUNCTIONS
#undef ANNC_VALUE_CASE
#undef ANNC_DERIVATIVE_CASE

#define ANNC_KIND_CASE(enumerator, name, value, derivative, last)                                                      \
    case enumerator:                                                                                                   \
        return last;

/* Whether f is smooth, has a kink, or depends on the whole layer. */
ANNC_DEVICE_CODE enum annc_activation_kind annc_activation_kind_of(annc_activation f)
{
    switch (f) {
        ANNC_ACTIVATIONS(ANNC_KIND_CASE)
    case ANNC_ACTIVATION_COUNT:
        break;
    }
    return SMOOTH;
}

/* The one output activation that a cost takes, or ANY_OUTPUT. */
ANNC_DEVICE_CODE int annc_cost_partner(annc_cost cost)
{
    switch (cost) {
        ANNC_COSTS(ANNC_KIND_CASE)
    case ANNC_COST_COUNT:
        break;
    }
    return ANY_OUTPUT;
}

#undef ANNC_KIND_CASE

#endif
