/*
 * Convolutions and matrix products over the memory of the WASM backend. NHWC, float32, no relaxed
 * SIMD: each sum is added in one order, so the bytes are the same on every machine. The functions use
 * neither a stack nor static data, since both would lie in the backend's memory.
 */
#include <wasm_simd128.h>

#define EXPORT(name) __attribute__((export_name(#name))) void name
#define INLINE static inline __attribute__((always_inline))

typedef float *restrict out;
typedef const float *restrict in;

/* Channels of an output that are computed together. Packed filters hold as many for each row. */
enum { BLOCK = 8, PIXELS = 4 };

/* Written out, so that what it indexes is in registers. */
#define EACH(i, count) _Pragma("clang loop unroll(full)") for (int i = 0; i < count; i++)

INLINE int least(int a, int b) { return a < b ? a : b; }

INLINE void store(float *to, v128_t value, int count) {
  if (count >= 4) {
    wasm_v128_store(to, value);
    return;
  }
  if (count > 0) to[0] = wasm_f32x4_extract_lane(value, 0);
  if (count > 1) to[1] = wasm_f32x4_extract_lane(value, 1);
  if (count > 2) to[2] = wasm_f32x4_extract_lane(value, 2);
}

INLINE void fill_zero(float *to, int count) {
  const v128_t zero = wasm_f32x4_splat(0);
  int i = 0;
  for (; i + 4 <= count; i += 4) wasm_v128_store(to + i, zero);
  for (; i < count; i++) to[i] = 0;
}

INLINE void copy(float *to, const float *from, int count) {
  int i = 0;
  for (; i + 4 <= count; i += 4) wasm_v128_store(to + i, wasm_v128_load(from + i));
  for (; i < count; i++) to[i] = from[i];
}

/* A source image: from one row or pixel to the next, in floats. */
typedef struct {
  const float *first;
  int row;
  int pixel;
} source;

/*
 * `taps` times `length` rows of channels. The channels of a block are next to each other; `step` floats
 * lie between rows, and `block` floats between blocks.
 */
typedef struct {
  const float *first;
  int taps;
  int length;
  int step;
  int block;
} filter;

/* A filter as `pack` leaves it. */
INLINE filter packed_at(const float *packed, int taps, int length) {
  return (filter){packed, taps, length, BLOCK, taps * length * BLOCK};
}

/* `p` pixels by `v` vectors of channels. */
INLINE void tile(const int p, const int v, source from, filter by, float *to, int to_pixel, int count) {
  v128_t sums[PIXELS][2];
  EACH(i, p)
    EACH(j, v) sums[i][j] = wasm_f32x4_splat(0);
  const float *w = by.first;
  for (int tap = 0; tap < by.taps; tap++) {
    const float *x = from.first + tap * from.row;
    for (int k = 0; k < by.length; k++) {
      v128_t weights[2];
      EACH(j, v) weights[j] = wasm_v128_load(w + 4 * j);
      EACH(i, p) {
        const v128_t value = wasm_v128_load32_splat(x + i * from.pixel);
        EACH(j, v)
          sums[i][j] = wasm_f32x4_add(sums[i][j], wasm_f32x4_mul(value, weights[j]));
      }
      x++;
      w += by.step;
    }
  }
  EACH(i, p)
    EACH(j, v) store(to + i * to_pixel + 4 * j, sums[i][j], count - 4 * j);
}

INLINE void tiles_of(const int v, source from, filter by, float *to, int to_pixel, int pixels, int count) {
  int done = 0;
  for (; done + PIXELS <= pixels; done += PIXELS) {
    tile(PIXELS, v, from, by, to, to_pixel, count);
    from.first += PIXELS * from.pixel;
    to += PIXELS * to_pixel;
  }
  switch (pixels - done) {
    case 3: tile(3, v, from, by, to, to_pixel, count); break;
    case 2: tile(2, v, from, by, to, to_pixel, count); break;
    case 1: tile(1, v, from, by, to, to_pixel, count); break;
  }
}

