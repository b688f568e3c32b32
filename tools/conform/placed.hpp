// SPDX-License-Identifier: Apache-2.0
// Tensors where a claim wants them: host memory with guards, strided or not, or the provider's memory and layouts.
#ifndef TOOLS_CONFORM_PLACED_HPP_
#define TOOLS_CONFORM_PLACED_HPP_

#include <tenon/plugin.h>

#include <memory>
#include <string>
#include <vector>

#include "buffers.hpp"
#include "graphs.hpp"
#include "provider.hpp"

namespace tenon::conform {

/// A timeline of the provider, for one operation: reached at 1.
class Moment {
 public:
  Moment(const Provider& provider, uint32_t device);
  Moment(const Moment&) = delete;
  ~Moment();
  bool made() const { return point_.sync != nullptr; }
  const tenon_point& point() const { return point_; }
  /// The code of sync_wait; `timeout_ns` as there.
  int32_t wait(uint64_t timeout_ns, std::string* text = nullptr) const;

 private:
  const Provider& provider_;
  tenon_point point_{};
};

/// How and where one tensor is to lie.
struct Placement {
  tenon_value_rule rule{};
  Guard guard = Guard::bytes;
  uint8_t fill = 0;
  bool strided = false;  // where the rule allows it
};

/// One tensor at the border of a region. Keep it where it is while the provider uses it.
class Placed {
 public:
  /// Reports and leaves made() false when the provider's functions fail.
  Placed(const Provider& provider, uint32_t device, uint32_t dtype, std::vector<int64_t> dims, Placement placement);
  Placed(const Placed&) = delete;
  ~Placed();
  bool made() const { return made_; }
  const tenon_tensor& tensor() const { return tensor_; }

  /// Brings `from` there, or what is there back; false after a report. `queue`: of the device.
  bool write(const Tensor& from, uint32_t queue);
  bool read(Tensor& to, uint32_t queue) const;
  /// Where guard bytes were written; empty when they are whole.
  std::string damage() const { return buffer_.damage(); }

 private:
  bool on_host() const { return tensor_.memory == nullptr && tensor_.layout.kind == TENON_LAYOUT_DENSE; }
  bool place(uint64_t bytes);
  void place_strided();
  bool copy(const tenon_tensor& src, const tenon_tensor& dst, uint32_t queue) const;
  template <class F>
  void for_each_element(F&& fn) const;

  const Provider& provider_;
  uint32_t device_;
  Placement placement_;
  bool made_ = false;
  std::vector<int64_t> dims_;
  std::vector<int64_t> strides_;
  Buffer buffer_;
  tenon_mem* memory_ = nullptr;
  tenon_tensor tensor_{};
};

/// A record of dense host memory over `tensor`'s bytes; valid as long as it.
tenon_tensor host_view(const Tensor& tensor);
uint64_t dense_bytes(uint32_t dtype, const std::vector<int64_t>& dims);

}  // namespace tenon::conform

#endif  // TOOLS_CONFORM_PLACED_HPP_
