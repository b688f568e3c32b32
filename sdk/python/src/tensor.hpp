// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>

#include "common.hpp"

namespace tenon::python {

// A tensor as Python sees it: a tenon_value, and what keeps its memory alive when that is somebody else's.
// Exposes the buffer protocol over the value's own bytes; readers and writers share them.
class Tensor {
 public:
  explicit Tensor(Value value, nb::object owner = {}, bool readonly = false)
      : value_(std::move(value)), owner_(std::move(owner)), readonly_(readonly) {}
  ~Tensor();
  Tensor(Tensor&&) = default;
  Tensor& operator=(Tensor&&) = default;

  const Value& value() const { return value_; }
  bool readonly() const { return readonly_ || (view_ != nullptr && view_->readonly != 0); }
  // Shape, then byte strides, as the buffer protocol wants them: lives as long as the tensor.
  Py_ssize_t* extents();

  // Over the object's own memory by the buffer protocol, with no copy. False, and no error set, when the object has no
  // buffer of a dtype that ONNX knows (strings, objects, other byte orders).
  static bool over_buffer(nb::handle object, Tensor* out);
  Tensor() = default;

 private:
  Value value_;
  nb::object owner_;
  bool readonly_ = false;
  std::unique_ptr<Py_buffer> view_;  // of the owner's memory
  std::unique_ptr<Py_ssize_t[]> extents_;
};

// ONNX's number of a buffer's format and item size, 0 when there is none.
uint32_t dtype_of_format(const char* format, Py_ssize_t itemsize);
// The format of a dtype for the buffer protocol, or NULL when it has none (strings, sub-byte, bfloat16, float8).
const char* format_of_dtype(uint32_t dtype);

// Any object as a tensor: a Tensor, a buffer, a DLPack producer on the host, or by ../tenon/_convert.py (lists,
// strings, ml_dtypes). dtype: what the model wants, for objects that have none of their own; name: for messages.
Tensor* as_tensor(nb::handle object, uint32_t dtype, const char* name, nb::object* holder);

// The same for an object that a run writes into: its own memory or an error, never a copy that nobody would see.
Tensor* as_output(nb::handle object, uint32_t dtype, const char* name, nb::object* holder);

// A value that a run made, as a NumPy array over the same memory (strings: an array of str objects).
nb::object to_numpy(Value value);

}  // namespace tenon::python
