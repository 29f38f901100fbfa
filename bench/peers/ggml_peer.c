/* ggml_peer.c - the job by ggml (github.com/ggml-org/ggml; 0.21 is known to do): forward, backward and step are one graph, written out, since its
 * sigmoid has no gradient. The graph also picks the minibatch out of the data, so that all threads copy. */
#include "peer.h"

#include <ggml-backend.h>
#include <ggml-cpu.h>
#include <math.h>
#ifdef PEER_BLAS
#include <ggml-blas.h>
enum { BLAS = 1 };
#else
enum { BLAS = 0 };
#endif

enum {
    NODES = 256,
    /* From this many examples on ggml is faster transposing, for its one fast product, than with its outer products; BLAS does those as well. */
    TRANSPOSED_FROM = BLAS ? INT32_MAX : 128
};

struct network {
    struct ggml_tensor *W[PEER_LAYERS + 1], *b[PEER_LAYERS + 1], *A[PEER_LAYERS + 1];
};

struct step {
    struct ggml_cgraph *graph;
    ggml_backend_sched_t sched;
    struct ggml_cplan plan;
    struct ggml_tensor *these, *a, *error;
};

struct machine { /* CPU last, as the scheduler wants it */
    ggml_backend_t backends[BLAS + 1], cpu;
    struct ggml_threadpool *threads;
};

static struct machine open_machine(const struct peer_job *job)
{
    struct ggml_threadpool_params params = ggml_threadpool_params_default(job->threads);
    if (BLAS)
        params.poll = 0; /* or its threads, waiting, take the cores from those of BLAS */
    struct machine machine = {.cpu = ggml_backend_cpu_init(), .threads = ggml_threadpool_new(&params)};
    ggml_backend_cpu_set_n_threads(machine.cpu, job->threads);
    ggml_backend_cpu_set_threadpool(machine.cpu, machine.threads);
    machine.backends[BLAS] = machine.cpu;
#ifdef PEER_BLAS
    machine.backends[0] = ggml_backend_blas_init();
    ggml_backend_blas_set_n_threads(machine.backends[0], job->threads);
#endif
    return machine;
}

static struct ggml_context *context(void)
{
    return ggml_init((struct ggml_init_params){
        .mem_size = 2 * NODES * ggml_tensor_overhead() + ggml_graph_overhead_custom(NODES, false), .no_alloc = true});
}

/* A tensor that outlives a graph. */
static struct ggml_tensor *keep(const struct machine *machine, int n0, int n1, const float *values)
{
    struct ggml_context *ctx = context();
    struct ggml_tensor *t = ggml_new_tensor_2d(ctx, GGML_TYPE_F32, n0, n1);
    if (!ggml_backend_alloc_ctx_tensors(ctx, machine->cpu))
        exit(1);
    ggml_backend_tensor_set(t, values, 0, ggml_nbytes(t));
    return t;
}

static struct ggml_tensor *keep_labels(const struct machine *machine, const struct peer_job *job)
{
    const int out = job->n[job->layers];
    float *y = calloc((size_t)job->count * out, sizeof *y);
    for (int i = 0; i < job->count; i++)
        y[(size_t)i * out + job->y[i]] = 1;
    struct ggml_tensor *t = keep(machine, out, job->count, y);
    free(y);
    return t;
}

static struct ggml_tensor *transposed(struct ggml_context *ctx, struct ggml_tensor *t)
{
    return ggml_cont(ctx, ggml_transpose(ctx, t));
}

/* A[1] to A[L] from A[0]. The fast product makes rows of a multiple of four; 10 outputs are quicker turned round. */
static void forward(struct ggml_context *ctx, const struct peer_job *job, struct network *net)
{
    for (int l = 1; l <= job->layers; l++) {
        struct ggml_tensor *W = net->W[l], *a = net->A[l - 1];
        struct ggml_tensor *product =
            job->n[l] % 4 == 0 ? ggml_mul_mat(ctx, W, a) : transposed(ctx, ggml_mul_mat(ctx, a, W));
        struct ggml_tensor *z = ggml_add(ctx, product, net->b[l]);
        net->A[l] = !job->softmax ? ggml_sigmoid(ctx, z) : l < job->layers ? ggml_relu(ctx, z) : ggml_soft_max(ctx, z);
    }
    ggml_set_output(net->A[job->layers]);
}

/* dC/dz, from dC/da, or at a softmax from a - y, which it is there. */
static struct ggml_tensor *through(struct ggml_context *ctx, const struct peer_job *job, const struct network *net,
                                   int l, struct ggml_tensor *d)
{
    struct ggml_tensor *a = net->A[l];
    if (!job->softmax)
        return ggml_mul(ctx, d, ggml_mul(ctx, a, ggml_scale_bias(ctx, a, -1, 1)));
    return l == job->layers ? d : ggml_mul(ctx, d, ggml_step(ctx, a));
}

