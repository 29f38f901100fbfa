/* cpu_update.c - what the CPU makes of a gradient: penalties, clipping, the optimisers, bounded weights. */
#include "cpu_update.h"
#include "functions.h"

annc_status annc_cpu_penalise(annc_device *device, size_t count, double l2, double l1, const float *W, float *G)
{
    const float square = (float)l2, absolute = (float)l1;
    (void)device;
    for (size_t i = 0; i < count; i++)
        G[i] = annc_penalised(G[i], W[i], square, absolute);
    return ANNC_OK;
}

annc_status annc_cpu_clip(annc_device *device, size_t count, double limit, float *G, double *scratch)
{
    double squares = 0;
    (void)device;
    (void)scratch;
    for (size_t i = 0; i < count; i++)
        squares += (double)G[i] * (double)G[i];
    if (squares <= limit * limit)
        return ANNC_OK;
    const float factor = (float)(limit / sqrt(squares));
    for (size_t i = 0; i < count; i++)
        G[i] *= factor;
    return ANNC_OK;
}

annc_status annc_cpu_update(annc_device *device, struct annc_rule rule, double decay, const struct annc_cursor *cursor,
                            const struct annc_rate *rates, size_t count, const float *restrict G, float *restrict theta,
                            float *restrict v_state, float *restrict s_state)
{
    const struct annc_rate rate = rates[cursor->step];
    const float eta = rate.eta, c1 = rate.c1, c2 = rate.c2, mu = rule.mu, rho = rule.rho, epsilon = rule.epsilon;
    const float keep = 1 - eta * (float)decay;
    (void)device;
    (void)c1, (void)c2, (void)mu, (void)rho, (void)epsilon;
    switch (rule.optimiser) {
#define UPDATE(enumerator, name, first, second, step, states, ...)                                                     \
    case enumerator:                                                                                                   \
        for (size_t i = 0; i < count; i++) {                                                                           \
            const float g = G[i];                                                                                      \
            float v = (states)&FIRST ? v_state[i] : 0, s = (states)&SECOND ? s_state[i] : 0;                           \
            v = first;                                                                                                 \
            s = second;                                                                                                \
            if ((states)&FIRST)                                                                                        \
                v_state[i] = v;                                                                                        \
            if ((states)&SECOND)                                                                                       \
                s_state[i] = s;                                                                                        \
            theta[i] = keep * theta[i] - (step);                                                                       \
        }                                                                                                              \
        break;
        ANNC_OPTIMISERS(UPDATE)
#undef UPDATE
    case ANNC_OPTIMISER_COUNT:
        break;
    }
    return ANNC_OK;
}

annc_status annc_cpu_limit_rows(annc_device *device, uint32_t n, uint32_t n_in, double limit, float *W)
{
    (void)device;
    for (uint32_t j = 0; j < n; j++) {
        float *row = W + (size_t)j * n_in;
        double squares = 0;
        for (uint32_t k = 0; k < n_in; k++)
            squares += (double)row[k] * (double)row[k];
        if (squares <= limit * limit)
            continue;
        const float factor = (float)(limit / sqrt(squares));
        for (uint32_t k = 0; k < n_in; k++)
            row[k] *= factor;
    }
    return ANNC_OK;
}