/* A row of output pixels, all channels. */
INLINE void row_of(source from, filter by, float *to, int to_pixel, int pixels, int channels) {
  for (int channel = 0; channel < channels; channel += BLOCK) {
    const int count = least(channels - channel, BLOCK);
    if (count > 4) tiles_of(2, from, by, to + channel, to_pixel, pixels, count);
    else tiles_of(1, from, by, to + channel, to_pixel, pixels, count);
    by.first += by.block;
  }
}

/* Whether a filter meets anything outside the image. */
INLINE int reaches_out(int height, int width, int top, int left, int around_height, int around_width) {
  return top > 0 || left > 0 || around_height > height || around_width > width;
}

/* An image into the middle of `to`, zeros around it. */
INLINE void surround(float *to, const float *x, int height, int width, int channels, int top, int left,
                     int rows, int columns) {
  for (int row = 0; row < rows; row++) {
    const int y = row - top;
    const int before = least(left, columns) * channels;
    float *line = to + row * columns * channels;
    if (y < 0 || y >= height) {
      fill_zero(line, columns * channels);
      continue;
    }
    const int inside = least(width, columns - least(left, columns)) * channels;
    fill_zero(line, before);
    copy(line + before, x + y * width * channels, inside);
    fill_zero(line + before + inside, columns * channels - before - inside);
  }
}

/*
 * [rows, channels] → blocks of channels, `BLOCK` for each row; zeros where the last block ends. The
 * element of a row and channel is at row · row_step + channel · channel_step.
 */
INLINE void pack(float *to, const float *w, int rows, int row_step, int channels, int channel_step) {
  for (int channel = 0; channel < channels; channel += BLOCK) {
    const int count = least(channels - channel, BLOCK);
    for (int row = 0; row < rows; row++, to += BLOCK) {
      const float *from = w + row * row_step + channel * channel_step;
      for (int i = 0; i < count; i++) to[i] = from[i * channel_step];
      for (int i = count; i < BLOCK; i++) to[i] = 0;
    }
  }
}

/*
 * y[n, r, c, o] = Σ x[n, r·s + u − top, c·s + v − left, i] · w[u, v, i, o].
 * `scratch` holds the packed filter, and behind it an image with its surroundings if it has any.
 */
EXPORT(convolve)(in x, in w, out y, out scratch, int images, int height, int width, int channels,
                     int kernel_height, int kernel_width, int filters, int stride, int top, int left,
                     int rows, int columns, int around_height, int around_width) {
  const int taps = kernel_height * kernel_width * channels;
  const int blocks = (filters + BLOCK - 1) / BLOCK;
  pack(scratch, w, taps, filters, filters, 1);
  const int is_padded = reaches_out(height, width, top, left, around_height, around_width);
  const int line = (is_padded ? around_width : width) * channels;
  float *around = scratch + blocks * taps * BLOCK;
  const filter by = packed_at(scratch, kernel_height, kernel_width * channels);
  for (int n = 0; n < images; n++) {
    const float *image = x + n * height * width * channels;
    if (is_padded)
      surround(around, image, height, width, channels, top, left, around_height, around_width);
    source from = {is_padded ? around : image, line, stride * channels};
    for (int row = 0; row < rows; row++) {
      row_of(from, by, y + (n * rows + row) * columns * filters, filters, columns, filters);
      from.first += stride * line;
    }
  }
}

/* Taps u of one phase: u = phase + s·a. */
INLINE int taps_of(int kernel, int stride, int phase) {
  return kernel > phase ? (kernel - phase + stride - 1) / stride : 0;
}

/*
 * The gradient of `convolve` with respect to x, and the transposed convolution:
 * dx[n, y, x, i] = Σ dy[n, (y + top − u) / s, (x + left − v) / s, o] · w[u, v, i, o], where these are
 * whole numbers. The pixels of a phase ((y + top) mod s, (x + left) mod s) see every s-th tap: each
 * phase is a convolution of stride 1 with these taps turned. `dy` is surrounded by `before` rows and
 * columns, so that all taps are inside.
 */
