/* annc_functions.h - every activation and every cost, once.
 *
 * A row of these tables is all there is to an activation or a cost: the reference, the CPU path, the CUDA kernels, the
 * command line's help and the gradient audit are made from it. The formulas are C expressions in
 *
 *     z  the weighted input of one unit        a  its activation f(z)        y  its target
 *
 * and use EXP, LOG1P, TANH, ABS and MAX, which exist for float and for double (src/base/functions.h). Whole numbers take the
 * type of what they are combined with, so one formula serves both precisions. */
#ifndef ANNC_FUNCTIONS_H
#define ANNC_FUNCTIONS_H

/* ENTRY(enumerator, name, f(z), f'(z), kind)
 *
 * kind  SMOOTH     differentiable everywhere
 *       PIECEWISE  has a kink at z = 0; finite differences keep away from it
 *       ROWWISE    each output depends on the whole layer: z is first replaced by z - log(sum of exp(z)) over the layer, after
 *                  which f is the formula here; the output layer alone may use it. Its Jacobian is diag(a) - a a^T. */
#define ANNC_ACTIVATIONS(ENTRY)                                                                                        \
    ENTRY(ANNC_SIGMOID, "sigmoid", 1 / (1 + EXP(-z)), a * (1 - a), SMOOTH)                                             \
    ENTRY(ANNC_TANH, "tanh", TANH(z), 1 - a * a, SMOOTH)                                                               \
    ENTRY(ANNC_RELU, "relu", z > 0 ? z : 0 * z, z > 0 ? 1 : 0, PIECEWISE)                                              \
    ENTRY(ANNC_IDENTITY, "identity", z, 1, SMOOTH)                                                                     \
    ENTRY(ANNC_SOFTMAX, "softmax", EXP(z), a, ROWWISE)

/* ENTRY(enumerator, name, C of one output, its derivative, partner)
 *
 * partner  ANY_OUTPUT: the derivative is dC/da, for any output activation (BP1 multiplies it by f'(z)).
 *          Otherwise the one output activation that the cost takes: the derivative is then dC/dz in closed form, and the cost
 *          is written in z, so that it stays finite for saturated outputs. */
#define ANNC_COSTS(ENTRY)                                                                                              \
    ENTRY(ANNC_QUADRATIC, "quadratic", (a - y) * (a - y) / 2, a - y, ANY_OUTPUT)                                       \
    ENTRY(ANNC_CROSS_ENTROPY, "cross-entropy", MAX(z, 0) - z * y + LOG1P(EXP(-ABS(z))), a - y, ANNC_SIGMOID)           \
    ENTRY(ANNC_CATEGORICAL_CROSS_ENTROPY, "categorical-cross-entropy", y == 0 ? 0 * y : -y * z, a - y, ANNC_SOFTMAX)

#endif
