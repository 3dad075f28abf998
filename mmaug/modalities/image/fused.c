/* One pass over the pixels of a picture: resample through an affine map, then a colour matrix, then a table for each channel;
 * also the tables on their own, and a plain sample of a picture.
 *
 * Coordinates are fixed point with 32 bits after the point. Neighbouring rows are weighed in 256ths and columns in 128ths, so
 * positions are right to 1/256 of a pixel. The vector code and the plain code give the same bytes.
 */
#include <math.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

typedef struct {
    const uint8_t *pixels; /* [height][stride], three bytes a pixel */
    int64_t height, width, stride;
    int64_t replicate; /* what lies outside: the edge of the picture, or black */
} Picture;

typedef struct {
    const float *matrix;  /* [3][4] from 128ths of a level to levels, or NULL */
    const uint8_t *table; /* [3][256], or NULL */
} Colour;

static const uint8_t *pixel_at(const Picture *p, int64_t x, int64_t y) {
    static const uint8_t black[3] = {0, 0, 0};
    if (x < 0 || y < 0 || x >= p->width || y >= p->height) {
        if (!p->replicate) return black;
        x = x < 0 ? 0 : x >= p->width ? p->width - 1 : x;
        y = y < 0 ? 0 : y >= p->height ? p->height - 1 : y;
    }
    return p->pixels + y * p->stride + 3 * x;
}

static uint8_t level(float value) { return (uint8_t)(value < 0.0f ? 0 : value > 255.0f ? 255 : (int)lrintf(value)); }

static int weight_x(int64_t x) { return (int)((uint32_t)x >> 25); }
static int weight_y(int64_t y) { return (int)((uint32_t)y >> 24); }

/* One pixel, wherever it lies. */
static void plain(const Picture *p, int64_t x, int64_t y, uint8_t *out, const Colour *c) {
    int64_t ix = x >> 32, iy = y >> 32;
    uint32_t fx = (uint32_t)weight_x(x), fy = (uint32_t)weight_y(y);
    const uint8_t *a = pixel_at(p, ix, iy), *b = pixel_at(p, ix + 1, iy), *d = pixel_at(p, ix, iy + 1), *e = pixel_at(p, ix + 1, iy + 1);
    float s[3];
    uint8_t v[3];
    for (int i = 0; i < 3; i++) {
        uint32_t left = a[i] * (256 - fy) + d[i] * fy, right = b[i] * (256 - fy) + e[i] * fy;
        uint32_t sum = ((left * ((128 - fx) << 8)) >> 16) + ((right * (fx << 8)) >> 16);
        v[i] = (uint8_t)((sum + 64) >> 7);
        s[i] = (float)sum;
    }
    if (c->matrix)
        for (int i = 0; i < 3; i++) {
            const float *m = c->matrix + 4 * i;
            v[i] = level((m[0] * s[0] + m[1] * s[1]) + (m[2] * s[2] + m[3]));
        }
    for (int i = 0; i < 3; i++) out[i] = c->table ? c->table[256 * i + v[i]] : v[i];
}

#if defined(__x86_64__) && (defined(__GNUC__) || defined(__clang__))
#define VECTORS 1
#include <immintrin.h>

static uint16_t row_weights[256][8] __attribute__((aligned(16)));
static uint16_t column_weights[128][8] __attribute__((aligned(16)));

__attribute__((constructor)) static void make_weights(void) {
    for (int f = 0; f < 256; f++)
        for (int i = 0; i < 8; i++) row_weights[f][i] = (uint16_t)f;
    for (int f = 0; f < 128; f++)
        for (int i = 0; i < 6; i++) column_weights[f][i] = (uint16_t)((i < 3 ? 128 - f : f) << 8);
}

static inline __m128i eight(const uint8_t *from) { return _mm_loadl_epi64((const __m128i *)from); }