EXPORT(convolve_back)(in dy, in w, out dx, out scratch, int images, int rows, int columns, int filters,
                          int kernel_height, int kernel_width, int channels, int stride, int top, int left,
                          int height, int width, int around_height, int around_width) {
  const int before_y = taps_of(kernel_height, stride, 0) - 1;
  const int before_x = taps_of(kernel_width, stride, 0) - 1;
  const int blocks = (channels + BLOCK - 1) / BLOCK;
  float *packed = scratch;
  for (int py = 0; py < stride; py++)
    for (int px = 0; px < stride; px++) {
      const int down = taps_of(kernel_height, stride, py), across = taps_of(kernel_width, stride, px);
      for (int block = 0; block < blocks; block++)
        for (int a = down - 1; a >= 0; a--)
          for (int b = across - 1; b >= 0; b--) {
            const int tap = (py + stride * a) * kernel_width + px + stride * b;
            const int channel = block * BLOCK;
            pack(packed, w + (tap * channels + channel) * filters, filters, 1,
                 least(channels - channel, BLOCK), filters);
            packed += filters * BLOCK;
          }
    }
  float *around = packed;
  for (int n = 0; n < images; n++) {
    surround(around, dy + n * rows * columns * filters, rows, columns, filters, before_y, before_x,
             around_height, around_width);
    packed = scratch;
    for (int py = 0; py < stride; py++)
      for (int px = 0; px < stride; px++) {
        const filter by = packed_at(packed, taps_of(kernel_height, stride, py),
                                    taps_of(kernel_width, stride, px) * filters);
        packed += blocks * by.block;
        /* The first pixel of the phase, and the last row and column of dy that it sees. */
        const int y0 = (py + stride - top % stride) % stride, x0 = (px + stride - left % stride) % stride;
        const int pixels = x0 < width ? (width - x0 + stride - 1) / stride : 0;
        const int first_x = (x0 + left) / stride - taps_of(kernel_width, stride, px) + 1 + before_x;
        for (int y = y0; y < height; y += stride) {
          const int first_y = (y + top) / stride - by.taps + 1 + before_y;
          const source from = {around + (first_y * around_width + first_x) * filters,
                               around_width * filters, filters};
          row_of(from, by, dx + ((n * height + y) * width + x0) * channels, stride * channels, pixels,
                 channels);
        }
      }
  }
}

/* Adds Σ over pixels of `k` values of x by `v` vectors of dy to dw. */
INLINE void gradient_tile(const int k, const int v, source x, source dy, int rows, int columns, float *dw,
                          int filters) {
  v128_t sums[4][2];
  EACH(i, k)
    EACH(j, v) sums[i][j] = wasm_f32x4_splat(0);
  for (int row = 0; row < rows; row++) {
    const float *a = x.first + row * x.row;
    const float *b = dy.first + row * dy.row;
    for (int column = 0; column < columns; column++) {
      v128_t slopes[2];
      EACH(j, v) slopes[j] = wasm_v128_load(b + 4 * j);
      EACH(i, k) {
        const v128_t value = wasm_v128_load32_splat(a + i);
        EACH(j, v)
          sums[i][j] = wasm_f32x4_add(sums[i][j], wasm_f32x4_mul(value, slopes[j]));
      }
      a += x.pixel;
      b += dy.pixel;
    }
  }
  EACH(i, k)
    EACH(j, v) {
      float *to = dw + i * filters + 4 * j;
      wasm_v128_store(to, wasm_f32x4_add(wasm_v128_load(to), sums[i][j]));
    }
}

INLINE void gradient_rows(const int v, source x, source dy, int rows, int columns, float *dw, int filters,
                          int length) {
  int k = 0;
  for (; k + 4 <= length; k += 4) {
    gradient_tile(4, v, x, dy, rows, columns, dw, filters);
    x.first += 4;
    dw += 4 * filters;
  }
  for (; k < length; k++) {
    gradient_tile(1, v, x, dy, rows, columns, dw, filters);
    x.first++;
    dw += filters;
  }
}

/* As many rows or pixels stay in the first cache; so many are added in registers before they are added to dw. */
enum { GROUP = 64 };

