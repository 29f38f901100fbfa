/* The definitions of f, f' and C: float against double, derivatives against differences, extremes. */
#include "base/functions.h"
#include "support/test.h"

/* |got - want| in units of the last place of a float near want. */
static double ulps(float got, double want)
{
    const float near = fabsf((float)want);
    return fabs((double)got - want) / (double)(nextafterf(near, INFINITY) - near);
}

static void exponential(void)
{
    double worst = 0;
    for (double z = -87; z < 88; z += 1.0 / 1024 + 1e-5)
        worst = fmax(worst, ulps(annc_exp_f32((float)z), exp((double)(float)z)));
    CHECK_MSG(worst <= 2, "%g ulp", worst);
    CHECK(annc_exp_f32(0) == 1);
    CHECK(isfinite(annc_exp_f32(1e30f)) && annc_exp_f32(1e30f) > 1e38f);
    CHECK(annc_exp_f32(-1e30f) > 0 && annc_exp_f32(-1e30f) < 2e-38f);
    CHECK(isfinite(annc_exp_f32(INFINITY)) && isfinite(annc_exp_f32(-INFINITY)));
    CHECK(isnan(annc_exp_f32(NAN)));
}

static void hyperbolic_tangent(void)
{
    double worst = 0;
    for (double z = -12; z < 12; z += 1.0 / 4096 + 1e-6)
        worst = fmax(worst, ulps(annc_tanh_f32((float)z), tanh((double)(float)z)));
    CHECK_MSG(worst <= 4, "%g ulp", worst);
    CHECK(annc_tanh_f32(0) == 0 && annc_tanh_f32(1e30f) == 1 && annc_tanh_f32(-1e30f) == -1);
    CHECK(isnan(annc_tanh_f32(NAN)));
}

/* Every activation: float as double, f' as the slope of f, both finite wherever z is. */
static void activations(void)
{
    for (int i = 0; i < ANNC_ACTIVATION_COUNT; i++) {
        const annc_activation f = (annc_activation)i;
        const double h = 1e-6;
        for (double z = -9.03; z < 9; z += 0.0625) {
            const double a = annc_activation_value_f64(f, z), slope = annc_activation_derivative_f64(f, z, a);
            const double numeric =
                (annc_activation_value_f64(f, z + h) - annc_activation_value_f64(f, z - h)) / (2 * h);
            const float single = annc_activation_value_f32(f, (float)z);
            CHECK_MSG(fabs(slope - numeric) <= 1e-7 * (1 + fabs(slope)), "%s'(%g) is %g, not %g",
                      annc_activation_name(f), z, slope, numeric);
            CHECK_MSG(fabs((double)single - annc_activation_value_f64(f, (double)(float)z)) <= 1e-6 * (1e-3 + fabs(a)),
                      "%s(%g) in float", annc_activation_name(f), z);
            CHECK(fabs((double)annc_activation_derivative_f32(f, (float)z, single) - slope) <=
                  1e-6 * (1 + fabs(slope)));
        }
        for (float z = -1e6f; z <= 1e6f; z += 1e5f)
            CHECK(isfinite(annc_activation_value_f32(f, z)) &&
                  isfinite(annc_activation_derivative_f32(f, z, annc_activation_value_f32(f, z))));
        CHECK_MSG(isnan(annc_activation_value_f32(f, NAN)), "%s hides NaN", annc_activation_name(f));
    }
}

/* The table says which derivatives read z: the others are the same without it. */
static void slopes_that_read_z(void)
{
    for (int i = 0; i < ANNC_ACTIVATION_COUNT; i++) {
        const annc_activation f = (annc_activation)i;
        bool reads_z = false;
        for (double z = -9; z <= 9; z += 0.125) {
            const double a = annc_activation_value_f64(f, z);
            reads_z =
                reads_z || annc_activation_derivative_f64(f, (double)NAN, a) != annc_activation_derivative_f64(f, z, a);
        }
        CHECK_MSG(reads_z == annc_activation_slope_reads_z(f), "%s", annc_activation_name(f));
    }
}