__attribute__((target("avx2"))) static inline __m256i two(const void *first, const void *second) {
    return _mm256_inserti128_si256(_mm256_castsi128_si256(_mm_load_si128(first)), _mm_load_si128(second), 1);
}

static inline uint32_t looked_up(const uint8_t *table, uint32_t v) {
    return table[v & 255] | (uint32_t)table[256 + ((v >> 8) & 255)] << 8 | (uint32_t)table[512 + ((v >> 16) & 255)] << 16;
}

/* A run of pixels whose neighbours all lie inside, two at a time; returns how many were done. Writes one byte beyond the last. */
__attribute__((target("avx2"))) static int64_t inner(
    const Picture *p, int64_t x, int64_t y, int64_t dx, int64_t dy, uint8_t *out, int64_t count, const Colour *c) {
    const __m256i zero = _mm256_setzero_si256(), half = _mm256_set1_epi16(64);
    const float *m = c->matrix;
    __m256 m0 = _mm256_setzero_ps(), m1 = m0, m2 = m0, m3 = m0;
    if (m) {
        m0 = _mm256_setr_ps(m[0], m[4], m[8], 0, m[0], m[4], m[8], 0), m1 = _mm256_setr_ps(m[1], m[5], m[9], 0, m[1], m[5], m[9], 0);
        m2 = _mm256_setr_ps(m[2], m[6], m[10], 0, m[2], m[6], m[10], 0), m3 = _mm256_setr_ps(m[3], m[7], m[11], 0, m[3], m[7], m[11], 0);
    }
    int64_t done = 0;
    for (; done + 2 <= count; done += 2, out += 6) {
        const int64_t x2 = x + dx, y2 = y + dy;
        const uint8_t *at = p->pixels + (y >> 32) * p->stride + 3 * (x >> 32), *at2 = p->pixels + (y2 >> 32) * p->stride + 3 * (x2 >> 32);
        __m256i upper = _mm256_cvtepu8_epi16(_mm_unpacklo_epi64(eight(at), eight(at2)));
        __m256i lower = _mm256_cvtepu8_epi16(_mm_unpacklo_epi64(eight(at + p->stride), eight(at2 + p->stride)));
        __m256i down = two(row_weights[weight_y(y)], row_weights[weight_y(y2)]);
        /* 256 upper + (lower - upper) down, modulo 2^16; then left and right neighbours, in 128ths of a level */
        __m256i rows = _mm256_add_epi16(_mm256_slli_epi16(upper, 8), _mm256_mullo_epi16(_mm256_sub_epi16(lower, upper), down));
        __m256i both = _mm256_mulhi_epu16(rows, two(column_weights[weight_x(x)], column_weights[weight_x(x2)]));
        __m256i sum = _mm256_add_epi16(both, _mm256_srli_si256(both, 6)), bytes;
        if (m) {
            __m256 s = _mm256_cvtepi32_ps(_mm256_unpacklo_epi16(sum, zero));
            __m256 r = _mm256_shuffle_ps(s, s, 0x00), g = _mm256_shuffle_ps(s, s, 0x55), b = _mm256_shuffle_ps(s, s, 0xaa);
            __m256 mixed = _mm256_add_ps(
                _mm256_add_ps(_mm256_mul_ps(m0, r), _mm256_mul_ps(m1, g)), _mm256_add_ps(_mm256_mul_ps(m2, b), m3));
            bytes = _mm256_packus_epi16(_mm256_packs_epi32(_mm256_cvtps_epi32(mixed), zero), zero);
        } else {
            bytes = _mm256_packus_epi16(_mm256_srli_epi16(_mm256_add_epi16(sum, half), 7), zero);
        }
        uint32_t v = (uint32_t)_mm256_extract_epi32(bytes, 0), v2 = (uint32_t)_mm256_extract_epi32(bytes, 4);
        if (c->table) v = looked_up(c->table, v), v2 = looked_up(c->table, v2);
        memcpy(out, &v, 4);
        memcpy(out + 3, &v2, 4);
        x = x2 + dx, y = y2 + dy;
    }
    return done;
}