/*
 * The gradient of `convolve` with respect to w: dw[u, v, i, o] = Σ x[n, r·s + u − top, …, i] ·
 * dy[n, r, c, o]. `filters` is a multiple of 4, `dw` is zero.
 */
INLINE void gradient_of_image(source x, const float *dy, float *dw, int kernel_height, int length,
                              int filters, int stride, int rows, int columns) {
  const int group = columns > 0 && columns < GROUP ? GROUP / columns : 1;
  for (int row = 0; row < rows; row += group) {
    const int some = least(rows - row, group);
    for (int u = 0; u < kernel_height; u++) {
      const source image = {x.first + (row * stride + u) * x.row, x.row * stride, x.pixel};
      source slopes = {dy + row * columns * filters, columns * filters, filters};
      float *to = dw + u * length * filters;
      int o = 0;
      for (; o + 8 <= filters; o += 8) {
        gradient_rows(2, image, slopes, some, columns, to, filters, length);
        slopes.first += 8;
        to += 8;
      }
      if (o < filters) gradient_rows(1, image, slopes, some, columns, to, filters, length);
    }
  }
}

/* [count, from] → [count, to]: cut, or with zeros at the end of each row. */
INLINE void restride(float *y, const float *x, int count, int from, int to) {
  for (int i = 0; i < count; i++, x += from, y += to) {
    copy(y, x, least(from, to));
    if (to > from) fill_zero(y + from, to - from);
  }
}

/*
 * `scratch` holds an image with its surroundings if it has any. If `filters` is not a multiple of 4, dy
 * of an image and all of dw, with more filters, come behind it.
 */
EXPORT(convolve_filter)(in x, in dy, out dw, out scratch, int images, int height, int width,
                            int channels, int kernel_height, int kernel_width, int filters, int stride,
                            int top, int left, int rows, int columns, int around_height,
                            int around_width) {
  const int is_padded = reaches_out(height, width, top, left, around_height, around_width);
  const int line = (is_padded ? around_width : width) * channels;
  const int length = kernel_width * channels;
  const int even = (filters + 3) / 4 * 4;
  float *slopes = scratch + (is_padded ? around_height * around_width * channels : 0);
  float *sums = even == filters ? dw : slopes + rows * columns * even;
  fill_zero(sums, kernel_height * length * even);
  for (int n = 0; n < images; n++) {
    const float *image = x + n * height * width * channels;
    const float *dy_n = dy + n * rows * columns * filters;
    if (is_padded)
      surround(scratch, image, height, width, channels, top, left, around_height, around_width);
    if (even != filters) restride(slopes, dy_n, rows * columns, filters, even);
    const source from = {is_padded ? scratch : image, line, stride * channels};
    gradient_of_image(from, even == filters ? dy_n : slopes, sums, kernel_height, length, even, stride,
                      rows, columns);
  }
  if (even != filters) restride(dw, sums, kernel_height * length, even, filters);
}

/* y[m, n] = a[m, k] · b[k, n] with n a multiple of 4. */
EXPORT(multiply)(in a, in b, out y, int m, int k, int n) {
  const filter by = {b, 1, k, n, BLOCK};
  const source from = {a, 0, k};
  row_of(from, by, y, n, m, n);
}

/* The same with any n; b[k, n] has its elements at k · row_step + n · column_step. */
EXPORT(multiply_packed)(in a, in b, out y, out scratch, int m, int k, int n, int row_step, int column_step) {
  pack(scratch, b, k, row_step, n, column_step);
  for (int row = 0; row < m; row += GROUP) {
    const source from = {a + row * k, 0, k};
    row_of(from, packed_at(scratch, 1, k), y + row * n, n, least(m - row, GROUP), n);
  }
}

/*
 * y[m, n] = a[k, m]ᵀ · b[k, n]. If n is not a multiple of 4, `scratch` holds b and y with more columns.
 */
