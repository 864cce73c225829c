/*
 * The inner loops of classical fills, over a memory of their own: what frequency selective reconstruction
 * does with one window, how an exemplar is searched for, and products of images for PCA. All numbers are added in the
 * order of the sources that they were written from, so the fills have the same bytes everywhere.
 */
#include <wasm_simd128.h>

#define EXPORT(type, name) __attribute__((export_name(#name))) type name
#define INLINE static inline __attribute__((always_inline))

/* Side of the window that is modelled. */
enum { WINDOW = 32, MIDDLE = WINDOW / 2, TILED = 2 * WINDOW };
/* Columns of the spectrum that are looked at: the image is real, so the others mirror them. The last of a row pads. */
enum { COLUMNS = MIDDLE + 1, ROW = MIDDLE + 2 };
/* Waves that are picked at most. */
enum { MOST = 128 };

/* Waves are not orthogonal under the weights, so only this share of each is taken at once. */
static const double SHARE = 0.5;
/* Waves whose errors differ by less than this are alike; the first one is taken. */
static const double ALIKE = 0.001;

/* Given: weights and weighted values of the window; it is overwritten by its spectrum. */
static double re[WINDOW * WINDOW], im[WINDOW * WINDOW];
/* Given once: the cosine and minus the sine of a turn in WINDOW parts, and squares of what errors are compared by. */
static double cosine[MIDDLE], sine[MIDDLE], preference[WINDOW * ROW];
/* The spectra of the weights, twice in each direction, and of the error. */
static double weight_re[TILED * TILED], weight_im[TILED * TILED];
static double error_re[WINDOW * ROW], error_im[WINDOW * ROW];
/* Found: the waves, by their place in WINDOW rows of COLUMNS. */
static int places[MOST];
static double amplitudes_re[MOST], amplitudes_im[MOST];
/* One more than where a wave is among those found; 0 if it is not. */
static int found_at[WINDOW * COLUMNS];

EXPORT(double *, window_re)(void) { return re; }
EXPORT(double *, window_im)(void) { return im; }
EXPORT(double *, cosines)(void) { return cosine; }
EXPORT(double *, sines)(void) { return sine; }
EXPORT(double *, preferences)(void) { return preference; }
EXPORT(int *, wave_places)(void) { return places; }
EXPORT(double *, wave_re)(void) { return amplitudes_re; }
EXPORT(double *, wave_im)(void) { return amplitudes_im; }

INLINE v128_t at(const double *from) { return wasm_v128_load(from); }

INLINE v128_t both(double value) { return wasm_f64x2_splat(value); }

INLINE void swap_rows(double *a, double *b) {
  for (int x = 0; x < WINDOW; x += 2) {
    const v128_t kept = at(a + x);
    wasm_v128_store(a + x, at(b + x));
    wasm_v128_store(b + x, kept);
  }
}

INLINE int reversed(int value) {
  int bits = 0;
  for (int bit = 0; bit < 5; bit++) bits |= ((value >> bit) & 1) << (4 - bit);
  return bits;
}

/* The Fourier transform of all columns; nothing is scaled. */
static void transform_columns(void) {
  for (int y = 0; y < WINDOW; y++) {
    if (reversed(y) <= y) continue;
    swap_rows(re + y * WINDOW, re + reversed(y) * WINDOW);
    swap_rows(im + y * WINDOW, im + reversed(y) * WINDOW);
  }
  for (int half = 1; half < WINDOW; half *= 2)
    for (int group = 0; group < WINDOW; group += 2 * half)
      for (int i = 0; i < half; i++) {
        const v128_t c = both(cosine[i * (MIDDLE / half)]), s = both(sine[i * (MIDDLE / half)]);
        const int a = (group + i) * WINDOW, b = a + half * WINDOW;
        for (int x = 0; x < WINDOW; x += 2) {
          const v128_t br = at(re + b + x), bi = at(im + b + x), ar = at(re + a + x), ai = at(im + a + x);
          const v128_t tr = wasm_f64x2_sub(wasm_f64x2_mul(br, c), wasm_f64x2_mul(bi, s));
          const v128_t ti = wasm_f64x2_add(wasm_f64x2_mul(br, s), wasm_f64x2_mul(bi, c));
          wasm_v128_store(re + b + x, wasm_f64x2_sub(ar, tr));
          wasm_v128_store(im + b + x, wasm_f64x2_sub(ai, ti));
          wasm_v128_store(re + a + x, wasm_f64x2_add(ar, tr));
          wasm_v128_store(im + a + x, wasm_f64x2_add(ai, ti));
        }
      }
}

static void turn(double *values) {
  for (int y = 1; y < WINDOW; y++)
    for (int x = 0; x < y; x++) {
      const double kept = values[y * WINDOW + x];
      values[y * WINDOW + x] = values[x * WINDOW + y];
      values[x * WINDOW + y] = kept;
    }
}

