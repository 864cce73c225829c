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

INLINE v128_t times(v128_t a, float b) { return wasm_f32x4_mul(a, wasm_f32x4_splat(b)); }

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

/*
 * Winograd's convolution (Winograd 1980; Lavin and Gray 2016): a tile of 4×4 pixels gives 2×2 outputs of
 * a 3×3 filter, or 3×3 outputs of a 2×2 filter, by 16 products where 36 would do it one by one. Each of
 * the 16 points of a transformed tile is a matrix product [tiles, from] · [from, to]. A filter of 4×4
 * taps at stride 2 is one of 2×2 taps at stride 1, over (or towards) the four phases of the pixels as
 * channels of their own.
 */
enum { SIDE = 4, POINTS = SIDE * SIDE, PHASES = 4, MOST_TILES = 64, TILES_FLOATS = 1 << 12 };

/* Tiles that are transformed together, so that these stay in the second cache. */
INLINE int tiles_together(int from, int to) {
  const int fitting = TILES_FLOATS / (from + to) / PIXELS * PIXELS;
  return fitting < 2 * PIXELS ? 2 * PIXELS : least(fitting, MOST_TILES);
}

/* Four pixels of one direction → the four that its products need. */
INLINE void transform(v128_t *d0, v128_t *d1, v128_t *d2, v128_t *d3) {
  const v128_t a = *d0, b = *d1, c = *d2, d = *d3;
  *d0 = wasm_f32x4_sub(a, c);
  *d1 = wasm_f32x4_add(b, c);
  *d2 = wasm_f32x4_sub(c, b);
  *d3 = wasm_f32x4_sub(b, d);
}

/* 4×4 pixels of four channels → point p at to + p · plane. */
INLINE void transform_tile(const float *from, int row, int pixel, float *to, int plane) {
  v128_t d[SIDE][SIDE];
  EACH(i, SIDE)
    EACH(j, SIDE) d[i][j] = wasm_v128_load(from + i * row + j * pixel);
  EACH(j, SIDE) transform(&d[0][j], &d[1][j], &d[2][j], &d[3][j]);
  EACH(i, SIDE) transform(&d[i][0], &d[i][1], &d[i][2], &d[i][3]);
  EACH(i, SIDE)
    EACH(j, SIDE) wasm_v128_store(to + (i * SIDE + j) * plane, d[i][j]);
}

/* `m` values of each direction of a gradient → the four that its products need: the transpose of `gather`. */
INLINE void spread(const int m, v128_t *e0, v128_t *e1, v128_t *e2, v128_t *e3) {
  const v128_t a = *e0, b = *e1, c = *e2;
  const v128_t even = m == 3 ? wasm_f32x4_add(a, c) : a;
  *e1 = wasm_f32x4_add(even, b);
  *e2 = wasm_f32x4_sub(even, b);
  *e3 = wasm_f32x4_neg(m == 3 ? c : b);
}

INLINE void spread_tile(const int m, const float *from, int row, int pixel, float *to, int plane) {
  v128_t e[SIDE][SIDE];
  EACH(i, SIDE)
    EACH(j, SIDE) e[i][j] = i < m && j < m ? wasm_v128_load(from + i * row + j * pixel) : wasm_f32x4_splat(0);
  EACH(j, SIDE) spread(m, &e[0][j], &e[1][j], &e[2][j], &e[3][j]);
  EACH(i, SIDE) spread(m, &e[i][0], &e[i][1], &e[i][2], &e[i][3]);
  EACH(i, SIDE)
    EACH(j, SIDE) wasm_v128_store(to + (i * SIDE + j) * plane, e[i][j]);
}

/* Four products of each direction → the `m` outputs of a tile. */
INLINE void gather(const int m, v128_t *s0, v128_t *s1, v128_t *s2, v128_t s3) {
  const v128_t sum = wasm_f32x4_add(*s1, *s2), difference = wasm_f32x4_sub(*s1, *s2);
  *s0 = wasm_f32x4_add(*s0, sum);
  *s1 = m == 3 ? difference : wasm_f32x4_sub(difference, s3);
  *s2 = wasm_f32x4_sub(sum, s3);
}

