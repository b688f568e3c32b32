// SPDX-License-Identifier: Apache-2.0
// From TensorProto to Constant: weights stay where they are in the file, other encodings are converted.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <string_view>

#include "core/base/file.hpp"
#include "core/base/status.hpp"
#include "core/ir/constant.hpp"
#include "core/onnx/wire/messages.hpp"

namespace tenon::onnx_import {

// The bytes that wire messages view, and where tensors may find more.
class TensorReader {
 public:
  struct Settings {
    std::string_view bytes;                                // of the model
    std::shared_ptr<const void> owner;                     // keeps them alive
    int fd = -1;                                           // the file that holds them from its start on, or -1
    bool external = false;                                 // may tensors lie in other files?
    std::string folder;                                    // beneath which
    MappedFile::Links links = MappedFile::Links::refused;  // there
    MappedFile::Mode mode = MappedFile::Mode::map;
    uint64_t file_bytes = 0;   // limit of each of those files
    uint64_t dense_bytes = 0;  // limit of all conversions together
    bool missing_as_zero = false;
  };
  explicit TensorReader(Settings settings) : settings_(std::move(settings)), dense_left_(settings_.dense_bytes) {}

  // Errors do not name the tensor: the caller does.
  Result<ConstantPtr> read(const wire::Tensor& tensor);
  // As a dense tensor.
  Result<ConstantPtr> read_sparse(const wire::SparseTensor& sparse);
  // Takes from the budget for conversions: TENON_LIMIT when it is spent.
  Status charge(uint64_t bytes);

 private:
  // What every tensor must have: a known dtype, dims whose product is a number, bytes that can be counted.
  struct Extent {
    Dtype dtype = TENON_UNDEFINED;
    uint64_t elements = 0;
    uint64_t bytes = 0;  // 0 for STRING
  };
  Result<Extent> extent(const wire::Tensor& tensor) const;
  Result<ConstantPtr> read_raw(const wire::Tensor& tensor, const Extent& extent);
  Result<ConstantPtr> read_external(const wire::Tensor& tensor, const Extent& extent);
  Result<ConstantPtr> read_strings(const wire::Tensor& tensor, const Extent& extent);
  Result<ConstantPtr> read_numbers(const wire::Tensor& tensor, const Extent& extent);
  Status decode(const wire::Tensor& tensor, const Extent& size, uint32_t width, uint64_t entries,
                std::byte* memory) const;
  Result<std::shared_ptr<const MappedFile>> open(const std::string& location);
  Result<ConstantPtr> in_place(const wire::Tensor& tensor, const Extent& extent, const std::byte* data,
                               std::shared_ptr<const void> owner, int fd, uint64_t offset);

  Settings settings_;
  uint64_t dense_left_;
  std::map<std::string, std::shared_ptr<const MappedFile>> files_;
};

// A splat; dtype must have at least 8 bits an element and not be STRING. `element` has dtype_bits / 8 bytes.
ConstantPtr make_splat(Dtype dtype, std::vector<int64_t> dims, const void* element);
// STRING, from texts.
ConstantPtr make_strings(std::vector<int64_t> dims, const std::vector<std::string_view>& texts);

}  // namespace tenon::onnx_import
