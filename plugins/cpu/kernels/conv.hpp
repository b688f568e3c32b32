// SPDX-License-Identifier: Apache-2.0
// Convolution as a matrix product: out[oc, pixel] = W[oc, k] * X[k, pixel] with k = (ic, i, j). X is never written out
// as a whole: each block of pixels is gathered into packed panels while it is needed.
#ifndef TENON_CPU_KERNELS_CONV_HPP_
#define TENON_CPU_KERNELS_CONV_HPP_

#include <cstdint>

#include "kernels/activation.hpp"
#include "kernels/gemm.hpp"
#include "kernels/parallel.hpp"
#include "kernels/window_dims.hpp"

namespace tenon::cpu {

// Sizes in elements; x [n, groups * icg, ih, iw], w [groups * ocg, icg, kh, kw], y [n, groups * ocg, oh, ow]. One
// spatial axis is taken as ih = kh = oh = 1. All positive.
struct ConvDims : WindowDims {
  int64_t n = 1, groups = 1, icg = 1, ocg = 1;
  int64_t k() const { return icg * kh * kw; }
  int64_t pixels() const { return oh * ow; }
  bool is_pointwise() const {
    return kh == 1 && kw == 1 && sh == 1 && sw == 1 && pad_top == 0 && pad_left == 0 && oh == ih && ow == iw;
  }
};

// Which side of the product the weights are packed for.
enum class ConvPacking : uint8_t {
  kRows,  // output channels are rows of tiles: good when there are many pixels
  kCols,  // output channels are columns: no lanes are wasted on the ragged end of a small image
};

// The better packing for `pixels` output pixels an image (0: not known).
ConvPacking choose_packing(int64_t ocg, int64_t k, int64_t pixels);

// Floats of the packed weights, and the packing itself. w as in ConvDims.
int64_t packed_weight_floats(ConvPacking packing, int64_t groups, int64_t ocg, int64_t k);
void pack_weights(ConvPacking packing, int64_t groups, int64_t ocg, int64_t k, const float* w, float* packed);

// What happens to the product: + bias[oc], + residual (dims of y), activation. NULL: left out.
struct ConvOut {
  const float* bias = nullptr;
  const float* residual = nullptr;
  Activation activation;
  float* y = nullptr;
};

// A convolution of fixed dims. Immutable; run may be called at once from many threads, each with its own workspace.
class ConvPlan {
 public:
  ConvPlan(const ConvDims& dims, ConvPacking packing);
  // Floats of workspace when at most `workers` threads take part.
  int64_t workspace_floats(uint32_t workers) const;
  void run(const float* x, const float* packed_weights, const ConvOut& out, float* workspace,
           const Parallel& parallel) const;
  const ConvDims& dims() const { return d_; }

 private:
  void run_rows(const float* x, const float* w, const ConvOut& out, float* workspace, const Parallel& parallel) const;
  void run_cols(const float* x, const float* w, const ConvOut& out, float* workspace, const Parallel& parallel) const;
  void rows_block(const float* panels, const float* w, const ConvOut& out, int64_t image_group, int64_t block,
                  int64_t chunk) const;
  void pack_block(const float* x, int64_t image_group, int64_t block, float* panels) const;

  ConvDims d_;
  ConvPacking packing_;
  int64_t panels_;        // of pixels in an image
  int64_t block_panels_;  // packed at once
  int64_t blocks_;        // an image and group
  int64_t chunks_;        // parts of the output channels
  bool shared_panels_;    // pack all blocks first, then compute
};

// Gathers the `width` columns of X from output pixel `first` on, of one image and group: panel [k][width]. Columns at
// and past `valid` are zero. width is at most kCols.
void pack_pixels(const ConvDims& d, const float* x, int64_t first, int64_t valid, int64_t width, float* panel);

}  // namespace tenon::cpu

#endif  // TENON_CPU_KERNELS_CONV_HPP_