EXPORT(multiply_first_turned)(in a, in b, out y, out scratch, int m, int k, int n) {
  const int even = (n + 3) / 4 * 4;
  float *sums = even == n ? y : scratch + k * even;
  fill_zero(sums, m * even);
  if (even != n) restride(scratch, b, k, n, even);
  const source from = {a, m, m};
  gradient_of_image(from, even == n ? b : scratch, sums, 1, m, even, 1, k, 1);
  if (even != n) restride(y, sums, m, even, n);
}

/* The sum of four lanes, and of the products of the last `count` values. */
INLINE float sum_of(v128_t four, const float *a, const float *b, int count) {
  float sum = (wasm_f32x4_extract_lane(four, 0) + wasm_f32x4_extract_lane(four, 1)) +
              (wasm_f32x4_extract_lane(four, 2) + wasm_f32x4_extract_lane(four, 3));
  for (int i = 0; i < count; i++) sum += a[i] * b[i];
  return sum;
}

/* `p` rows of a by `q` rows of b, along `k`. */
INLINE void product_tile(const int p, const int q, const float *a, const float *b, float *y, int k, int n) {
  v128_t sums[4][2];
  EACH(i, p)
    EACH(j, q) sums[i][j] = wasm_f32x4_splat(0);
  int at = 0;
  for (; at + 4 <= k; at += 4) {
    v128_t right[2];
    EACH(j, q) right[j] = wasm_v128_load(b + j * k + at);
    EACH(i, p) {
      const v128_t left = wasm_v128_load(a + i * k + at);
      EACH(j, q)
        sums[i][j] = wasm_f32x4_add(sums[i][j], wasm_f32x4_mul(left, right[j]));
    }
  }
  EACH(i, p)
    EACH(j, q)
      y[i * n + j] = sum_of(sums[i][j], a + i * k + at, b + j * k + at, k - at);
}

INLINE void product_rows(const int q, const float *a, const float *b, float *y, int m, int k, int n) {
  int row = 0;
  for (; row + 4 <= m; row += 4) product_tile(4, q, a + row * k, b, y + row * n, k, n);
  for (; row < m; row++) product_tile(1, q, a + row * k, b, y + row * n, k, n);
}

/* y[m, n] = a[m, k] · b[n, k]ᵀ. */
EXPORT(multiply_second_turned)(in a, in b, out y, int m, int k, int n) {
  int column = 0;
  for (; column + 2 <= n; column += 2) product_rows(2, a, b + column * k, y + column, m, k, n);
  if (column < n) product_rows(1, a, b + column * k, y + column, m, k, n);
}

/* Four values at a time; the last ones are done one by one, by the same operations. */
INLINE v128_t times(v128_t a, float b) { return wasm_f32x4_mul(a, wasm_f32x4_splat(b)); }

/* y = a · left + b · right. */
EXPORT(blend)(in a, in b, out y, int count, float left, float right) {
  int i = 0;
  for (; i + 4 <= count; i += 4)
    wasm_v128_store(y + i, wasm_f32x4_add(times(wasm_v128_load(a + i), left), times(wasm_v128_load(b + i), right)));
  for (; i < count; i++) y[i] = a[i] * left + b[i] * right;
}

/*
 * One update by Adam. With m and v the moments, and (1 − β) as it is rounded outside:
 * m ← β₁m + (1−β₁)g, v ← β₂v + (1−β₂)g², p ← p − rate · m / (√v · correction + ε).
 */
EXPORT(adam)(in p, in g, in m, in v, out new_p, out new_m, out new_v, int count, float beta1, float rest1,
             float beta2, float rest2, float rate, float correction, float epsilon) {
  int i = 0;
  for (; i + 4 <= count; i += 4) {
    const v128_t slope = wasm_v128_load(g + i);
    const v128_t first = wasm_f32x4_add(times(wasm_v128_load(m + i), beta1), times(slope, rest1));
    const v128_t second = wasm_f32x4_add(times(wasm_v128_load(v + i), beta2), times(wasm_f32x4_mul(slope, slope), rest2));
    const v128_t deviation = wasm_f32x4_add(times(wasm_f32x4_sqrt(second), correction), wasm_f32x4_splat(epsilon));
    const v128_t change = wasm_f32x4_div(times(first, rate), deviation);
    wasm_v128_store(new_p + i, wasm_f32x4_sub(wasm_v128_load(p + i), change));
    wasm_v128_store(new_m + i, first);
    wasm_v128_store(new_v + i, second);
  }
  for (; i < count; i++) {
    new_m[i] = m[i] * beta1 + g[i] * rest1;
    new_v[i] = v[i] * beta2 + g[i] * g[i] * rest2;
    new_p[i] = p[i] - new_m[i] * rate / (__builtin_sqrtf(new_v[i]) * correction + epsilon);
  }
}