/* 64 bytes through a table of 256, held in four registers. */
__attribute__((target("avx512f,avx512bw,avx512vbmi"))) static inline __m512i through(const __m512i *t, __m512i v) {
    __m512i low = _mm512_permutex2var_epi8(t[0], v, t[1]), high = _mm512_permutex2var_epi8(t[2], v, t[3]);
    return _mm512_mask_blend_epi8(_mm512_movepi8_mask(v), low, high);
}

/* Bytes of pixels, three a pixel, through the tables of their channels; in and out may be the same. */
__attribute__((target("avx512f,avx512bw,avx512vbmi"))) static void look_up(
    const uint8_t *in, uint8_t *out, int64_t count, const uint8_t *table) {
    const int alike = !memcmp(table, table + 256, 256) && !memcmp(table, table + 512, 256);
    const uint64_t every_third = 0x9249249249249249u; /* bits 0, 3, ... 63 */
    __m512i t[3][4];
    for (int i = 0; i < 3; i++)
        for (int j = 0; j < 4; j++) t[i][j] = _mm512_loadu_si512(table + 256 * i + 64 * j);
    for (int64_t done = 0, first = 0; done < count; done += 64, first = (first + 1) % 3) { /* 64 bytes are 21 pixels and one byte */
        __mmask64 here = count - done < 64 ? ((uint64_t)1 << (count - done)) - 1 : ~(uint64_t)0;
        __m512i v = _mm512_maskz_loadu_epi8(here, in + done), made = through(t[first], v);
        if (!alike) {
            made = _mm512_mask_mov_epi8(made, every_third << 1, through(t[(first + 1) % 3], v));
            made = _mm512_mask_mov_epi8(made, every_third << 2, through(t[(first + 2) % 3], v));
        }
        _mm512_mask_storeu_epi8(out + done, here, made);
    }
}

/* Pixels far outside, from `column` on, all have one colour; returns where they end. */
static int64_t far_outside(
    const Picture *p, int64_t x, int64_t y, int64_t dx, int64_t dy, uint8_t *to, int64_t column, int64_t end, const uint8_t *colour) {
    for (; column < end; column++) {
        int64_t ix = (x + column * dx) >> 32, iy = (y + column * dy) >> 32;
        if (ix >= -1 && iy >= -1 && ix < p->width && iy < p->height) break;
        to[3 * column] = colour[0], to[3 * column + 1] = colour[1], to[3 * column + 2] = colour[2];
    }
    return column;
}

/* Eight bytes are read from each of two rows. */
static int is_inner(const Picture *p, int64_t x, int64_t y) {
    int64_t ix = x >> 32, iy = y >> 32;
    return ix >= 0 && iy >= 0 && ix <= p->width - 3 && iy <= p->height - 2;
}
#endif

static int looks_up(void) {
#ifdef VECTORS
    return __builtin_cpu_supports("avx512vbmi") && __builtin_cpu_supports("avx512bw");
#else
    return 0;
#endif
}

/* pixels: [height][stride]; out: [out_height][out_width][3]; back: six numbers from the centres of new pixels to the points of the
 * picture (x right, y down, pixel i covers [i, i + 1)). */