/* The products of four channels of a tile → those of its m×m outputs that are among `rows` and `columns`. */
INLINE void gather_tile(const int m, const float *from, int plane, float *to, int row, int pixel, int first_row,
                        int first_column, int rows, int columns) {
  v128_t s[SIDE][SIDE];
  EACH(i, SIDE)
    EACH(j, SIDE) s[i][j] = wasm_v128_load(from + (i * SIDE + j) * plane);
  EACH(j, SIDE) gather(m, &s[0][j], &s[1][j], &s[2][j], s[3][j]);
  EACH(i, m) gather(m, &s[i][0], &s[i][1], &s[i][2], s[i][3]);
  EACH(i, m)
    EACH(j, m)
      if (i >= first_row && i < rows && j >= first_column && j < columns)
        wasm_v128_store(to + i * row + j * pixel, s[i][j]);
}

/* `r` taps of each direction → the four factors of its products. */
INLINE void expand(const int r, v128_t *g0, v128_t *g1, v128_t *g2, v128_t *g3) {
  const v128_t a = *g0, b = *g1, last = r == 3 ? *g2 : *g1;
  const v128_t even = times(r == 3 ? wasm_f32x4_add(a, last) : a, 0.5f), odd = times(b, 0.5f);
  *g1 = wasm_f32x4_add(even, odd);
  *g2 = wasm_f32x4_sub(even, odd);
  *g3 = last;
}

/* The transpose of `expand`. */
INLINE void reduce(const int r, v128_t *u0, v128_t *u1, v128_t *u2, v128_t u3) {
  const v128_t even = times(wasm_f32x4_add(*u1, *u2), 0.5f), odd = times(wasm_f32x4_sub(*u1, *u2), 0.5f);
  *u0 = wasm_f32x4_add(*u0, even);
  *u1 = r == 3 ? odd : wasm_f32x4_add(odd, u3);
  *u2 = wasm_f32x4_add(even, u3);
}

/* Where tap (a, b) of a phase of w[kernel, kernel, from, to] is: at stride 2 the phase begins at its own tap. */
INLINE int tap_at(int r, int stride, int phase, int a, int b) {
  const int kernel = r * stride == 4 ? 4 : 3;
  return (a * stride + phase / 2) * kernel + b * stride + phase % 2;
}

/*
 * The factors of w[·, ·, channels, filters] for `convolve_fast`: for each point a packed filter. Channels
 * of phase p come behind those of phase p − 1.
 */
INLINE void expand_filter(const int r, const float *w, float *to, int channels, int filters) {
  const int stride = r == 3 ? 1 : 2, phases = stride * stride, length = phases * channels;
  const int plane = (filters + BLOCK - 1) / BLOCK * BLOCK * length;
  for (int phase = 0; phase < phases; phase++)
    for (int channel = 0; channel < channels; channel++)
      for (int o = 0; o < filters; o += 4) {
        v128_t g[SIDE][SIDE];
        EACH(a, r)
          EACH(b, r) g[a][b] = wasm_v128_load(w + (tap_at(r, stride, phase, a, b) * channels + channel) * filters + o);
        EACH(b, r) expand(r, &g[0][b], &g[1][b], &g[2][b], &g[3][b]);
        EACH(a, SIDE) expand(r, &g[a][0], &g[a][1], &g[a][2], &g[a][3]);
        float *at = to + (o / BLOCK * length + phase * channels + channel) * BLOCK + o % BLOCK;
        EACH(a, SIDE)
          EACH(b, SIDE) wasm_v128_store(at + (a * SIDE + b) * plane, g[a][b]);
      }
}

/* The same for `convolve_back_fast`: taps turned, from filters to channels, which are phases of the result. */
INLINE void expand_turned(const int r, const float *w, float *to, int channels, int filters) {
  const int stride = r == 3 ? 1 : 2, phases = stride * stride;
  const int plane = (phases * channels + BLOCK - 1) / BLOCK * BLOCK * filters;
  for (int phase = 0; phase < phases; phase++)
    for (int channel = 0; channel < channels; channel++)
      for (int o = 0; o < filters; o += 4) {
        v128_t g[SIDE][SIDE];
        EACH(a, r)
          EACH(b, r) {
            const int tap = tap_at(r, stride, phase, r - 1 - a, r - 1 - b);
            g[a][b] = wasm_v128_load(w + (tap * channels + channel) * filters + o);
          }
        EACH(b, r) expand(r, &g[0][b], &g[1][b], &g[2][b], &g[3][b]);
        EACH(a, SIDE) expand(r, &g[a][0], &g[a][1], &g[a][2], &g[a][3]);
        const int column = phase * channels + channel;
        float *at = to + (column / BLOCK * filters + o) * BLOCK + column % BLOCK;
        EACH(a, SIDE)
          EACH(b, SIDE) {
            float *point = at + (a * SIDE + b) * plane;
            point[0] = wasm_f32x4_extract_lane(g[a][b], 0);
            point[BLOCK] = wasm_f32x4_extract_lane(g[a][b], 1);
            point[2 * BLOCK] = wasm_f32x4_extract_lane(g[a][b], 2);
            point[3 * BLOCK] = wasm_f32x4_extract_lane(g[a][b], 3);
          }
      }
}