static void backward(struct ggml_context *ctx, const struct peer_job *job, const struct network *net, int m,
                     struct ggml_tensor *rate, struct step *step)
{
    struct ggml_tensor *gW[PEER_LAYERS + 1], *gb[PEER_LAYERS + 1], *delta = step->error;
    for (int l = job->layers; l > 0; l--) {
        struct ggml_tensor *a = net->A[l - 1], *W = net->W[l];
        delta = through(ctx, job, net, l, delta);
        gW[l] = m < TRANSPOSED_FROM ? ggml_out_prod(ctx, a, delta)
                                    : ggml_mul_mat(ctx, transposed(ctx, a), transposed(ctx, delta));
        gb[l] = ggml_repeat_back(ctx, delta, net->b[l]);
        if (l > 1)
            delta = m < TRANSPOSED_FROM || job->n[l] % 16 ? ggml_out_prod(ctx, W, ggml_transpose(ctx, delta))
                                                          : ggml_mul_mat(ctx, transposed(ctx, W), delta);
        ggml_build_forward_expand(step->graph, delta);
    }
    for (int l = job->layers; l > 0; l--) /* side by side, so that BLAS has them together */
        ggml_build_forward_expand(step->graph, gW[l]);
    for (int l = job->layers; l > 0; l--) {
        ggml_build_forward_expand(step->graph, ggml_opt_step_sgd(ctx, net->W[l], gW[l], rate));
        ggml_build_forward_expand(step->graph, ggml_opt_step_sgd(ctx, net->b[l], gb[l], rate));
    }
}

static void allocate(const struct machine *machine, const struct peer_job *job, struct step *step)
{
    step->sched = ggml_backend_sched_new((ggml_backend_t *)machine->backends, NULL, BLAS + 1, 2 * NODES, false, false);
    if (!ggml_backend_sched_alloc_graph(step->sched, step->graph))
        exit(1);
    step->plan = ggml_graph_plan(step->graph, job->threads, machine->threads);
    step->plan.work_data = malloc(step->plan.work_size);
}

/* Without BLAS straight, with a plan made once, which takes a little less time than the scheduler. */
static void compute(struct step *step)
{
    const enum ggml_status status = BLAS ? ggml_backend_sched_graph_compute(step->sched, step->graph)
                                         : ggml_graph_compute(step->graph, &step->plan);
    if (status != GGML_STATUS_SUCCESS)
        exit(1);
}

static struct step training(const struct machine *machine, const struct peer_job *job, struct network net,
                            struct ggml_tensor *x, struct ggml_tensor *y, int m)
{
    struct ggml_context *ctx = context();
    struct step step = {.graph = ggml_new_graph_custom(ctx, NODES, false)};
    step.these = ggml_new_tensor_1d(ctx, GGML_TYPE_I32, m);
    ggml_set_input(step.these);
    net.A[0] = ggml_get_rows(ctx, x, step.these);
    forward(ctx, job, &net);
    step.a = net.A[job->layers];
    step.error = ggml_sub(ctx, step.a, ggml_get_rows(ctx, y, step.these));
    ggml_set_output(step.error);
    const float rate_and_decay[2] = {job->lr / (float)m, 0};
    backward(ctx, job, &net, m, keep(machine, 2, 1, rate_and_decay), &step);
    allocate(machine, job, &step);
    return step;
}

static struct step testing(const struct machine *machine, const struct peer_job *job, struct network net)
{
    struct ggml_context *ctx = context();
    struct step step = {.graph = ggml_new_graph_custom(ctx, NODES, false)};
    net.A[0] = keep(machine, job->n[0], job->tests, job->test_x);
    forward(ctx, job, &net);
    step.a = net.A[job->layers];
    ggml_build_forward_expand(step.graph, step.a);
    allocate(machine, job, &step);
    return step;
}

/* The sum over a minibatch. */
static double loss_of(const struct peer_job *job, const struct step *step, const int32_t *these, int m)
{
    const float *a = ggml_get_data_f32(step->a), *e = ggml_get_data_f32(step->error);
    const int out = job->n[job->layers];
    double loss = 0;
    if (job->softmax)
        for (int r = 0; r < m; r++)
            loss -= log((double)a[r * out + job->y[these[r]]]);
    else
        for (int i = 0; i < m * out; i++)
            loss += 0.5 * (double)e[i] * (double)e[i];
    return loss;
}

int main(int argc, char **argv)
{
    struct peer_job job = peer_open(argc, argv);
    const struct machine machine = open_machine(&job);
    const int out = job.n[job.layers], rest = job.count % job.batch;
    struct network net;
    for (int l = 1; l <= job.layers; l++) {
        net.W[l] = keep(&machine, job.n[l - 1], job.n[l], job.W[l]);
        net.b[l] = keep(&machine, job.n[l], 1, job.b[l]);
        ggml_set_param(net.W[l]); /* which its step asks for */
        ggml_set_param(net.b[l]);
    }
    struct ggml_tensor *x = keep(&machine, job.n[0], job.count, job.x), *y = keep_labels(&machine, &job);
    free(job.x);
    struct step full = training(&machine, &job, net, x, y, job.batch), last = full, test = testing(&machine, &job, net);
    if (rest)
        last = training(&machine, &job, net, x, y, rest);
    for (int epoch = 0; epoch < job.epochs; epoch++) {
        int32_t *order = peer_order(&job, epoch);
        double loss = 0;
        int correct = 0;
        const double start = peer_now();
        for (int first = 0; first < job.count; first += job.batch) {
            struct step *step = job.count - first < job.batch ? &last : &full;
            const int m = (int)step->these->ne[0];
            ggml_backend_tensor_set(step->these, order + first, 0, (size_t)m * sizeof *order);
            compute(step);
            loss += loss_of(&job, step, order + first, m) / m;
        }
        const double seconds = peer_now() - start;
        compute(&test);
        for (int i = 0; i < job.tests; i++)
            correct += peer_argmax(ggml_get_data_f32(test.a) + (size_t)i * out, out) == job.test_y[i];
        peer_report(PEER_NAME, epoch, loss, correct, job.tests, seconds);
        free(order);
    }
    return 0;
}
