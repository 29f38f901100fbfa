/* functions.h - f, f' and C of annc_functions.h, for float and double, in C and in CUDA.
 *
 * In double, EXP and the others are the C library's functions. In float they are the functions
 * below: branch-free, so that compilers vectorise loops over them, never NaN for a finite input,
 * and the same source on every device. */
#ifndef ANNC_BASE_FUNCTIONS_H
#define ANNC_BASE_FUNCTIONS_H

#include "annc.h"
#include "base/device_code.h"

#include <math.h>
#include <stdint.h>
#include <string.h>

/* a b + c: rounded once if the machine has fused multiply-add, twice otherwise. */
#if defined(__FMA__) || defined(__CUDA_ARCH__) || defined(__aarch64__)
#define ANNC_FMA(a, b, c) fmaf(a, b, c)
#else
#define ANNC_FMA(a, b, c) ((a) * (b) + (c))
#endif

/* e^z as (1 + series) power: 2^n e^r with n = round(z / ln 2), r = z - n ln 2, and a Taylor series
 * to r^7. z is clamped to -87.3...88.37: n is then -126...127, 2^n is a float, and the result is
 * never 0 or infinite. */
struct annc_exponential {
    float series, power;
};

ANNC_DEVICE_CODE struct annc_exponential annc_exponential_f32(float z)
{
    struct annc_exponential e;
    const float lowest = -87.3f, highest = 88.37f;
    z = z < lowest ? lowest : z;
    z = z > highest ? highest : z;
    const float shift = 12582912.0f; /* 1.5 * 2^23: rounds a sum to an integer, in the low bits */
    const float shifted = ANNC_FMA(z, 1.44269504f, shift);
    const float n = shifted - shift;
    /* ln 2 in two parts, so that n * 0.693359375 is exact. */
    const float r = ANNC_FMA(n, 2.12194440e-4f, ANNC_FMA(n, -0.693359375f, z));
    float series = ANNC_FMA(1.98412698e-4f, r, 1.38888889e-3f);
    series = ANNC_FMA(series, r, 8.33333333e-3f);
    series = ANNC_FMA(series, r, 4.16666667e-2f);
    series = ANNC_FMA(series, r, 1.66666667e-1f);
    series = ANNC_FMA(series, r, 0.5f);
    e.series = ANNC_FMA(series * r, r, r);
    /* n + 127 becomes the exponent; the shift discards the bits of 1.5 * 2^23. Unsigned arithmetic
     * keeps this defined for NaN, whose bits have no meaning here. */
    uint32_t bits;
    memcpy(&bits, &shifted, sizeof bits);
    bits = (bits + 127) << 23;
    memcpy(&e.power, &bits, sizeof e.power);
    return e;
}

/* Returns exp(z) within 2 ulp for -87.3 <= z <= 88.37. It saturates at about 1e-38 below and 2e38
 * above, which avoids 0 times infinity. */
ANNC_DEVICE_CODE float annc_exp_f32(float z)
{
    const struct annc_exponential e = annc_exponential_f32(z);
    return ANNC_FMA(e.series, e.power, e.power);
}

/* Returns exp(z) - 1 within 4 ulp for z <= 0. */
ANNC_DEVICE_CODE float annc_expm1_f32(float z)
{
    const struct annc_exponential e = annc_exponential_f32(z < 0 ? z : 0 * z);
    return ANNC_FMA(e.series, e.power, e.power - 1);
}

