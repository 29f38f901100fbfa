/* annc_functions.h - tables of all activations, costs, optimisers and initialisers.
 *
 * Each row defines its function completely: the reference, the CPU path, the CUDA kernels, the
 * command line's help and the gradient audit are generated from it. The formulas are C expressions
 * in
 *
 *     z  the weighted input of one unit        a  its activation f(z)        y  its target
 *     tau  the quantile of annc_shape, for the cost of that name
 *
 * and use EXP, EXPM1, LOG1P, TANH, LOGISTIC, NORMAL_BELOW (Phi of the normal distribution),
 * OVER_ROOT, ABS, MAX and MIN, which exist for float and for double (src/base/functions.h). Integer constants
 * take the type of their operands, and `real` is that type, so one formula serves both
 * precisions. */
#ifndef ANNC_FUNCTIONS_H
#define ANNC_FUNCTIONS_H

/* ENTRY(enumerator, name, f(z), f'(z), kind, piece, lowest, highest, init, slope)
 *
 *   kind   SMOOTH     infinitely differentiable
 *          PIECEWISE  piecewise smooth; finite differences avoid the boundaries of the pieces
 *          OF_OUTPUTS smooth; only the output layer may use it, since sums of its values, which have
 *                     no bound, would make the next layer overflow
 *          ROWWISE    each output depends on the whole layer: z is first replaced by
 *                     z - log(sum of exp(z)) over the layer, then f is the formula here. Only
 *                     the output layer may use it. Its Jacobian is diag(a) - a a^T.
 *   piece  an integer that identifies the piece of f at z
 *   lowest, highest  the range of f, bounds included
 *   init   the default initialiser for hidden layers with this activation
 *   slope  OF_A    the formula of f' has no z: a GPU keeps no Z of such hidden layers
 *          OF_Z    it has
 *
 * Sources: leaky ReLU with slope 1/100, Maas et al. 2013; ELU with alpha 1, Clevert et al. 2016;
 * SELU, Klambauer et al. 2017; GELU by erf, Hendrycks and Gimpel 2016; SiLU (swish), Elfwing et al.
 * 2018; softplus, Dugas et al. 2001; hard sigmoid as in torch. */
/* clang-format off */
#define ANNC_ACTIVATIONS(ENTRY) \
    ENTRY(ANNC_SIGMOID,      "sigmoid",      LOGISTIC(z),  a * (1 - a),  SMOOTH, 0, 0, 1, ANNC_INIT_NORMAL, OF_A) \
    ENTRY(ANNC_TANH,         "tanh",         TANH(z),  1 - a * a,  SMOOTH, 0, -1, 1, ANNC_INIT_XAVIER, OF_A) \
    ENTRY(ANNC_RELU,         "relu",         z > 0 ? z : 0 * z,  a > 0 ? 1 : 0,  PIECEWISE, z > 0, 0, INFINITY, ANNC_INIT_HE, OF_A) \
    ENTRY(ANNC_LEAKY_RELU,   "leaky-relu",   z > 0 ? z : (real)0.01 * z,  a > 0 ? 1 : (real)0.01,  PIECEWISE, z > 0, -INFINITY, INFINITY, ANNC_INIT_HE, OF_A) \
    ENTRY(ANNC_ELU,          "elu",          z > 0 ? z : EXPM1(z),  a > 0 ? 1 : a + 1,  PIECEWISE, z > 0, -1, INFINITY, ANNC_INIT_HE, OF_A) \
    ENTRY(ANNC_SELU,         "selu",         z > 0 ? (real)ANNC_SELU_SCALE * z : (real)ANNC_SELU_LOWEST * -EXPM1(z), \
                                             a > 0 ? (real)ANNC_SELU_SCALE : a - (real)ANNC_SELU_LOWEST,  PIECEWISE, z > 0, ANNC_SELU_LOWEST, INFINITY, ANNC_INIT_LECUN, OF_A) \
    ENTRY(ANNC_GELU,         "gelu",         z * NORMAL_BELOW(z),  NORMAL_BELOW(z) + z * ((real)ANNC_NORMAL_DENSITY_0 * EXP(-(z * z) / 2)), \
                                             SMOOTH, 0, -0.17, INFINITY, ANNC_INIT_HE, OF_Z) \
    ENTRY(ANNC_SILU,         "silu",         z * LOGISTIC(z),  LOGISTIC(z) + a * (1 - LOGISTIC(z)),  SMOOTH, 0, -0.279, INFINITY, ANNC_INIT_HE, OF_Z) \
    ENTRY(ANNC_SOFTPLUS,     "softplus",     MAX(z, 0) + LOG1P(EXP(-ABS(z))),  LOGISTIC(z),  SMOOTH, 0, 0, INFINITY, ANNC_INIT_XAVIER, OF_Z) \
    ENTRY(ANNC_HARD_SIGMOID, "hard-sigmoid", z >= 3 ? 1 : z <= -3 ? 0 : (z + 3) / 6,  z > -3 && z < 3 ? (real)1 / 6 : 0, \
                                             PIECEWISE, (z > -3) + (z > 3), 0, 1, ANNC_INIT_XAVIER, OF_Z) \
    ENTRY(ANNC_EXP,          "exp",          EXP(z),  a,  OF_OUTPUTS, 0, 0, INFINITY, ANNC_INIT_XAVIER, OF_A) \
    ENTRY(ANNC_IDENTITY,     "identity",     z,  1,  SMOOTH, 0, -INFINITY, INFINITY, ANNC_INIT_XAVIER, OF_A) \
    ENTRY(ANNC_SOFTMAX,      "softmax",      EXP(z),  a,  ROWWISE, 0, 0, 1, ANNC_INIT_XAVIER, OF_A)