/* Tiles of an image, row by row. */
typedef struct {
  int count;
  int columns;
} tiling;

INLINE tiling tiles_over(int m, int rows, int columns) {
  const int across = (columns + m - 1) / m;
  return (tiling){(rows + m - 1) / m * across, across};
}

/* Points [16][together][phases · channels] of the tiles from `first` on. */
INLINE void transform_tiles(const int m, source image, int stride, tiling tiles, int first, int together, int channels,
                            float *to, int plane) {
  for (int t = 0; t < together; t++) {
    const int row = (first + t) / tiles.columns * m * stride, column = (first + t) % tiles.columns * m * stride;
    for (int phase = 0; phase < stride * stride; phase++) {
      const float *from = image.first + (row + phase / 2) * image.row + (column + phase % 2) * image.pixel;
      for (int channel = 0; channel < channels; channel += 4, to += 4)
        transform_tile(from + channel, image.row * stride, image.pixel * stride, to, plane);
    }
  }
}

/* products[point][together][to] = points[point][together][from] · factors[point]. */
INLINE void multiply_points(const float *points, const float *factors, float *products, int together, int from, int to,
                            int plane, int factors_plane, int products_plane) {
  for (int point = 0; point < POINTS; point++) {
    const source rows = {points + point * plane, 0, from};
    row_of(rows, packed_at(factors + point * factors_plane, 1, from), products + point * products_plane, to, together,
           to);
  }
}

INLINE void convolve_tiles(const int m, in x, in w, out y, out scratch, int images, int height, int width, int channels,
                           int filters, int top, int left, int rows, int columns) {
  const int r = SIDE + 1 - m, stride = m - 1, length = stride * stride * channels;
  const int factors_plane = (filters + BLOCK - 1) / BLOCK * BLOCK * length;
  const tiling tiles = tiles_over(m, rows, columns);
  const int most = tiles_together(length, filters);
  const int around_width = (tiles.columns * m + r - 1) * stride;
  const int around_height = (tiles.count / tiles.columns * m + r - 1) * stride;
  float *points = scratch + POINTS * factors_plane;
  float *products = points + POINTS * most * length;
  float *around = products + POINTS * most * filters;
  expand_filter(r, w, scratch, channels, filters);
  for (int n = 0; n < images; n++, y += rows * columns * filters) {
    surround(around, x + n * height * width * channels, height, width, channels, top, left, around_height,
             around_width);
    const source image = {around, around_width * channels, channels};
    for (int first = 0; first < tiles.count; first += most) {
      const int together = least(tiles.count - first, most);
      const int plane = together * length, products_plane = together * filters;
      transform_tiles(m, image, stride, tiles, first, together, channels, points, plane);
      multiply_points(points, scratch, products, together, length, filters, plane, factors_plane, products_plane);
      for (int t = 0; t < together; t++) {
        const int row = (first + t) / tiles.columns * m, column = (first + t) % tiles.columns * m;
        for (int o = 0; o < filters; o += 4)
          gather_tile(m, products + t * filters + o, products_plane, y + (row * columns + column) * filters + o,
                      columns * filters, filters, 0, 0, rows - row, columns - column);
      }
    }
  }
}

/* `convolve` with 3×3 taps at stride 1 or 4×4 taps at stride 2; `channels` and `filters` are multiples of 4. */
EXPORT(convolve_fast)(in x, in w, out y, out scratch, int images, int height, int width, int channels, int filters,
                      int stride, int top, int left, int rows, int columns) {
  if (stride == 1)
    convolve_tiles(2, x, w, y, scratch, images, height, width, channels, filters, top, left, rows, columns);
  else convolve_tiles(3, x, w, y, scratch, images, height, width, channels, filters, top, left, rows, columns);
}

