// SPDX-License-Identifier: Apache-2.0
// DepthToSpace and SpaceToDepth: an image [N, C, H, W] whose channels hold blocks of size x size pixels, and back.
#ifndef TENON_REFERENCE_BLOCKS_HPP_
#define TENON_REFERENCE_BLOCKS_HPP_

#include "operator.hpp"

namespace tenon::reference {

/// The elements of X, `small` [N, C * size^2, H, W], where they lie in `large` [N, C, H * size, W * size]; or the other
/// way round. Of the channels, mode DCR has the block's place first, CRD the channel.
inline void move_blocks(Context& c, bool to_large) {
  const Input& x = c.input(0);
  const int64_t size = c.attributes().integer("blocksize");
  require(x.rank() == 4 && size > 0, TENON_RUN, "the input has dims ", DimsView(x.dims()), " and 'blocksize' is ", size,
          ", expected rank 4 and a size of 1 or more");
  const int64_t area = kit::checked_mul(size, size);
  const bool fits = to_large ? x.dim(1) % area == 0 : x.dim(2) % size == 0 && x.dim(3) % size == 0;
  require(fits, TENON_RUN, "dims ", DimsView(x.dims()), " hold no whole blocks of ", size, " x ", size);
  const int64_t n = x.dim(0);
  const int64_t channels = to_large ? x.dim(1) / area : x.dim(1);
  const int64_t height = to_large ? x.dim(2) : x.dim(2) / size, width = to_large ? x.dim(3) : x.dim(3) / size;
  const Dims small{n, kit::checked_mul(channels, area), height, width};
  const Dims large{n, channels, kit::checked_mul(height, size), kit::checked_mul(width, size)};
  Output& y = c.output(0, to_large ? large : small);
  const bool block_first = c.attributes().string("mode", "DCR") == "DCR";
  const int64_t plane = height * width;
  // Walked as [N, channel, row, row in block, column, column in block], the order of `large`.
  const Dims walked{n, channels, height, size, width, size};
  const Dims in_large = kit::dense_strides(walked);
  const Dims in_small{channels * area * plane,
                      block_first ? plane : area * plane,
                      width,
                      (block_first ? channels : 1) * size * plane,
                      1,
                      (block_first ? channels : 1) * plane};
  kit::copy(x.element_bytes(), walked, y.raw(), to_large ? in_large : in_small, x.raw(),
            to_large ? in_small : in_large);
}

inline std::string refuse_mode(const plugin::Node& node) {
  const std::string_view mode = node.attr_string("mode", "DCR");
  return mode == "DCR" || mode == "CRD" ? "" : plugin::cat("attribute 'mode' is '", mode, "', expected DCR or CRD");
}

}  // namespace tenon::reference

#endif  // TENON_REFERENCE_BLOCKS_HPP_