/* Returns tanh(z) within 4 ulp: the odd series near 0, 1 - 2 / (e^2|z| + 1) elsewhere. */
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
ANNC_DEVICE_CODE float EXPM1(float z)
{
    return annc_expm1_f32(z);
}
ANNC_DEVICE_CODE double EXPM1(double z)
{
    return expm1(z);
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
ANNC_DEVICE_CODE float SQRT(float z)
{
    return sqrtf(z);
}
ANNC_DEVICE_CODE double SQRT(double z)
{
    return sqrt(z);
}
ANNC_DEVICE_CODE float ERFC(float z)
{
    return erfcf(z);
}
ANNC_DEVICE_CODE double ERFC(double z)
{
    return erfc(z);
}
#else
#define EXP(z)   _Generic((z), float : annc_exp_f32, double : exp)(z)
#define EXPM1(z) _Generic((z), float : annc_expm1_f32, double : expm1)(z)
#define TANH(z)  _Generic((z), float : annc_tanh_f32, double : tanh)(z)
#define LOG1P(z) _Generic((z), float : log1pf, double : log1p)(z)
#define SQRT(z)  _Generic((z), float : sqrtf, double : sqrt)(z)
#define ERFC(z)  _Generic((z), float : erfcf, double : erfc)(z)
#endif
#define LOGISTIC(z)           (1 / (1 + EXP(-(z))))
#define NORMAL_BELOW(z)       (ERFC((real)-0.70710678118654752440084436210485 * (z)) / 2) /* erfc(-z / sqrt 2) / 2 */
#define ABS(z)                ((z) < 0 ? -(z) : (z))
#define OVER_ROOT(x, s, c, e) ((x) / ((c)*SQRT(s) + (e)))
#define MAX(z, w)             ((z) > (w) ? (z) : (w))
#define MIN(z, w)             ((z) < (w) ? (z) : (w))

enum annc_activation_kind { SMOOTH, PIECEWISE, OF_OUTPUTS, ROWWISE };
enum annc_slope { OF_A, OF_Z };
enum { ANY_OUTPUT = -1 };
enum { NO_STATE = 0, FIRST = 1, SECOND = 2, BOTH = FIRST | SECOND };

/* f and f' of one unit, C and its derivative of one output (annc_functions.h defines which), and
 * their pieces, by enumerator; in float (_f32) and in double (_f64). The switch has one outcome per
 * matrix; loops that must vectorise expand the tables themselves. */
#define ANNC_VALUE(enumerator, name, value, ...)                                                                       \
    case enumerator:                                                                                                   \
        return value;
#define ANNC_DERIVATIVE(enumerator, name, value, derivative, ...)                                                      \
    case enumerator:                                                                                                   \
        return derivative;
#define ANNC_PIECE(enumerator, name, value, derivative, kind, piece, ...)                                              \
    case enumerator:                                                                                                   \
        return piece;
#define ANNC_SWITCH(which, table, COLUMN, past)                                                                        \
    {                                                                                                                  \
        switch (which) {                                                                                               \
            table(COLUMN) case past : break;                                                                           \
        }                                                                                                              \
        return 0;                                                                                                      \
    }
#define ANNC_UNUSED __attribute__((unused))
#define ANNC_DEFINE_FUNCTIONS(number, suffix)                                                                          \
    ANNC_DEVICE_CODE number annc_activation_value_##suffix(annc_activation f, number z)                                \
    {                                                                                                                  \
        typedef number real ANNC_UNUSED;                                                                               \
        ANNC_SWITCH(f, ANNC_ACTIVATIONS, ANNC_VALUE, ANNC_ACTIVATION_COUNT)                                            \
    }                                                                                                                  \
    ANNC_DEVICE_CODE number annc_activation_derivative_##suffix(annc_activation f, ANNC_UNUSED number z,               \
                                                                ANNC_UNUSED number a)                                  \
    {                                                                                                                  \
        typedef number real ANNC_UNUSED;                                                                               \
        ANNC_SWITCH(f, ANNC_ACTIVATIONS, ANNC_DERIVATIVE, ANNC_ACTIVATION_COUNT)                                       \
    }                                                                                                                  \
    ANNC_DEVICE_CODE number annc_cost_value_##suffix(annc_cost cost, ANNC_UNUSED number tau, ANNC_UNUSED number z,     \
                                                     ANNC_UNUSED number a, number y)                                   \
    {                                                                                                                  \
        typedef number real ANNC_UNUSED;                                                                               \
        ANNC_SWITCH(cost, ANNC_COSTS, ANNC_VALUE, ANNC_COST_COUNT)                                                     \
    }                                                                                                                  \
    ANNC_DEVICE_CODE number annc_cost_derivative_##suffix(annc_cost cost, ANNC_UNUSED number tau,                      \
                                                          ANNC_UNUSED number z, number a, number y)                    \
    {                                                                                                                  \
        typedef number real ANNC_UNUSED;                                                                               \
        ANNC_SWITCH(cost, ANNC_COSTS, ANNC_DERIVATIVE, ANNC_COST_COUNT)                                                \
    }

ANNC_DEFINE_FUNCTIONS(float, f32)
ANNC_DEFINE_FUNCTIONS(double, f64)

/* Returns the piece of f at z, or the piece of C at a. */
ANNC_DEVICE_CODE int annc_activation_piece(annc_activation f, double z){
    ANNC_SWITCH(f, ANNC_ACTIVATIONS, ANNC_PIECE, ANNC_ACTIVATION_COUNT)} ANNC_DEVICE_CODE
    int annc_cost_piece(annc_cost cost, double a, double y){ANNC_SWITCH(cost, ANNC_COSTS, ANNC_PIECE, ANNC_COST_COUNT)}

