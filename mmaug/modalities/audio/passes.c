/* One pass over samples: a filter of second-order sections, or rounding to few levels.
 *
 * A section is a recursion: each output waits for the one before it. Here eight outputs are made at once, from the eight inputs, by the
 * section's answer to a single 1, and from what it remembers; only that memory is handed on. The vectors are eight separate sums, so
 * every machine gives the same bytes.
 */
#include <math.h>
#include <stdint.h>

#if defined(__x86_64__) && defined(__gnu_linux__) && defined(__GNUC__) && !defined(__clang__)
#define WIDEST __attribute__((target_clones("avx2", "default"))) /* compiled for both; the machine's own is taken when it is loaded */
#else
#define WIDEST
#endif

enum { SIDE = 8, PART = 512 }; /* outputs made at once; samples kept at hand between sections */

#define FORGOTTEN 1e-200 /* a memory so small is none: left to fade, it would become numbers that processors are slow with */

typedef double Eight __attribute__((vector_size(SIDE * sizeof(double)), aligned(sizeof(double))));

/* The transposed direct form II, as scipy's sosfilt: out = b0 in + one; one = b1 in - a1 out + two; two = b2 in - a2 out. */
typedef struct {
    double b0, b1, b2, a0, a1, a2; /* a0 is 1 */
} Section;

typedef struct {
    double one, two;
} Memory;

static inline double next(const Section *s, Memory *m, double in) {
    const double out = s->b0 * in + m->one;
    m->one = s->b1 * in - s->a1 * out + m->two;
    m->two = s->b2 * in - s->a2 * out;
    return out;
}

/* `count` values through a section, in place. */
static inline __attribute__((always_inline)) void filter(const Section *section, Memory *memory, double *values, int64_t count) {
    const Section s = *section;
    Memory m = *memory;
    Eight answers[SIDE] = {{0}}, of_one, of_two; /* outputs to a 1 in each place, and to a 1 in each memory */
    Memory fresh = {0, 0}, one = {1, 0}, two = {0, 1};
    for (int i = 0; i < SIDE; i++) {
        const double answer = next(&s, &fresh, i == 0);
        for (int j = 0; j + i < SIDE; j++) answers[j][j + i] = answer;
        of_one[i] = next(&s, &one, 0);
        of_two[i] = next(&s, &two, 0);
    }
    for (; count >= SIDE; count -= SIDE, values += SIDE) {
        Eight out = answers[0] * values[0];
        for (int j = 1; j < SIDE; j++) out += answers[j] * values[j];
        out += of_one * m.one + of_two * m.two;
        const double before = values[SIDE - 2], last = values[SIDE - 1];
        m.one = (s.b1 * last + s.b2 * before) - (s.a1 * out[SIDE - 1] + s.a2 * out[SIDE - 2]);
        m.two = s.b2 * last - s.a2 * out[SIDE - 1];
        *(Eight *)values = out;
    }
    for (; count > 0; count--, values++) *values = next(&s, &m, *values);
    if (fabs(m.one) < FORGOTTEN && fabs(m.two) < FORGOTTEN) m = (Memory){0, 0};
    *memory = m;
}

/* in and out: `count` samples; memories: one for each of `many` sections, as they are before the first sample; left as after the last. */
WIDEST void mmaug_filter(const float *in, float *out, int64_t count, const Section *sections, Memory *memories, int64_t many) {
    double values[PART] __attribute__((aligned(sizeof(Eight))));
    for (int64_t first = 0; first < count; first += PART) {
        const int64_t part = count - first < PART ? count - first : PART;
        for (int64_t i = 0; i < part; i++) values[i] = in[first + i];
        for (int64_t k = 0; k < many; k++) filter(sections + k, memories + k, values, part);
        for (int64_t i = 0; i < part; i++) out[first + i] = (float)values[i];
    }
}

/* in and out: `count` samples, each rounded to the nearest whole number of steps. */
WIDEST void mmaug_round(const float *in, float *out, int64_t count, float levels, float step) {
    for (int64_t i = 0; i < count; i++) out[i] = rintf(in[i] * levels) * step;
}