/* y = dy where x > 0, dy · alpha elsewhere; with dy = x the leaky ReLU itself. */
EXPORT(leaky)(in x, const float *dy, out y, int count, float alpha) {
  int i = 0;
  for (; i + 4 <= count; i += 4) {
    const v128_t slope = wasm_v128_load(dy + i);
    const v128_t above = wasm_f32x4_gt(wasm_v128_load(x + i), wasm_f32x4_splat(0));
    wasm_v128_store(y + i, wasm_v128_bitselect(slope, times(slope, alpha), above));
  }
  for (; i < count; i++) y[i] = x[i] > 0 ? dy[i] : dy[i] * alpha;
}

INLINE v128_t low(v128_t four) { return wasm_f64x2_promote_low_f32x4(four); }

INLINE v128_t high(v128_t four) { return low(wasm_i32x4_shuffle(four, four, 2, 3, 2, 3)); }

/* Four sums at a time, since an addition waits for the one before it. */
INLINE double sum_of_run(const float *x, int length) {
  v128_t first = wasm_f64x2_splat(0), second = first;
  int i = 0;
  for (; i + 4 <= length; i += 4) {
    const v128_t four = wasm_v128_load(x + i);
    first = wasm_f64x2_add(first, low(four));
    second = wasm_f64x2_add(second, high(four));
  }
  double sum = wasm_f64x2_extract_lane(first, 0);
  for (; i < length; i++) sum += x[i];
  return sum + wasm_f64x2_extract_lane(first, 1) +
         (wasm_f64x2_extract_lane(second, 0) + wasm_f64x2_extract_lane(second, 1));
}

/* `v` times four columns, from row to row. */
INLINE void sums_of_columns(const int v, const float *x, float *y, int length, int columns, double divisor) {
  v128_t sums[2][2];
  EACH(i, v) sums[i][0] = sums[i][1] = wasm_f64x2_splat(0);
  for (int row = 0; row < length; row++, x += columns) {
    EACH(i, v) {
      const v128_t four = wasm_v128_load(x + 4 * i);
      sums[i][0] = wasm_f64x2_add(sums[i][0], low(four));
      sums[i][1] = wasm_f64x2_add(sums[i][1], high(four));
    }
  }
  EACH(i, v) {
    y[4 * i] = wasm_f64x2_extract_lane(sums[i][0], 0) / divisor;
    y[4 * i + 1] = wasm_f64x2_extract_lane(sums[i][0], 1) / divisor;
    y[4 * i + 2] = wasm_f64x2_extract_lane(sums[i][1], 0) / divisor;
    y[4 * i + 3] = wasm_f64x2_extract_lane(sums[i][1], 1) / divisor;
  }
}

/* y[outer, inner] = Σ x[outer, length, inner] / divisor, added in double. */
EXPORT(sum)(in x, out y, int outer, int length, int inner, double divisor) {
  for (int block = 0; block < outer; block++) {
    const float *from = x + block * length * inner;
    float *to = y + block * inner;
    if (inner == 1) {
      to[0] = sum_of_run(from, length) / divisor;
      continue;
    }
    int column = 0;
    for (; column + 8 <= inner; column += 8)
      sums_of_columns(2, from + column, to + column, length, inner, divisor);
    for (; column + 4 <= inner; column += 4)
      sums_of_columns(1, from + column, to + column, length, inner, divisor);
    for (; column < inner; column++) {
      double sum = 0;
      for (int row = 0; row < length; row++) sum += from[row * inner + column];
      to[column] = sum / divisor;
    }
  }
}
