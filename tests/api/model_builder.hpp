// SPDX-License-Identifier: Apache-2.0
// Small ONNX models as bytes, written field by field (onnx.proto), so that these tests need tenon.h alone.
#pragma once

#include <cstdint>
#include <cstring>
#include <string>
#include <utility>
#include <vector>

namespace model_builder {

// A protobuf message under construction.
class Message {
 public:
  Message& number(uint32_t field, uint64_t value) {
    varint(field << 3);
    varint(value);
    return *this;
  }
  Message& text(uint32_t field, const std::string& value) {
    varint(field << 3 | 2);
    varint(value.size());
    bytes_ += value;
    return *this;
  }
  Message& message(uint32_t field, const Message& value) { return text(field, value.bytes_); }
  const std::string& bytes() const { return bytes_; }

 private:
  void varint(uint64_t value) {
    for (; value >= 0x80; value >>= 7) {
      bytes_ += static_cast<char>(value | 0x80);
    }
    bytes_ += static_cast<char>(value);
  }
  std::string bytes_;
};

// TypeProto's fields for what holds tensors.
enum class Holder : uint32_t { none = 0, sequence = 4, optional = 9 };

// dims: a number, or text for a symbol.
struct Port {
  std::string name;
  uint32_t dtype;
  std::vector<std::string> dims;
  Holder holder = Holder::none;
};

inline Message value_info(const Port& port) {
  Message shape;
  for (const std::string& dim : port.dims) {
    const bool symbol = dim.empty() || dim.find_first_not_of("0123456789") != std::string::npos;
    shape.message(1, symbol ? Message().text(2, dim) : Message().number(1, std::stoull(dim)));
  }
  Message type = Message().message(1, Message().number(1, port.dtype).message(2, shape));
  if (port.holder != Holder::none) {
    type = Message().message(static_cast<uint32_t>(port.holder), Message().message(1, type));
  }
  return Message().text(1, port.name).message(2, type);
}

template <typename T>
Message initializer(const std::string& name, uint32_t dtype, const std::vector<int64_t>& dims,
                    const std::vector<T>& values) {
  Message tensor;
  for (int64_t dim : dims) {
    tensor.number(1, static_cast<uint64_t>(dim));
  }
  return tensor.number(2, dtype).text(8, name).text(
      9, std::string(reinterpret_cast<const char*>(values.data()), values.size() * sizeof(T)));
}

inline Message node(const std::string& op, const std::vector<std::string>& inputs,
                    const std::vector<std::string>& outputs, const std::vector<Message>& attributes = {},
                    const std::string& domain = "") {
  Message made;
  for (const std::string& input : inputs) {
    made.text(1, input);
  }
  for (const std::string& output : outputs) {
    made.text(2, output);
  }
  made.text(3, op + "_" + (outputs.empty() ? std::string("x") : outputs[0])).text(4, op);
  for (const Message& attribute : attributes) {
    made.message(5, attribute);
  }
  return domain.empty() ? made : made.text(7, domain);
}

struct Graph {
  std::vector<Message> nodes;
  std::vector<Port> inputs, outputs;
  std::vector<Message> initializers;

  Message message() const {
    Message graph;
    for (const Message& each : nodes) {
      graph.message(1, each);
    }
    graph.text(2, "g");
    for (const Message& each : initializers) {
      graph.message(5, each);
    }
    for (const Port& port : inputs) {
      graph.message(11, value_info(port));
    }
    for (const Port& port : outputs) {
      graph.message(12, value_info(port));
    }
    return graph;
  }
};

inline Message graph_attribute(const std::string& name, const Graph& graph) {
  return Message().text(1, name).message(6, graph.message()).number(20, 5);
}

inline std::string model(const Graph& graph, uint32_t opset = 21) {
  return Message()
      .number(1, 10)
      .message(8, Message().text(1, "").number(2, opset))
      .message(7, graph.message())
      .message(14, Message().text(1, "author").text(2, "tests"))
      .bytes();
}

}  // namespace model_builder