void mmaug_fused(
    const uint8_t *pixels, int64_t height, int64_t width, int64_t stride, uint8_t *out, int64_t out_height, int64_t out_width,
    const double *back, int64_t replicate, const float *matrix, const uint8_t *table) {
    const Picture p = {pixels, height, width, stride, replicate};
    const int late = table && looks_up(); /* the tables follow row by row, which is faster */
    const Colour c = {matrix, late ? NULL : table};
    const double one = 4294967296.0;
    const int64_t dx = (int64_t)llrint(back[0] * one), dy = (int64_t)llrint(back[3] * one);
    int vectors = 0;
#ifdef VECTORS
    uint8_t outside[3]; /* black, recoloured */
    const uint8_t none[3] = {0, 0, 0};
    const Picture nothing = {none, 1, 1, 3, 0};
    plain(&nothing, -((int64_t)9 << 32), 0, outside, &c);
    vectors = __builtin_cpu_supports("avx2");
#endif
    for (int64_t row = 0; row < out_height; row++) {
        /* half a weight more: weights are then rounded, not cut */
        int64_t x = (int64_t)llrint((back[0] * 0.5 + back[1] * (row + 0.5) + back[2] - 0.5) * one) + (1 << 24);
        int64_t y = (int64_t)llrint((back[3] * 0.5 + back[4] * (row + 0.5) + back[5] - 0.5) * one) + (1 << 23);
        uint8_t *to = out + row * out_width * 3;
        int64_t column = 0;
#ifdef VECTORS
        if (vectors) {
            int64_t end = out_width - 1; /* the last pixel is written plainly: the vector code writes one byte too many */
            while (end > 0 && !is_inner(&p, x + (end - 1) * dx, y + (end - 1) * dy)) end--;
            if (!replicate) column = far_outside(&p, x, y, dx, dy, to, 0, out_width, outside);
            for (; column < end && !is_inner(&p, x + column * dx, y + column * dy); column++)
                plain(&p, x + column * dx, y + column * dy, to + 3 * column, &c);
            if (column < end) column += inner(&p, x + column * dx, y + column * dy, dx, dy, to + 3 * column, end - column, &c);
        }
#endif
        for (; column < out_width; column++) {
            plain(&p, x + column * dx, y + column * dy, to + 3 * column, &c);
#ifdef VECTORS
            if (vectors && !replicate) column = far_outside(&p, x, y, dx, dy, to, column + 1, out_width, outside) - 1;
#endif
        }
#ifdef VECTORS
        if (late) look_up(to, to, out_width * 3, table);
#endif
    }
}

/* pixels and out: `count` bytes, three a pixel without gaps, through a table [3][256], or, where that is NULL, through a matrix [3][4]
 * that mixes no channels. 0 where this machine has no fast way; nothing is done then. */
int mmaug_look_up(const uint8_t *pixels, uint8_t *out, int64_t count, const uint8_t *table, const double *matrix) {
    uint8_t made[3 * 256];
    if (!looks_up()) return 0;
    for (int i = 0; !table && i < 3; i++)
        for (int v = 0; v < 256; v++) {
            double value = matrix[5 * i] * v + matrix[4 * i + 3];
            made[256 * i + v] = (uint8_t)(value < 0.0 ? 0 : value > 255.0 ? 255 : (int)lrint(value));
        }
#ifdef VECTORS
    look_up(pixels, out, count, table ? table : made);
#endif
    return 1;
}

/* The nearest pixel of each new one: black outside. Arguments as above. */
void mmaug_sample(
    const uint8_t *pixels, int64_t height, int64_t width, int64_t stride, uint8_t *out, int64_t out_height, int64_t out_width,
    const double *back) {
    const double one = 4294967296.0;
    const int64_t dx = (int64_t)llrint(back[0] * one), dy = (int64_t)llrint(back[3] * one);
    for (int64_t row = 0; row < out_height; row++) {
        int64_t x = (int64_t)llrint((back[0] * 0.5 + back[1] * (row + 0.5) + back[2]) * one);
        int64_t y = (int64_t)llrint((back[3] * 0.5 + back[4] * (row + 0.5) + back[5]) * one);
        for (int64_t column = 0; column < out_width; column++, x += dx, y += dy, out += 3) {
            const uint64_t ix = (uint64_t)(x >> 32), iy = (uint64_t)(y >> 32); /* below zero: far above every width */
            const uint8_t *at = pixels + iy * stride + 3 * ix;
            if (ix < (uint64_t)width && iy < (uint64_t)height)
                out[0] = at[0], out[1] = at[1], out[2] = at[2];
            else
                out[0] = out[1] = out[2] = 0;
        }
    }
}
