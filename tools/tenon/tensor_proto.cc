// SPDX-License-Identifier: Apache-2.0
// ONNX's TensorProto (onnx.proto), read field by field with protobuf's stream classes: the message classes themselves
// are inside libtenon.so, and a process must not hold them twice.
#include <google/protobuf/io/coded_stream.h>
#include <google/protobuf/wire_format_lite.h>

#include <cstring>

#include "command.hpp"
#include "tensors.hpp"

namespace tenon::cli {

namespace {

using google::protobuf::internal::WireFormatLite;
using google::protobuf::io::CodedInputStream;

// Fields of TensorProto that hold elements as something wider than the element.
struct TypedData {
  std::vector<uint64_t> integers;  // int32_data, int64_data, uint64_data
  std::vector<float> floats;       // float_data; complex64 as pairs
  std::vector<double> doubles;     // double_data; complex128 as pairs
};

class Reader {
 public:
  Reader(std::string_view image, const std::string& where)
      : in_(reinterpret_cast<const uint8_t*>(image.data()), static_cast<int>(image.size())), where_(where) {}

  HostTensor read(std::string* name) {
    while (uint32_t tag = in_.ReadTag()) {
      field(WireFormatLite::GetTagFieldNumber(tag), tag, name);
    }
    if (!in_.ConsumedEntireMessage()) {
      fail("not a TensorProto");
    }
    if (tensor_.dtype == TENON_STRING) {
      return std::move(tensor_);
    }
    if (dtype_text(tensor_.dtype) == "?") {
      fail("element type " + std::to_string(tensor_.dtype) + " is not one of ONNX's");
    }
    if (!raw_) {
      pack();
    }
    uint64_t bytes = dense_bytes(tensor_.dtype, tensor_.dims);
    if (tensor_.bytes.size() != bytes) {
      fail("holds " + std::to_string(tensor_.bytes.size()) + " bytes, " + describe(tensor_.dtype, tensor_.dims) +
           " needs " + std::to_string(bytes));
    }
    return std::move(tensor_);
  }

 private:
  [[noreturn]] void fail(const std::string& why) const { throw UsageError(where_ + ": " + why); }

  void field(int number, uint32_t tag, std::string* name) {
    std::string text;
    bool good = true;
    switch (number) {
      case 1:
        good = varints(tag, [this](uint64_t v) { tensor_.dims.push_back(static_cast<int64_t>(v)); });
        break;
      case 2:
        good = varints(tag, [this](uint64_t v) { tensor_.dtype = static_cast<uint32_t>(v); });
        break;
      case 4:
        good = fixed(tag, &typed_.floats);
        break;
      case 5:
      case 7:
      case 11:
        good = varints(tag, [this](uint64_t v) { typed_.integers.push_back(v); });
        break;
      case 6:
        good = bytes(&text);
        tensor_.strings.push_back(text);
        break;
      case 8:
        good = bytes(&text);
        if (name != nullptr) {
          *name = text;
        }
        break;
      case 9:
        good = bytes(&text);
        raw_ = true;
        tensor_.bytes.resize(text.size());
        std::memcpy(tensor_.bytes.data(), text.data(), text.size());
        break;
      case 10:
        good = fixed(tag, &typed_.doubles);
        break;
      case 13:
        fail("its data lies in another file");
      default:
        good = WireFormatLite::SkipField(&in_, tag);
    }
    if (!good) {
      fail("cut off or malformed in field " + std::to_string(number));
    }
  }

  bool bytes(std::string* out) {
    uint32_t length = 0;
    return in_.ReadVarint32(&length) && in_.ReadString(out, static_cast<int>(length));
  }

  template <typename Fn>
  bool varints(uint32_t tag, const Fn& take) {
    uint64_t value = 0;
    if (WireFormatLite::GetTagWireType(tag) == WireFormatLite::WIRETYPE_VARINT) {
      return in_.ReadVarint64(&value) && (take(value), true);
    }
    uint32_t length = 0;
    if (!in_.ReadVarint32(&length)) {
      return false;
    }
    auto limit = in_.PushLimit(static_cast<int>(length));
    while (in_.BytesUntilLimit() > 0) {
      if (!in_.ReadVarint64(&value)) {
        return false;
      }
      take(value);
    }
    in_.PopLimit(limit);
    return true;
  }

  template <typename T>
  bool fixed(uint32_t tag, std::vector<T>* out) {
    uint32_t length = sizeof(T);
    if (WireFormatLite::GetTagWireType(tag) == WireFormatLite::WIRETYPE_LENGTH_DELIMITED &&
        !in_.ReadVarint32(&length)) {
      return false;
    }
    for (uint32_t done = 0; done + sizeof(T) <= length; done += sizeof(T)) {
      T value;
      if (!in_.ReadRaw(&value, sizeof value)) {
        return false;
      }
      out->push_back(value);
    }
    return length % sizeof(T) == 0;
  }

  // Typed fields to the element's own width: little-endian, so the low bytes are the element.
  void pack() {
    auto append = [this](const void* data, size_t size) {
      const auto* first = static_cast<const std::byte*>(data);
      tensor_.bytes.insert(tensor_.bytes.end(), first, first + size);
    };
    append(typed_.floats.data(), typed_.floats.size() * sizeof(float));
    append(typed_.doubles.data(), typed_.doubles.size() * sizeof(double));
    size_t width = std::max<size_t>(dtype_bits(tensor_.dtype) / 8, 1);
    for (uint64_t value : typed_.integers) {
      append(&value, std::min<size_t>(width, sizeof value));
    }
  }

  CodedInputStream in_;
  const std::string& where_;
  HostTensor tensor_;
  TypedData typed_;
  bool raw_ = false;
};

}  // namespace

HostTensor parse_tensor_proto(std::string_view image, const std::string& where, std::string* name) {
  return Reader(image, where).read(name);
}

}  // namespace tenon::cli