#define ANNC_SELU_SCALE       1.0507009873554804934193349852946
#define ANNC_SELU_LOWEST      (-1.7580993408473768599402175208123) /* -scale alpha */
#define ANNC_NORMAL_DENSITY_0 0.39894228040143267793994605993438   /* 1 / sqrt(2 pi) */

/* ENTRY(enumerator, name, C of one output, its derivative, partner, piece, middle, least, most)
 *
 *   partner  ANY_OUTPUT: the derivative is dC/da, for any output activation (BP1 multiplies it by
 *            f'(z)). Otherwise the only output activation that the cost accepts: the derivative
 *            is then dC/dz in closed form, and the cost is a formula in z, so that it stays
 *            finite for saturated outputs.
 *   piece    as above, for C as a function of a
 *   middle   the output at which a single output changes from class 0 to class 1; output
 *            activations must reach both sides of it
 *   least, most  the range of valid targets
 *
 * C of an example is the sum over its outputs. Huber's cost has its corner at 1 (Huber 1964); hinge
 * converts a target y in [0, 1] to the sign 2y - 1 (Cortes and Vapnik 1995), one output against the
 * rest. The quantile cost, or pinball loss, is smallest on average at the quantile tau of the targets
 * (Koenker and Bassett 1978). Poisson's is the negative log-likelihood of a count y at the rate a = e^z,
 * without the constant log y!. */
#define ANNC_COSTS(ENTRY) \
    ENTRY(ANNC_QUADRATIC,     "quadratic",     (a - y) * (a - y) / 2,  a - y,  ANY_OUTPUT, 0, 0.5, -INFINITY, INFINITY) \
    ENTRY(ANNC_CROSS_ENTROPY, "cross-entropy", MAX(z, 0) - z * y + LOG1P(EXP(-ABS(z))),  a - y,  ANNC_SIGMOID, 0, 0.5, 0, 1) \
    ENTRY(ANNC_CATEGORICAL_CROSS_ENTROPY, "categorical-cross-entropy", y == 0 ? 0 * y : -y * z,  a - y,  ANNC_SOFTMAX, 0, 0.5, 0, 1) \
    ENTRY(ANNC_MEAN_ABSOLUTE, "mean-absolute", ABS(a - y),  (a > y) - (a < y),  ANY_OUTPUT, a > y, 0.5, -INFINITY, INFINITY) \
    ENTRY(ANNC_HUBER,         "huber",         ABS(a - y) > 1 ? ABS(a - y) - (real)0.5 : (a - y) * (a - y) / 2,  MAX(MIN(a - y, 1), -1), \
                                               ANY_OUTPUT, (a - y > -1) + (a - y > 1), 0.5, -INFINITY, INFINITY) \
    ENTRY(ANNC_HINGE,         "hinge",         (2 * y - 1) * a >= 1 ? 0 : 1 - (2 * y - 1) * a,  (2 * y - 1) * a < 1 ? 1 - 2 * y : 0, \
                                               ANY_OUTPUT, (2 * y - 1) * a < 1, 0, 0, 1) \
    ENTRY(ANNC_QUANTILE,      "quantile",      a > y ? (1 - tau) * (a - y) : tau * (y - a),  a > y ? 1 - tau : a < y ? -tau : 0 * tau, \
                                               ANY_OUTPUT, a > y, 0.5, -INFINITY, INFINITY) \
    ENTRY(ANNC_POISSON,       "poisson",       EXP(z) - y * z,  a - y,  ANNC_EXP, 0, 0.5, 0, INFINITY)

