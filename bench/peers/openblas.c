/* openblas.c - the job in plain C: whole minibatches through OpenBLAS; with several threads each has some of the minibatch's examples. */
#include "peer.h"

#include <cblas.h>
#include <math.h>
#include <omp.h>

struct part { /* of a minibatch */
    int m;
    float *A[PEER_LAYERS + 1], *delta[PEER_LAYERS + 1], *gW[PEER_LAYERS + 1], *gb[PEER_LAYERS + 1];
    double loss;
};

static float *room(size_t count)
{
    return aligned_alloc(64, (count * sizeof(float) + 63) / 64 * 64);
}

static struct part open_part(const struct peer_job *job, int m)
{
    struct part part = {.m = m};
    for (int l = 0; l <= job->layers; l++) {
        part.A[l] = room((size_t)m * (size_t)job->n[l]);
        part.delta[l] = room((size_t)m * (size_t)job->n[l]);
        if (l > 0) {
            part.gW[l] = room((size_t)job->n[l] * (size_t)job->n[l - 1]);
            part.gb[l] = room((size_t)job->n[l]);
        }
    }
    return part;
}

static void forward(const struct peer_job *job, struct part *part, int m)
{
    for (int l = 1; l <= job->layers; l++) {
        const int n = job->n[l], n_in = job->n[l - 1];
        float *a = part->A[l];
        for (int r = 0; r < m; r++)
            memcpy(a + (size_t)r * n, job->b[l], n * sizeof *a);
        cblas_sgemm(CblasRowMajor, CblasNoTrans, CblasTrans, m, n, n_in, 1, part->A[l - 1], n_in, job->W[l], n_in, 1, a,
                    n);
        if (!job->softmax) {
            for (int i = 0; i < m * n; i++)
                a[i] = 1 / (1 + expf(-a[i]));
        } else if (l < job->layers) {
            for (int i = 0; i < m * n; i++)
                a[i] = a[i] > 0 ? a[i] : 0;
        } else {
            for (int r = 0; r < m; r++) {
                float *z = a + (size_t)r * n, most = z[peer_argmax(z, n)], sum = 0;
                for (int j = 0; j < n; j++)
                    sum += z[j] = expf(z[j] - most);
                for (int j = 0; j < n; j++)
                    z[j] /= sum;
            }
        }
    }
}

/* dC/dtheta of m examples, summed into the part's own gradient (beta 0), or, alone, straight into W and b. */
static void backward(const struct peer_job *job, struct part *part, const int32_t *these, int m, int alone, int batch)
{
    const int L = job->layers;
    const float scale = -job->lr / (float)batch;
    part->loss = 0;
    for (int r = 0; r < m; r++)
        for (int j = 0; j < job->n[L]; j++) {
            const float a = part->A[L][r * job->n[L] + j], y = job->y[these[r]] == j, e = a - y;
            part->delta[L][r * job->n[L] + j] = job->softmax ? e : e * a * (1 - a);
            part->loss += job->softmax ? (y > 0 ? -log((double)a) : 0) : 0.5 * (double)e * (double)e;
        }
    for (int l = L; l > 0; l--) {
        const int n = job->n[l], n_in = job->n[l - 1];
        if (l > 1) {
            float *delta = part->delta[l - 1];
            const float *a = part->A[l - 1];
            cblas_sgemm(CblasRowMajor, CblasNoTrans, CblasNoTrans, m, n_in, n, 1, part->delta[l], n, job->W[l], n_in, 0,
                        delta, n_in);
            for (int i = 0; i < m * n_in; i++)
                delta[i] = job->softmax ? (a[i] > 0 ? delta[i] : 0) : delta[i] * a[i] * (1 - a[i]);
        }
        float *gW = alone ? job->W[l] : part->gW[l], *gb = alone ? job->b[l] : part->gb[l];
        cblas_sgemm(CblasRowMajor, CblasTrans, CblasNoTrans, n, n_in, m, scale, part->delta[l], n, part->A[l - 1], n_in,
                    (float)alone, gW, n_in);
        for (int j = 0; j < n && !alone; j++)
            gb[j] = 0;
        for (int r = 0; r < m; r++)
            for (int j = 0; j < n; j++)
                gb[j] += scale * part->delta[l][r * n + j];
    }
}

static void add(const struct peer_job *job, const struct part *parts)
{
    for (int l = 1; l <= job->layers; l++) {
        const int count = job->n[l] * job->n[l - 1];
#pragma omp for nowait
        for (int i = 0; i < count; i++)
            for (int t = 0; t < job->threads; t++)
                job->W[l][i] += parts[t].gW[l][i];
#pragma omp single nowait
        for (int j = 0; j < job->n[l]; j++)
            for (int t = 0; t < job->threads; t++)
                job->b[l][j] += parts[t].gb[l][j];
    }
#pragma omp barrier
}

static int test(const struct peer_job *job, struct part *part)
{
    int correct = 0;
    for (int first = 0; first < job->tests; first += part->m) {
        const int m = job->tests - first < part->m ? job->tests - first : part->m;
        memcpy(part->A[0], job->test_x + (size_t)first * job->n[0], (size_t)m * job->n[0] * sizeof(float));
        forward(job, part, m);
        for (int r = 0; r < m; r++)
            correct += peer_argmax(part->A[job->layers] + (size_t)r * job->n[job->layers], job->n[job->layers]) ==
                       job->test_y[first + r];
    }
    return correct;
}

int main(int argc, char **argv)
{
    struct peer_job job = peer_open(argc, argv);
    struct part *parts = calloc((size_t)job.threads, sizeof *parts);
    openblas_set_num_threads(1);
    omp_set_num_threads(job.threads);
    for (int t = 0; t < job.threads; t++)
        parts[t] = open_part(&job, (job.batch + job.threads - 1) / job.threads);
    for (int epoch = 0; epoch < job.epochs; epoch++) {
        int32_t *order = peer_order(&job, epoch);
        double loss = 0;
        const double start = peer_now();
#pragma omp parallel
        for (int first = 0; first < job.count; first += job.batch) {
            const int batch = job.count - first < job.batch ? job.count - first : job.batch, t = omp_get_thread_num();
            const int begin = batch * t / job.threads, m = batch * (t + 1) / job.threads - begin;
            const int32_t *these = order + first + begin;
            for (int r = 0; r < m; r++)
                memcpy(parts[t].A[0] + (size_t)r * job.n[0], job.x + (size_t)these[r] * job.n[0],
                       job.n[0] * sizeof(float));
            forward(&job, &parts[t], m);
            backward(&job, &parts[t], these, m, job.threads == 1, batch);
            if (job.threads > 1) {
#pragma omp barrier
                add(&job, parts);
            }
#pragma omp single
            for (int i = 0; i < job.threads; i++)
                loss += parts[i].loss / batch;
        }
        const double seconds = peer_now() - start;
        peer_report("plain C on OpenBLAS", epoch, loss, test(&job, &parts[0]), job.tests, seconds);
        free(order);
    }
    return 0;
}