static void turn_both(void) {
  turn(re);
  turn(im);
}

/* The two spectra by their symmetry: a real signal's is conjugate to itself. The weights' is tiled. */
static void separate(void) {
  for (int y = 0; y < WINDOW; y++)
    for (int x = 0; x < WINDOW; x++) {
      const int here = y * WINDOW + x, to = y * TILED + x;
      const int there = ((WINDOW - y) % WINDOW) * WINDOW + (WINDOW - x) % WINDOW;
      const double wr = (re[here] + re[there]) / 2, wi = (im[here] - im[there]) / 2;
      weight_re[to] = weight_re[to + WINDOW] = weight_re[to + WINDOW * TILED] = weight_re[to + WINDOW * TILED + WINDOW] = wr;
      weight_im[to] = weight_im[to + WINDOW] = weight_im[to + WINDOW * TILED] = weight_im[to + WINDOW * TILED + WINDOW] = wi;
      if (x >= COLUMNS) continue;
      error_re[y * ROW + x] = (im[here] + im[there]) / 2;
      error_im[y * ROW + x] = (re[there] - re[here]) / 2;
    }
}

/* The place of the largest error so far, and what a later one has to exceed. */
typedef struct {
  int place;
  double bound;
} largest;

INLINE largest larger(largest best, double error, int place) {
  if (!(error > best.bound)) return best;
  const double root = __builtin_sqrt(error) + ALIKE;
  return (largest){place, root * root};
}

INLINE largest larger_of(largest best, v128_t r, v128_t i, int place) {
  const v128_t square = wasm_f64x2_add(wasm_f64x2_mul(r, r), wasm_f64x2_mul(i, i));
  const v128_t error = wasm_f64x2_mul(square, at(preference + place));
  if (!wasm_v128_any_true(wasm_f64x2_gt(error, both(best.bound)))) return best;
  best = larger(best, wasm_f64x2_extract_lane(error, 0), place);
  return larger(best, wasm_f64x2_extract_lane(error, 1), place + 1);
}

/* Place of the largest error, low frequencies preferred. */
static int largest_error(void) {
  largest best = {0, -1};
  for (int place = 0; place < WINDOW * ROW; place += 2)
    best = larger_of(best, at(error_re + place), at(error_im + place), place);
  return best.place;
}

/* Takes a wave and its conjugate from the error; gives the place of the largest that is left. */
static int subtract_pair(int u, int v, double cr, double ci) {
  const v128_t c = both(cr), s = both(ci);
  largest best = {0, -1};
  for (int y = 0; y < WINDOW; y++) {
    const int a = (WINDOW + y - u) * TILED + WINDOW - v, b = (y + u) * TILED + v;
    for (int x = 0; x < ROW; x += 2) {
      const int place = y * ROW + x;
      const v128_t ar = at(weight_re + a + x), ai = at(weight_im + a + x);
      const v128_t br = at(weight_re + b + x), bi = at(weight_im + b + x);
      const v128_t r = wasm_f64x2_sub(at(error_re + place), wasm_f64x2_sub(wasm_f64x2_mul(c, wasm_f64x2_add(ar, br)),
                                                                          wasm_f64x2_mul(s, wasm_f64x2_sub(ai, bi))));
      const v128_t i = wasm_f64x2_sub(at(error_im + place), wasm_f64x2_add(wasm_f64x2_mul(c, wasm_f64x2_add(ai, bi)),
                                                                          wasm_f64x2_mul(s, wasm_f64x2_sub(ar, br))));
      wasm_v128_store(error_re + place, r);
      wasm_v128_store(error_im + place, i);
      best = larger_of(best, r, i, place);
    }
  }
  return best.place;
}

/* The same of a wave that is its own conjugate. */
static int subtract_alone(int u, int v, double cr, double ci) {
  for (int y = 0; y < WINDOW; y++) {
    const int a = (WINDOW + y - u) * TILED + WINDOW - v;
    for (int x = 0; x < COLUMNS; x++) {
      error_re[y * ROW + x] -= cr * weight_re[a + x] - ci * weight_im[a + x];
      error_im[y * ROW + x] -= cr * weight_im[a + x] + ci * weight_re[a + x];
    }
  }
  return largest_error();
}

/* In the first and the middle column each wave is there twice: the first of the two is taken. */
static int upper_half(int place) {
  const int v = place % ROW, u = place / ROW;
  if (u <= MIDDLE || (v != 0 && v != MIDDLE)) return place;
  const int other = (WINDOW - u) * ROW + v;
  error_re[other] = error_re[place];
  error_im[other] = -error_im[place];
  return other;
}

/*
 * Transforms weights and weighted values at once, one as real part, the other as imaginary part, and picks
 * `wanted` waves; a wave and its conjugate are two. Gives how many different ones there are.
 */