/*
 * At stride 1 the outputs are the pixels of dx. At stride 2 they are pairs of its rows and columns: output
 * (q, …) of phase (p, …) is the row 2q + p − top.
 */
INLINE void convolve_back_tiles(const int m, in dy, in w, out dx, out scratch, int images, int rows, int columns,
                                int filters, int channels, int top, int left, int height, int width) {
  const int r = SIDE + 1 - m, stride = m - 1, phases = stride * stride, length = phases * channels;
  const int factors_plane = (length + BLOCK - 1) / BLOCK * BLOCK * filters;
  const int down = stride == 1 ? height : (height - 1 + top) / 2 + 1;
  const int across = stride == 1 ? width : (width - 1 + left) / 2 + 1;
  const int before_y = stride == 1 ? 2 - top : 1, before_x = stride == 1 ? 2 - left : 1;
  const tiling tiles = tiles_over(m, down, across);
  const int most = tiles_together(filters, length);
  const int around_width = tiles.columns * m + r - 1, around_height = tiles.count / tiles.columns * m + r - 1;
  float *points = scratch + POINTS * factors_plane;
  float *products = points + POINTS * most * filters;
  float *around = products + POINTS * most * length;
  expand_turned(r, w, scratch, channels, filters);
  for (int n = 0; n < images; n++, dx += height * width * channels) {
    surround(around, dy + n * rows * columns * filters, rows, columns, filters, before_y, before_x, around_height,
             around_width);
    const source image = {around, around_width * filters, filters};
    for (int first = 0; first < tiles.count; first += most) {
      const int together = least(tiles.count - first, most);
      const int plane = together * filters, products_plane = together * length;
      transform_tiles(m, image, 1, tiles, first, together, filters, points, plane);
      multiply_points(points, scratch, products, together, filters, length, plane, factors_plane, products_plane);
      for (int t = 0; t < together; t++)
        for (int phase = 0; phase < phases; phase++) {
          const int row = (first + t) / tiles.columns * m * stride + (stride == 1 ? 0 : phase / 2 - top);
          const int column = (first + t) % tiles.columns * m * stride + (stride == 1 ? 0 : phase % 2 - left);
          const int rows_left = (height - row + stride - 1) / stride, columns_left = (width - column + stride - 1) / stride;
          for (int channel = 0; channel < channels; channel += 4)
            gather_tile(m, products + t * length + phase * channels + channel, products_plane,
                        dx + (row * width + column) * channels + channel, stride * width * channels, stride * channels,
                        row < 0 ? (stride - 1 - row) / stride : 0, column < 0 ? (stride - 1 - column) / stride : 0,
                        rows_left, columns_left);
        }
    }
  }
}

/* `convolve_back` of the convolutions that `convolve_fast` computes, with no more than 2 rows before the image. */
EXPORT(convolve_back_fast)(in dy, in w, out dx, out scratch, int images, int rows, int columns, int filters,
                           int channels, int stride, int top, int left, int height, int width) {
  if (stride == 1)
    convolve_back_tiles(2, dy, w, dx, scratch, images, rows, columns, filters, channels, top, left, height, width);
  else convolve_back_tiles(3, dy, w, dx, scratch, images, rows, columns, filters, channels, top, left, height, width);
}