/* Returns the kind of f. */
#define ANNC_KIND(enumerator, name, value, derivative, kind, ...)                                                      \
    case enumerator:                                                                                                   \
        return kind;
ANNC_DEVICE_CODE enum annc_activation_kind annc_activation_kind_of(annc_activation f)
{
    switch (f) {
        ANNC_ACTIVATIONS(ANNC_KIND)
    case ANNC_ACTIVATION_COUNT:
        break;
    }
    return SMOOTH;
}

/* Returns whether f' reads z, and not a alone. */
#define ANNC_SLOPE(enumerator, name, value, derivative, kind, piece, lowest, highest, init, slope)                     \
    case enumerator:                                                                                                   \
        return slope == OF_Z;
ANNC_DEVICE_CODE bool annc_activation_slope_reads_z(annc_activation f){
    ANNC_SWITCH(f, ANNC_ACTIVATIONS, ANNC_SLOPE, ANNC_ACTIVATION_COUNT)}

/* Returns the only output activation that a cost accepts, or ANY_OUTPUT. */
ANNC_DEVICE_CODE int annc_cost_partner(annc_cost cost)
{
    switch (cost) {
        ANNC_COSTS(ANNC_KIND)
    case ANNC_COST_COUNT:
        break;
    }
    return ANY_OUTPUT;
}

/* Returns the value at which a single output changes from class 0 to class 1. */
#define ANNC_MIDDLE(enumerator, name, value, derivative, partner, piece, middle, ...)                                  \
    case enumerator:                                                                                                   \
        return (float)(middle);
ANNC_DEVICE_CODE float annc_cost_middle(annc_cost cost){ANNC_SWITCH(cost, ANNC_COSTS, ANNC_MIDDLE, ANNC_COST_COUNT)}

/* Returns the gradient g of a weight w plus the gradient of the penalties l2/2 w^2 and l1 |w|. */
ANNC_DEVICE_CODE float annc_penalised(float g, float w, float l2, float l1)
{
    return g + (l2 * w + (w > 0 ? l1 : w < 0 ? -l1 : 0));
}

/* Updates the optimiser's states of one parameter from its gradient g and returns the step. */
#define ANNC_UPDATE(enumerator, name, first, second, step, ...)                                                        \
    case enumerator:                                                                                                   \
        v = first;                                                                                                     \
        s = second;                                                                                                    \
        change = step;                                                                                                 \
        break;
#define ANNC_DEFINE_STEP(number, suffix)                                                                               \
    ANNC_DEVICE_CODE number annc_optimiser_step_##suffix(annc_optimiser optimiser, number eta, ANNC_UNUSED number mu,  \
                                                         ANNC_UNUSED number rho, ANNC_UNUSED number epsilon,           \
                                                         ANNC_UNUSED number c1, ANNC_UNUSED number c2, number g,       \
                                                         number *first_state, number *second_state)                    \
    {                                                                                                                  \
        number v = *first_state, s = *second_state, change = 0;                                                        \
        switch (optimiser) {                                                                                           \
            ANNC_OPTIMISERS(ANNC_UPDATE)                                                                               \
        case ANNC_OPTIMISER_COUNT:                                                                                     \
            break;                                                                                                     \
        }                                                                                                              \
        *first_state = v;                                                                                              \
        *second_state = s;                                                                                             \
        return change;                                                                                                 \
    }

ANNC_DEFINE_STEP(float, f32)
ANNC_DEFINE_STEP(double, f64)

/* Returns the states of an optimiser: FIRST and SECOND as bits. */
#define ANNC_STATES(enumerator, name, first, second, step, states, ...)                                                \
    case enumerator:                                                                                                   \
        return states;
ANNC_DEVICE_CODE int annc_optimiser_states(annc_optimiser optimiser)
{
    ANNC_SWITCH(optimiser, ANNC_OPTIMISERS, ANNC_STATES, ANNC_OPTIMISER_COUNT)
}

#undef ANNC_UPDATE
#undef ANNC_DEFINE_STEP
#undef ANNC_STATES
#undef ANNC_VALUE
#undef ANNC_DERIVATIVE
#undef ANNC_PIECE
#undef ANNC_KIND
#undef ANNC_SLOPE
#undef ANNC_MIDDLE
#undef ANNC_SWITCH
#undef ANNC_DEFINE_FUNCTIONS

#endif