EXPORT(int, fit_waves)(int wanted) {
  turn_both();
  transform_columns();
  turn_both();
  transform_columns();
  separate();
  for (int i = 0; i < WINDOW * COLUMNS; i++) found_at[i] = 0;
  const double total = weight_re[0];
  int found = 0;
  int place = largest_error();
  for (int count = 0; count < wanted;) {
    place = upper_half(place);
    const int v = place % ROW, u = place / ROW;
    const double cr = SHARE * error_re[place] / total, ci = SHARE * error_im[place] / total;
    const int alone = (u == 0 || u == MIDDLE) && (v == 0 || v == MIDDLE);
    int *known = found_at + u * COLUMNS + v;
    if (*known == 0) {
      places[found] = u * COLUMNS + v;
      amplitudes_re[found] = amplitudes_im[found] = 0;
      *known = ++found;
    }
    amplitudes_re[*known - 1] += alone ? cr : 2 * cr;
    amplitudes_im[*known - 1] += alone ? ci : 2 * ci;
    place = alone ? subtract_alone(u, v, cr, ci) : subtract_pair(u, v, cr, ci);
    count += alone ? 1 : 2;
  }
  return found;
}

/* Side of a patch, and bytes of a row of it: its pixels, and some that are masked. */
enum { RADIUS = 4, SIDE = 2 * RADIUS + 1, LINE = 16 };

/* Given: the pixels of the patch that is to be continued, and 255 where they are known. */
static unsigned char wanted_pixels[SIDE * LINE], known_pixels[SIDE * LINE];

EXPORT(unsigned char *, patch_pixels)(void) { return wanted_pixels; }
EXPORT(unsigned char *, patch_known)(void) { return known_pixels; }

extern unsigned char __heap_base;
EXPORT(unsigned char *, free_memory)(void) { return &__heap_base; }

/* Squares of the differences of one row, in four sums. */
INLINE v128_t row_difference(const unsigned char *pixels, int row) {
  const v128_t a = wasm_v128_load(pixels), b = wasm_v128_load(wanted_pixels + row * LINE);
  const v128_t gap = wasm_v128_and(wasm_v128_or(wasm_u8x16_sub_sat(a, b), wasm_u8x16_sub_sat(b, a)),
                                   wasm_v128_load(known_pixels + row * LINE));
  return wasm_i32x4_add(wasm_u32x4_extadd_pairwise_u16x8(wasm_u16x8_extmul_low_u8x16(gap, gap)),
                        wasm_u32x4_extadd_pairwise_u16x8(wasm_u16x8_extmul_high_u8x16(gap, gap)));
}

INLINE int added(v128_t four) {
  const v128_t two = wasm_i32x4_add(four, wasm_i32x4_shuffle(four, four, 2, 3, 0, 1));
  return wasm_i32x4_extract_lane(two, 0) + wasm_i32x4_extract_lane(two, 1);
}

INLINE int has_known(int row) { return wasm_v128_any_true(wasm_v128_load(known_pixels + row * LINE)); }

/* Rows of the given patch of which something is known. */
static int rows[SIDE];
static int rows_used;

/* Sum of squares of what is known; given up once it is above `most`. */
INLINE int difference(const unsigned char *image, int width, int source, int most) {
  const unsigned char *corner = image + source - RADIUS * width - RADIUS;
  int sum = 0;
  for (int done = 0; done < rows_used && sum <= most;) {
    const int end = done + 3 < rows_used ? done + 3 : rows_used;
    v128_t four = wasm_i32x4_splat(0);
    for (; done < end; done++) four = wasm_i32x4_add(four, row_difference(corner + rows[done] * width, rows[done]));
    sum += added(four);
  }
  return sum;
}

/*
 * Of `count` places in an image, each the middle of a patch, the one whose patch differs least from what is
 * known of the given one; of those alike the nearest to `target`, then the first. Up to LINE bytes behind the
 * image are read. With a good `guess`, which is one of them, most are given up after a few rows.
 */
EXPORT(int, nearest_patch)(const unsigned char *image, int width, const int *sources, int count, int target, int guess) {
  rows_used = 0;
  for (int row = 0; row < SIDE; row++)
    if (has_known(row)) rows[rows_used++] = row;
  const int tx = target % width, ty = target / width;
  int best = guess, least = difference(image, width, guess, 0x7fffffff), nearest = 0x7fffffff;
  for (int i = 0; i < count; i++) {
    const int source = sources[i], sum = difference(image, width, source, least);
    if (sum > least) continue;
    const int dx = source % width - tx, dy = source / width - ty, away = dx * dx + dy * dy;
    if (sum == least && away >= nearest) continue;
    least = sum;
    nearest = away;
    best = source;
  }
  return best;
}

