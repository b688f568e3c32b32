// SPDX-License-Identifier: Apache-2.0
// Tensors in files: .npy and .npz (NumPy's formats 1 to 3) and .pb (ONNX TensorProto).
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <tenon/tenon.hpp>
#include <utility>
#include <vector>

namespace tenon::cli {

// A tensor that owns its bytes: dense, row-major, little-endian. Strings are in `strings`, `bytes` is empty then.
struct HostTensor {
  uint32_t dtype = TENON_UNDEFINED;
  std::vector<int64_t> dims;
  std::vector<std::byte> bytes;
  std::vector<std::string> strings;

  // A value over these bytes (strings: a copy); they must stay until it is gone.
  Value value();
};

// "float32", "bfloat16", ...; "?" for what is none.
std::string_view dtype_text(uint32_t dtype);
// Bits of an element; 0 for strings.
uint32_t dtype_bits(uint32_t dtype);
// "float32 [1, 3, 224, 224]"
std::string describe(uint32_t dtype, const std::vector<int64_t>& dims);
// Bytes of a dense tensor; throws UsageError on overflow or past 1 TB.
uint64_t dense_bytes(uint32_t dtype, const std::vector<int64_t>& dims);

// Reads one tensor from a .npy or .pb file. name: that of a .pb's tensor, when it has one.
HostTensor read_tensor(const std::string& path, std::string* name = nullptr);
// All arrays of a .npz, by name.
std::map<std::string, HostTensor> read_npz(const std::string& path);
// Writes values as a .npz that numpy.load reads (bfloat16, float8 and 4-bit types as raw bytes).
void write_npz(const std::string& path, const std::vector<std::pair<std::string, Value>>& values);

// Parses and prints a .npy image; `where` names it in errors.
HostTensor parse_npy(std::string_view image, const std::string& where);
std::string print_npy(const Value& value);
// Parses an ONNX TensorProto.
HostTensor parse_tensor_proto(std::string_view image, const std::string& where, std::string* name);

}  // namespace tenon::cli