/* ENTRY(enumerator, name, v', s', step, states, eta, mu, rho, epsilon, decay)
 *
 * theta = (1 - eta lambda) theta - step, with the decoupled weight decay lambda. The gradient g of
 * the minibatch's mean cost first updates the states v and s to v' and s', which then determine the
 * step. OVER_ROOT(x, s, c, e) = x / (c sqrt(s) + e); t counts the steps from 1, c1 = eta / (1 -
 * mu^t), c2 = 1 / sqrt(1 - rho^t). In this form Adam's step is Kingma and Ba's with one division.
 *
 *   states  NO_STATE, FIRST (v), SECOND (s) or BOTH: the stored states
 *   eta, mu, rho, epsilon, decay  the defaults
 *
 * Sources: momentum as in Sutskever et al. 2013 and torch (the rate outside the velocity), and
 * Nesterov's likewise; Adagrad, Duchi et al. 2011; RMSprop, Hinton's lecture 6e of 2012; Adam,
 * Kingma and Ba 2015; AdamW, Loshchilov and Hutter 2019. */
#define ANNC_OPTIMISERS(ENTRY) \
    ENTRY(ANNC_SGD,      "sgd",      v,  s,  eta * g,  NO_STATE, 3, 0, 0, 0, 0) \
    ENTRY(ANNC_MOMENTUM, "momentum", mu * v + g,  s,  eta * v,  FIRST, 0.1, 0.9, 0, 0, 0) \
    ENTRY(ANNC_NESTEROV, "nesterov", mu * v + g,  s,  eta * (g + mu * v),  FIRST, 0.1, 0.9, 0, 0, 0) \
    ENTRY(ANNC_ADAGRAD,  "adagrad",  v,  s + g * g,  eta * OVER_ROOT(g, s, 1, epsilon),  SECOND, 0.01, 0, 0, 1e-10, 0) \
    ENTRY(ANNC_RMSPROP,  "rmsprop",  v,  rho * s + (1 - rho) * (g * g),  eta * OVER_ROOT(g, s, 1, epsilon),  SECOND, 0.001, 0, 0.99, 1e-8, 0) \
    ENTRY(ANNC_ADAM,     "adam",     mu * v + (1 - mu) * g,  rho * s + (1 - rho) * (g * g),  c1 * OVER_ROOT(v, s, c2, epsilon), \
                                     BOTH, 0.001, 0.9, 0.999, 1e-8, 0) \
    ENTRY(ANNC_ADAMW,    "adamw",    mu * v + (1 - mu) * g,  rho * s + (1 - rho) * (g * g),  c1 * OVER_ROOT(v, s, c2, epsilon), \
                                     BOTH, 0.001, 0.9, 0.999, 1e-8, 0.01)

/* ENTRY(enumerator, name, numbers, scale of weights, scale of biases), by in = n_(l-1), out = n_l
 *
 *   numbers  NORMAL: deviates of N(0, 1). UNIFORM: deviates within (-1, 1). ORTHOGONAL: a matrix
 *            of orthonormal rows, or columns if it has more rows; biases 0. EQUAL: ones. Each is
 *            multiplied by its scale. All but EQUAL come from Philox.
 *
 * auto selects the initialiser of the hidden layers' activations (above): normal without hidden
 * layers; of several, He's if it is among them, else Xavier's. Sources: Xavier, Glorot and Bengio
 * 2010; He et al. 2015; LeCun et al. 1998; orthogonal, Saxe et al. 2014; uniform is torch's
 * Linear. */
#define ANNC_INITS(ENTRY) \
    ENTRY(ANNC_INIT_AUTO,             "auto",             NORMAL, 1, 1) \
    ENTRY(ANNC_INIT_NORMAL,           "normal",           NORMAL, 1, 1) \
    ENTRY(ANNC_INIT_NORMAL_ZERO_BIAS, "normal-zero-bias", NORMAL, 1, 0) \
    ENTRY(ANNC_INIT_UNIFORM,          "uniform",          UNIFORM, sqrt(1 / in), sqrt(1 / in)) \
    ENTRY(ANNC_INIT_XAVIER,           "xavier",           NORMAL, sqrt(2 / (in + out)), 0) \
    ENTRY(ANNC_INIT_XAVIER_UNIFORM,   "xavier-uniform",   UNIFORM, sqrt(6 / (in + out)), 0) \
    ENTRY(ANNC_INIT_HE,               "he",               NORMAL, sqrt(2 / in), 0) \
    ENTRY(ANNC_INIT_HE_UNIFORM,       "he-uniform",       UNIFORM, sqrt(6 / in), 0) \
    ENTRY(ANNC_INIT_LECUN,            "lecun",            NORMAL, sqrt(1 / in), 0) \
    ENTRY(ANNC_INIT_ORTHOGONAL,       "orthogonal",       ORTHOGONAL, 1, 0) \
    ENTRY(ANNC_INIT_CONSTANT,         "constant",         EQUAL, 0.1, 0)
/* clang-format on */

#endif