/* Pixels whose products are added in 32 bits before they go into a double. */
enum { RUN = 65536, TOGETHER = 4 };

/* Products of 16 pixels, in four sums. */
INLINE v128_t products_of(v128_t a, v128_t b) {
  return wasm_i32x4_add(wasm_u32x4_extadd_pairwise_u16x8(wasm_u16x8_extmul_low_u8x16(a, b)),
                        wasm_u32x4_extadd_pairwise_u16x8(wasm_u16x8_extmul_high_u8x16(a, b)));
}

INLINE double added_unsigned(v128_t four) {
  return ((double)wasm_u32x4_extract_lane(four, 0) + wasm_u32x4_extract_lane(four, 1)) +
         ((double)wasm_u32x4_extract_lane(four, 2) + wasm_u32x4_extract_lane(four, 3));
}

/*
 * products[i] = image `first` · image i for i ≤ first, exact: sums of integers. The images lie one behind the
 * other, each `length` bytes long, a multiple of 16. Images up to TOGETHER behind the last are read.
 */
EXPORT(void, image_products)(const unsigned char *images, int length, int first, double *products) {
  const unsigned char *a = images + (long)first * length;
  for (int i = 0; i <= first; i += TOGETHER) {
    const unsigned char *b = images + (long)i * length;
    double sums[TOGETHER] = {0};
    for (int from = 0; from < length; from += RUN) {
      const int end = from + RUN < length ? from + RUN : length;
      v128_t s0 = wasm_i32x4_splat(0), s1 = s0, s2 = s0, s3 = s0;
      for (int at = from; at < end; at += 16) {
        const v128_t value = wasm_v128_load(a + at);
        s0 = wasm_i32x4_add(s0, products_of(value, wasm_v128_load(b + at)));
        s1 = wasm_i32x4_add(s1, products_of(value, wasm_v128_load(b + length + at)));
        s2 = wasm_i32x4_add(s2, products_of(value, wasm_v128_load(b + 2 * length + at)));
        s3 = wasm_i32x4_add(s3, products_of(value, wasm_v128_load(b + 3 * length + at)));
      }
      sums[0] += added_unsigned(s0);
      sums[1] += added_unsigned(s1);
      sums[2] += added_unsigned(s2);
      sums[3] += added_unsigned(s3);
    }
    for (int lane = 0; lane < TOGETHER && i + lane <= first; lane++) products[i + lane] = sums[lane];
  }
}

/* Products over `length` elements, a multiple of 2, of four rows and the two that begin at `b`: sums[row][which]. */
INLINE void tile_products(const double *a, const double *b, int stride, int length, double sums[4][2]) {
  v128_t s[4][2];
  for (int row = 0; row < 4; row++) s[row][0] = s[row][1] = both(0);
  for (int k = 0; k < length; k += 2) {
    const v128_t first = at(b + k), second = at(b + stride + k);
    for (int row = 0; row < 4; row++) {
      const v128_t value = at(a + (long)row * stride + k);
      s[row][0] = wasm_f64x2_add(s[row][0], wasm_f64x2_mul(value, first));
      s[row][1] = wasm_f64x2_add(s[row][1], wasm_f64x2_mul(value, second));
    }
  }
  for (int row = 0; row < 4; row++)
    for (int which = 0; which < 2; which++)
      sums[row][which] = wasm_f64x2_extract_lane(s[row][which], 0) + wasm_f64x2_extract_lane(s[row][which], 1);
}

/*
 * Replaces the lower triangle of a symmetric positive definite matrix A [size, size], a multiple of 4, by L with
 * A = L·Lᵀ; what is above it is undefined. Gives the first row where A is not positive definite, or -1.
 */
EXPORT(int, factorize)(double *matrix, int size) {
  double sums[4][2];
  for (int i = 0; i < size; i += 4) {
    double *rows = matrix + (long)i * size;
    for (int j = 0; j < i + 4; j += 2) {
      double *pivot = matrix + (long)j * size;
      tile_products(rows, pivot, size, j, sums);
      if (j >= i) {
        const int row = j - i;
        const double first = pivot[j] - sums[row][0];
        if (!(first > 0)) return j;
        pivot[j] = __builtin_sqrt(first);
        const double below = (pivot[size + j] - sums[row + 1][0]) / pivot[j];
        const double second = pivot[size + j + 1] - sums[row + 1][1] - below * below;
        if (!(second > 0)) return j + 1;
        pivot[size + j] = below;
        pivot[size + j + 1] = __builtin_sqrt(second);
      }
      for (int row = j >= i ? j - i + 2 : 0; row < 4; row++) {
        double *element = rows + (long)row * size + j;
        element[0] = (element[0] - sums[row][0]) / pivot[j];
        element[1] = (element[1] - sums[row][1] - element[0] * pivot[size + j]) / pivot[size + j + 1];
      }
    }
  }
  return -1;
}