INLINE void convolve_filter_tiles(const int m, in x, in dy, out dw, out scratch, int images, int height, int width,
                                  int channels, int filters, int top, int left, int rows, int columns) {
  const int r = SIDE + 1 - m, stride = m - 1, phases = stride * stride, length = phases * channels;
  const tiling tiles = tiles_over(m, rows, columns);
  const int most = tiles_together(length, filters);
  const int wide = tiles.columns * m, high = tiles.count / tiles.columns * m;
  const int around_width = (wide + r - 1) * stride, around_height = (high + r - 1) * stride;
  float *sums = scratch;
  float *points = sums + POINTS * length * filters;
  float *slopes = points + POINTS * most * length;
  float *around = slopes + POINTS * most * filters;
  float *around_slopes = around + around_height * around_width * channels;
  fill_zero(sums, POINTS * length * filters);
  for (int n = 0; n < images; n++) {
    surround(around, x + n * height * width * channels, height, width, channels, top, left, around_height,
             around_width);
    surround(around_slopes, dy + n * rows * columns * filters, rows, columns, filters, 0, 0, high, wide);
    const source image = {around, around_width * channels, channels};
    for (int first = 0; first < tiles.count; first += most) {
      const int together = least(tiles.count - first, most);
      const int plane = together * length, slopes_plane = together * filters;
      transform_tiles(m, image, stride, tiles, first, together, channels, points, plane);
      for (int t = 0; t < together; t++) {
        const int row = (first + t) / tiles.columns * m, column = (first + t) % tiles.columns * m;
        for (int o = 0; o < filters; o += 4)
          spread_tile(m, around_slopes + (row * wide + column) * filters + o, wide * filters, filters,
                      slopes + t * filters + o, slopes_plane);
      }
      for (int point = 0; point < POINTS; point++) {
        const source from = {points + point * plane, length, length};
        gradient_of_image(from, slopes + point * slopes_plane, sums + point * length * filters, 1, length, filters, 1,
                          together, 1);
      }
    }
  }
  const int plane = length * filters;
  for (int phase = 0; phase < phases; phase++)
    for (int channel = 0; channel < channels; channel++)
      for (int o = 0; o < filters; o += 4) {
        v128_t u[SIDE][SIDE];
        EACH(a, SIDE)
          EACH(b, SIDE)
            u[a][b] = wasm_v128_load(sums + (a * SIDE + b) * plane + (phase * channels + channel) * filters + o);
        EACH(b, SIDE) reduce(r, &u[0][b], &u[1][b], &u[2][b], u[3][b]);
        EACH(a, r) reduce(r, &u[a][0], &u[a][1], &u[a][2], u[a][3]);
        EACH(a, r)
          EACH(b, r)
            wasm_v128_store(dw + (tap_at(r, stride, phase, a, b) * channels + channel) * filters + o, u[a][b]);
      }
}