/* Every cost: its derivative is the slope of C, in a for any output and in z for a cost in closed form. */
static void costs(void)
{
    const double h = 1e-6, tau = 0.8;
    for (int i = 0; i < ANNC_COST_COUNT; i++) {
        const annc_cost cost = (annc_cost)i;
        for (double z = -4.03; z < 4; z += 0.125)
            for (double y = 0; y <= 1; y += 0.25) {
                double numeric, want;
                if (annc_cost_partner(cost) == ANY_OUTPUT) {
                    want = annc_cost_derivative_f64(cost, tau, z, z, y);
                    numeric =
                        (annc_cost_value_f64(cost, tau, z, z + h, y) - annc_cost_value_f64(cost, tau, z, z - h, y)) /
                        (2 * h);
                } else if (annc_cost_partner(cost) != ANNC_SOFTMAX) {
                    want = annc_cost_derivative_f64(
                        cost, tau, z, annc_activation_value_f64((annc_activation)annc_cost_partner(cost), z), y);
                    numeric =
                        (annc_cost_value_f64(cost, tau, z + h, 0, y) - annc_cost_value_f64(cost, tau, z - h, 0, y)) /
                        (2 * h);
                } else {
                    continue; /* a whole row is needed: test_reference */
                }
                CHECK_MSG(fabs(want - numeric) <= 1e-7 * (1 + fabs(want)), "%s at z %g, y %g: %g, not %g",
                          annc_cost_name(cost), z, y, want, numeric);
            }
    }
    CHECK_NEAR(annc_cost_value_f32(ANNC_CROSS_ENTROPY, 0, -1e4f, 0, 1), 1e4, 1e-2);
    CHECK_NEAR(annc_cost_value_f32(ANNC_CROSS_ENTROPY, 0, 1e4f, 1, 0), 1e4, 1e-2);
    CHECK_NEAR(annc_cost_value_f32(ANNC_CROSS_ENTROPY, 0, 1e4f, 1, 1), 0, 1e-12);
    CHECK_NEAR(annc_cost_value_f32(ANNC_CATEGORICAL_CROSS_ENTROPY, 0, -1e4f, 0, 1), 1e4, 1e-2);
    CHECK(annc_cost_value_f32(ANNC_CATEGORICAL_CROSS_ENTROPY, 0, -1e4f, 0, 0) == 0);
    CHECK(isnan(annc_cost_value_f32(ANNC_CROSS_ENTROPY, 0, NAN, NAN, 1)) &&
          isnan(annc_cost_value_f32(ANNC_QUADRATIC, 0, NAN, NAN, 1)));
}

/* Known values, so that a formula wrong in both precisions is found too. */
static void known_values(void)
{
    CHECK_NEAR(annc_activation_value_f64(ANNC_SIGMOID, 1), 0.73105857863000487, 1e-15);
    CHECK_NEAR(annc_activation_derivative_f64(ANNC_SIGMOID, 1, 0.73105857863000487), 0.19661193324148185, 1e-15);
    CHECK_NEAR(annc_activation_value_f64(ANNC_TANH, 0.5), 0.46211715726000976, 1e-15);
    CHECK(annc_activation_value_f64(ANNC_RELU, -2) == 0 && annc_activation_value_f64(ANNC_RELU, 3) == 3);
    CHECK_NEAR(annc_cost_value_f64(ANNC_QUADRATIC, 0, 0, 0.75, 0.25), 0.125, 1e-15);
    CHECK_NEAR(annc_cost_value_f64(ANNC_QUANTILE, 0.9, 0, 3, 1), 0.2, 1e-15);
    CHECK_NEAR(annc_cost_value_f64(ANNC_QUANTILE, 0.9, 0, 1, 3), 1.8, 1e-15);
    CHECK_NEAR(annc_cost_value_f64(ANNC_POISSON, 0, 0, 1, 4), 1, 1e-15);
    CHECK_NEAR(annc_cost_value_f64(ANNC_POISSON, 0, log(2), 2, 3), 2 - 3 * log(2), 1e-15);
    CHECK_NEAR(annc_cost_value_f64(ANNC_CROSS_ENTROPY, 0, 0, 0.5, 1), 0.69314718055994531, 1e-15);
}

TEST_MAIN(TEST(exponential), TEST(hyperbolic_tangent), TEST(activations), TEST(slopes_that_read_z), TEST(costs),
          TEST(known_values))