/* `convolve_filter` of the convolutions that `convolve_fast` computes. */
EXPORT(convolve_filter_fast)(in x, in dy, out dw, out scratch, int images, int height, int width, int channels,
                             int filters, int stride, int top, int left, int rows, int columns) {
  if (stride == 1)
    convolve_filter_tiles(2, x, dy, dw, scratch, images, height, width, channels, filters, top, left, rows, columns);
  else convolve_filter_tiles(3, x, dy, dw, scratch, images, height, width, channels, filters, top, left, rows, columns);
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

/* Four values at a time; the last ones are done one by one, by the same operations: y = a · left + b · right. */
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

/* What is added up for each column: x, its squared distance from the column's mean, or x · z. */
typedef enum { VALUE, SQUARE, PRODUCT } term;

/* `z` is a row of means for SQUARE, and as large as x for PRODUCT. */
INLINE v128_t term_of(const term kind, const float *x, const float *z) {
  const v128_t value = wasm_v128_load(x);
  if (kind == VALUE) return value;
  if (kind == PRODUCT) return wasm_f32x4_mul(value, wasm_v128_load(z));
  const v128_t centred = wasm_f32x4_sub(value, wasm_v128_load(z));
  return wasm_f32x4_mul(centred, centred);
}

INLINE float term_of_one(const term kind, float x, float z) {
  return kind == VALUE ? x : kind == PRODUCT ? x * z : (x - z) * (x - z);
}

/* `v` times four columns, from row to row. */
INLINE void sums_of_columns(const term kind, const int v, const float *x, const float *z, float *y, int length,
                            int columns, double divisor) {
  v128_t sums[2][2];
  EACH(i, v) sums[i][0] = sums[i][1] = wasm_f64x2_splat(0);
  for (int row = 0; row < length; row++, x += columns, z += kind == PRODUCT ? columns : 0) {
    EACH(i, v) {
      const v128_t four = term_of(kind, x + 4 * i, z + 4 * i);
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

INLINE void sum_columns(const term kind, const float *x, const float *z, float *y, int length, int columns,
                        double divisor) {
  int column = 0;
  for (; column + 8 <= columns; column += 8)
    sums_of_columns(kind, 2, x + column, z + column, y + column, length, columns, divisor);
  for (; column + 4 <= columns; column += 4)
    sums_of_columns(kind, 1, x + column, z + column, y + column, length, columns, divisor);
  for (; column < columns; column++) {
    double sum = 0;
    for (int row = 0; row < length; row++)
      sum += term_of_one(kind, x[row * columns + column], z[(kind == PRODUCT ? row * columns : 0) + column]);
    y[column] = sum / divisor;
  }
}

/* y[outer, inner] = Σ x[outer, length, inner] / divisor, added in double. */
EXPORT(sum)(in x, out y, int outer, int length, int inner, double divisor) {
  for (int block = 0; block < outer; block++) {
    const float *from = x + block * length * inner;
    float *to = y + block * inner;
    if (inner == 1) to[0] = sum_of_run(from, length) / divisor;
    else sum_columns(VALUE, from, from, to, length, inner, divisor);
  }
}

/* y[pixels, channels] = x + by[channels], x − by, or x · by. */
EXPORT(over_channels)(in x, in by, out y, int pixels, int channels, int operation) {
  for (int pixel = 0; pixel < pixels; pixel++, x += channels, y += channels) {
    int i = 0;
    for (; i + 4 <= channels; i += 4) {
      const v128_t a = wasm_v128_load(x + i), b = wasm_v128_load(by + i);
      wasm_v128_store(y + i, operation == 0   ? wasm_f32x4_add(a, b)
                             : operation == 1 ? wasm_f32x4_sub(a, b)
                                              : wasm_f32x4_mul(a, b));
    }
    for (; i < channels; i++) y[i] = operation == 0 ? x[i] + by[i] : operation == 1 ? x[i] - by[i] : x[i] * by[i];
  }
}

/*
 * Batch norm: mean and population variance of each channel, inverse = 1 / √(variance + ε), unit = (x − mean) ·
 * inverse, y = unit · weight + bias.
 */
EXPORT(normalise)(in x, in weight, in bias, out y, out unit, out inverse, out mean, out variance, int pixels,
                  int channels, float epsilon) {
  sum_columns(VALUE, x, x, mean, pixels, channels, pixels);
  sum_columns(SQUARE, x, mean, variance, pixels, channels, pixels);
  for (int i = 0; i < channels; i++) inverse[i] = 1 / __builtin_sqrtf(variance[i] + epsilon);
  for (int pixel = 0; pixel < pixels; pixel++, x += channels, y += channels, unit += channels) {
    int i = 0;
    for (; i + 4 <= channels; i += 4) {
      const v128_t centred = wasm_f32x4_sub(wasm_v128_load(x + i), wasm_v128_load(mean + i));
      const v128_t scaled = wasm_f32x4_mul(centred, wasm_v128_load(inverse + i));
      wasm_v128_store(unit + i, scaled);
      wasm_v128_store(y + i, wasm_f32x4_add(wasm_f32x4_mul(scaled, wasm_v128_load(weight + i)), wasm_v128_load(bias + i)));
    }
    for (; i < channels; i++) {
      unit[i] = (x[i] - mean[i]) * inverse[i];
      y[i] = unit[i] * weight[i] + bias[i];
    }
  }
}

/*
 * Its gradients: d_bias = Σ dy, d_weight = Σ dy · unit, dx = (dy − d_bias / n − unit · d_weight / n) · weight ·
 * inverse. `scratch` holds three rows of channels.
 */
EXPORT(normalise_back)(in dy, in unit, in inverse, in weight, out dx, out d_weight, out d_bias, out scratch, int pixels,
                       int channels) {
  float *shift = scratch, *along = scratch + channels, *scale = scratch + 2 * channels;
  sum_columns(VALUE, dy, dy, d_bias, pixels, channels, 1);
  sum_columns(PRODUCT, dy, unit, d_weight, pixels, channels, 1);
  for (int i = 0; i < channels; i++) {
    shift[i] = d_bias[i] / pixels;
    along[i] = d_weight[i] / pixels;
    scale[i] = weight[i] * inverse[i];
  }
  for (int pixel = 0; pixel < pixels; pixel++, dy += channels, unit += channels, dx += channels) {
    int i = 0;
    for (; i + 4 <= channels; i += 4) {
      const v128_t shifted = wasm_f32x4_sub(wasm_v128_load(dy + i), wasm_v128_load(shift + i));
      const v128_t part = wasm_f32x4_mul(wasm_v128_load(unit + i), wasm_v128_load(along + i));
      wasm_v128_store(dx + i, wasm_f32x4_mul(wasm_f32x4_sub(shifted, part), wasm_v128_load(scale + i)));
    }
    for (; i < channels; i++) dx[i] = (dy[i] - shift[i] - unit[i] * along[i]) * scale[i];
  }
}

/* y[i] = Σ from[t · step + i] · taps[t]. */
INLINE void weigh(float *y, const float *from, int step, const float *taps, int count, int length) {
  int i = 0;
  for (; i + 8 <= length; i += 8) {
    v128_t left = wasm_f32x4_splat(0), right = left;
    for (int t = 0; t < count; t++) {
      const v128_t tap = wasm_v128_load32_splat(taps + t);
      left = wasm_f32x4_add(left, wasm_f32x4_mul(wasm_v128_load(from + t * step + i), tap));
      right = wasm_f32x4_add(right, wasm_f32x4_mul(wasm_v128_load(from + t * step + i + 4), tap));
    }
    wasm_v128_store(y + i, left);
    wasm_v128_store(y + i + 4, right);
  }
  for (; i < length; i++) {
    float sum = 0;
    for (int t = 0; t < count; t++) sum += from[t * step + i] * taps[t];
    y[i] = sum;
  }
}

/*
 * A window of `count` taps along both directions, where all of it is inside: x[images, height, width] →
 * y[images, height − count + 1, width − count + 1]. `scratch` holds an image.
 */
EXPORT(blur)(in x, in taps, out y, out scratch, int images, int height, int width, int count) {
  const int rows = height - count + 1, columns = width - count + 1;
  for (int n = 0; n < images; n++, x += height * width) {
    for (int row = 0; row < height; row++) weigh(scratch + row * columns, x + row * width, 1, taps, count, columns);
    for (int row = 0; row < rows; row++, y += columns) weigh(y, scratch + row * columns, columns, taps, count, columns);
  }
}

/* Its gradient, for taps that are the same from both ends. `scratch` holds a row with zeros around it. */
EXPORT(blur_back)(in dy, in taps, out dx, out scratch, int images, int height, int width, int count) {
  const int rows = height - count + 1, columns = width - count + 1;
  fill_zero(scratch, columns + 2 * (count - 1));
  float *line = scratch + count - 1;
  for (int n = 0; n < images; n++, dy += rows * columns)
    for (int row = 0; row < height; row++, dx += width) {
      const int first = row - count + 1 > 0 ? row - count + 1 : 0, end = least(row + 1, rows);
      weigh(line, dy + first * columns, columns, taps + first - (row - count + 1), end - first, columns);
      weigh(dx, scratch, 1, taps, count, width);
    }
}

/*
 * A window: planes × rows × runs of `length` floats, from one array into another. `from_` and `to_` say how many
 * floats lie between planes, rows and runs there.
 */
EXPORT(copy_window)(in from, out to, int planes, int rows, int runs, int length, int from_plane, int from_row,
                    int from_run, int to_plane, int to_row, int to_run) {
  const int whole = from_run == length && to_run == length;
  for (int plane = 0; plane < planes; plane++)
    for (int row = 0; row < rows; row++) {
      const float *source = from + plane * from_plane + row * from_row;
      float *target = to + plane * to_plane + row * to_row;
      if (whole) copy(target, source, runs * length);
      else for (int run = 0; run < runs; run++) copy(target + run * to_run, source + run * from_run, length);
    }
}

EXPORT(fill)(out to, int count, float value) {
  for (int i = 0; i < count; i++) to[i] = value;
}

/*
 * The gradient of 2×2 max-pooling: each slope goes to the largest pixel of its window, the first one where several
 * are equal. Windows begin in the corner of the image; where the last one of a row or column is cut short, its
 * missing pixels are those that are there, once more.
 */
EXPORT(pool_back)(in x, in dy, out dx, int images, int height, int width, int channels, int rows, int columns) {
  fill_zero(dx, images * height * width * channels);
  for (int n = 0; n < images; n++, x += height * width * channels, dx += height * width * channels)
    for (int row = 0; row < 2 * rows; row += 2)
      for (int column = 0; column < 2 * columns; column += 2) {
        const int below = row + 1 < height ? width * channels : 0, right = column + 1 < width ? channels : 0;
        const int corner = (row * width + column) * channels;
        for (int i = corner; i < corner + channels; i++) {
          int best = i;
          if (x[i + right] > x[best]) best = i + right;
          if (x[i + below] > x[best]) best = i + below;
          if (x[i + below + right] > x[best]) best = i + below + right;
          dx[best] = *dy++;
        }
      }
}
