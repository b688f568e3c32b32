// SPDX-License-Identifier: Apache-2.0
#include "core/onnx/wire/parse.hpp"

#include <string>
#include <utility>

#include "core/onnx/wire/reader.hpp"

namespace tenon::wire {
namespace {

// Counts one level of nesting for as long as it lives.
class Level {
 public:
  explicit Level(Context& context) : context_(context), ok_(context.nesting > 0) {
    if (ok_) {
      --context_.nesting;
    } else {
      context_.fail_limit("nesting");
    }
  }
  ~Level() { context_.nesting += ok_ ? 1 : 0; }
  Level(const Level&) = delete;
  Level& operator=(const Level&) = delete;
  explicit operator bool() const { return ok_; }

 private:
  Context& context_;
  bool ok_;
};

// Calls on_field(reader, field, type) for each field of a message; it reads or skips the value.
template <typename Fn>
bool each_field(Context& context, std::string_view bytes, const Fn& on_field) {
  const Level level(context);
  if (!level) {
    return false;
  }
  Reader reader(context, bytes);
  while (!reader.done()) {
    uint32_t field = 0;
    uint32_t type = 0;
    if (!reader.tag(&field, &type) || !on_field(reader, field, type)) {
      return false;
    }
  }
  return true;
}

template <typename T>
T* append(Context& context, std::vector<T>* list) {
  if (list->size() == list->capacity() && !context.charge(sizeof(T) * (list->capacity() == 0 ? 1 : list->capacity()))) {
    return nullptr;
  }
  return &list->emplace_back();
}

bool add_text(Reader& reader, uint32_t type, const char* name, std::vector<Text>* out) {
  Text* text = append(reader.context(), out);
  return text != nullptr && reader.read_text(type, name, text);
}

bool add_bytes(Reader& reader, uint32_t type, const char* name, std::vector<Text>* out) {
  Text* text = append(reader.context(), out);
  return text != nullptr && reader.read_bytes(type, name, text);
}

// A sub-message, parsed by parse(context, bytes, out).
template <typename T, typename Parse>
bool sub(Reader& reader, uint32_t type, const char* name, T* out, const Parse& parse) {
  std::string_view bytes;
  return out != nullptr && reader.read_bytes(type, name, &bytes) && parse(reader.context(), bytes, out);
}

template <typename T, typename Parse>
bool sub_new(Reader& reader, uint32_t type, const char* name, std::unique_ptr<T>* out, const Parse& parse) {
  if (!*out) {
    if (!reader.context().charge(sizeof(T))) {
      return false;
    }
    *out = std::make_unique<T>();
  }
  return sub(reader, type, name, out->get(), parse);
}

// int64s, packed or one at a time.
bool add_ints(Reader& reader, uint32_t type, const char* name, std::vector<int64_t>* out) {
  if (type != kDelimited) {
    int64_t* number = append(reader.context(), out);
    return number != nullptr && reader.read_int(type, name, number);
  }
  std::string_view bytes;
  if (!reader.read_bytes(type, name, &bytes)) {
    return false;
  }
  Reader packed(reader.context(), bytes);
  while (!packed.done()) {
    int64_t* number = append(reader.context(), out);
    if (number == nullptr || !packed.read_int(kVarint, name, number)) {
      return false;
    }
  }
  return true;
}

bool add_floats(Reader& reader, uint32_t type, const char* name, std::vector<float>* out) {
  if (type != kDelimited) {
    float* number = append(reader.context(), out);
    return number != nullptr && reader.read_float(type, name, number);
  }
  std::string_view bytes;
  if (!reader.read_bytes(type, name, &bytes)) {
    return false;
  }
  Reader packed(reader.context(), bytes);
  while (!packed.done()) {
    float* number = append(reader.context(), out);
    if (number == nullptr || !packed.read_float(kFixed32, name, number)) {
      return false;
    }
  }
  return true;
}

bool add_entry(Reader& reader, uint32_t type, const char* name, Entries* out) {
  return sub(reader, type, name, append(reader.context(), out),
             [](Context& context, std::string_view bytes, auto* entry) {
               return each_field(context, bytes, [&](Reader& in, uint32_t field, uint32_t wire) {
                 switch (field) {
                   case 1:
                     return in.read_text(wire, "StringStringEntryProto.key", &entry->first);
                   case 2:
                     return in.read_text(wire, "StringStringEntryProto.value", &entry->second);
                   default:
                     return in.skip(wire);
                 }
               });
             });
}

// A typed data field: remembers where it is. `element` is the wire type of one element that is not packed.
bool add_piece(Reader& reader, uint32_t field, uint32_t type, uint32_t element, Tensor* out) {
  std::string_view piece;
  if (type == kDelimited) {
    if (!reader.delimited(&piece)) {
      return false;
    }
  } else {
    const char* start = reader.at();
    if (type != element) {
      return reader.context().fail(start, "typed data of a TensorProto has wire type " + std::to_string(type));
    }
    if (!reader.skip(type)) {
      return false;
    }
    piece = {start, static_cast<size_t>(reader.at() - start)};
  }
  if (piece.empty()) {
    return true;
  }
  out->mixed = out->mixed || (out->pieces_field != 0 && out->pieces_field != field);
  out->pieces_field = field;
  Text* slot = append(reader.context(), &out->pieces);
  if (slot != nullptr) {
    *slot = piece;
  }
  return slot != nullptr;
}

bool parse(Context& context, std::string_view bytes, Tensor* out) {
  return each_field(context, bytes, [&](Reader& in, uint32_t field, uint32_t type) {
    switch (field) {
      case 1:
        return add_ints(in, type, "TensorProto.dims", &out->dims);
      case 2:
        return in.read_int32(type, "TensorProto.data_type", &out->data_type);
      case 3:
        out->segment = true;
        return in.skip(type);
      case 4:
        return add_piece(in, field, type, kFixed32, out);
      case 5:
      case 7:
      case 11:
        return add_piece(in, field, type, kVarint, out);
      case 10:
        return add_piece(in, field, type, kFixed64, out);
      case 6:
        return add_bytes(in, type, "TensorProto.string_data", &out->string_data);
      case 8:
        return in.read_text(type, "TensorProto.name", &out->name);
      case 9:
        out->has_raw = true;
        return in.read_bytes(type, "TensorProto.raw_data", &out->raw_data);
      case 13:
        return add_entry(in, type, "TensorProto.external_data", &out->external_data);
      case 14:
        return in.read_int32(type, "TensorProto.data_location", &out->data_location);
      default:
        return in.skip(type);
    }
  });
}

bool parse(Context& context, std::string_view bytes, SparseTensor* out) {
  const auto tensor = [](Context& c, std::string_view b, Tensor* t) { return parse(c, b, t); };
  return each_field(context, bytes, [&](Reader& in, uint32_t field, uint32_t type) {
    switch (field) {
      case 1:
        return sub(in, type, "SparseTensorProto.values", &out->values, tensor);
      case 2:
        return sub(in, type, "SparseTensorProto.indices", &out->indices, tensor);
      case 3:
        return add_ints(in, type, "SparseTensorProto.dims", &out->dims);
      default:
        return in.skip(type);
    }
  });
}

bool parse_dimension(Context& context, std::string_view bytes, Dimension* out) {
  return each_field(context, bytes, [&](Reader& in, uint32_t field, uint32_t type) {
    switch (field) {
      case 1:
        out->kind = Dimension::value;
        return in.read_int(type, "Dimension.dim_value", &out->dim_value);
      case 2:
        out->kind = Dimension::param;
        return in.read_text(type, "Dimension.dim_param", &out->dim_param);
      default:
        return in.skip(type);
    }
  });
}

bool parse_shape(Context& context, std::string_view bytes, std::vector<Dimension>* out) {
  return each_field(context, bytes, [&](Reader& in, uint32_t field, uint32_t type) {
    return field == 1 ? sub(in, type, "TensorShapeProto.dim", append(context, out), parse_dimension) : in.skip(type);
  });
}

bool parse(Context& context, std::string_view bytes, Type* out);

// TypeProto.Tensor, SparseTensor, Sequence, Optional and Map: the element type is field 1 (of a Map: the key), what it
// holds is field 2 (of Sequence and Optional: field 1).
bool parse_type_case(Context& context, std::string_view bytes, Type::Kind kind, Type* out) {
  if (out->kind != kind) {
    *out = Type{};
    out->kind = kind;
  }
  const auto type_proto = [](Context& c, std::string_view b, Type* t) { return parse(c, b, t); };
  const bool holds_tensor = kind == Type::tensor || kind == Type::sparse_tensor;
  return each_field(context, bytes, [&](Reader& in, uint32_t field, uint32_t type) {
    if (field == 1 && (holds_tensor || kind == Type::map)) {
      return in.read_int32(type, "TypeProto.elem_type", &out->elem_type);
    }
    if (field == 2 && holds_tensor) {
      out->has_shape = true;
      return sub(in, type, "TypeProto.shape", &out->dims, parse_shape);
    }
    const uint32_t inner = kind == Type::map ? 2 : 1;
    if (field == inner && kind != Type::opaque && !holds_tensor) {
      return sub_new(in, type, "TypeProto.elem_type", &out->element, type_proto);
    }
    return in.skip(type);
  });
}

bool parse(Context& context, std::string_view bytes, Type* out) {
  const auto type_case = [](Type::Kind kind) {
    return [kind](Context& c, std::string_view b, Type* t) { return parse_type_case(c, b, kind, t); };
  };
  return each_field(context, bytes, [&](Reader& in, uint32_t field, uint32_t type) {
    switch (field) {
      case 1:
        return sub(in, type, "TypeProto.tensor_type", out, type_case(Type::tensor));
      case 4:
        return sub(in, type, "TypeProto.sequence_type", out, type_case(Type::sequence));
      case 5:
        return sub(in, type, "TypeProto.map_type", out, type_case(Type::map));
      case 7:
        return sub(in, type, "TypeProto.opaque_type", out, type_case(Type::opaque));
      case 8:
        return sub(in, type, "TypeProto.sparse_tensor_type", out, type_case(Type::sparse_tensor));
      case 9:
        return sub(in, type, "TypeProto.optional_type", out, type_case(Type::optional));
      default:
        return in.skip(type);
    }
  });
}

bool parse(Context& context, std::string_view bytes, ValueInfo* out) {
  const auto type_proto = [](Context& c, std::string_view b, Type* t) { return parse(c, b, t); };
  return each_field(context, bytes, [&](Reader& in, uint32_t field, uint32_t type) {
    switch (field) {
      case 1:
        return in.read_text(type, "ValueInfoProto.name", &out->name);
      case 2:
        return sub(in, type, "ValueInfoProto.type", &out->type, type_proto);
      default:
        return in.skip(type);
    }
  });
}

bool parse(Context& context, std::string_view bytes, Graph* out);

bool parse(Context& context, std::string_view bytes, Attribute* out) {
  const auto any = [](Context& c, std::string_view b, auto* message) { return parse(c, b, message); };
  return each_field(context, bytes, [&](Reader& in, uint32_t field, uint32_t type) {
    if (field < 32) {
      out->seen |= 1U << field;
    }
    switch (field) {
      case 1:
        return in.read_text(type, "AttributeProto.name", &out->name);
      case 2:
        return in.read_float(type, "AttributeProto.f", &out->f);
      case 3:
        return in.read_int(type, "AttributeProto.i", &out->i);
      case 4:
        return in.read_bytes(type, "AttributeProto.s", &out->s);
      case 5:
        return sub_new(in, type, "AttributeProto.t", &out->t, any);
      case 6:
        return sub_new(in, type, "AttributeProto.g", &out->g, any);
      case 7:
        return add_floats(in, type, "AttributeProto.floats", &out->floats);
      case 8:
        return add_ints(in, type, "AttributeProto.ints", &out->ints);
      case 9:
        return add_bytes(in, type, "AttributeProto.strings", &out->strings);
      case 14:
        return sub_new(in, type, "AttributeProto.tp", &out->tp, any);
      case 20:
        return in.read_int32(type, "AttributeProto.type", &out->type);
      case 21:
        return in.read_text(type, "AttributeProto.ref_attr_name", &out->ref_attr_name);
      case 22:
        return sub_new(in, type, "AttributeProto.sparse_tensor", &out->sparse_tensor, any);
      case 10:
      case 11:
      case 15:
      case 23:
        out->other = true;
        return in.skip(type);
      default:
        return in.skip(type);
    }
  });
}

bool parse(Context& context, std::string_view bytes, Node* out) {
  const auto any = [](Context& c, std::string_view b, auto* message) { return parse(c, b, message); };
  return each_field(context, bytes, [&](Reader& in, uint32_t field, uint32_t type) {
    switch (field) {
      case 1:
        return add_text(in, type, "NodeProto.input", &out->input);
      case 2:
        return add_text(in, type, "NodeProto.output", &out->output);
      case 3:
        return in.read_text(type, "NodeProto.name", &out->name);
      case 4:
        return in.read_text(type, "NodeProto.op_type", &out->op_type);
      case 5:
        return sub(in, type, "NodeProto.attribute", append(context, &out->attribute), any);
      case 7:
        return in.read_text(type, "NodeProto.domain", &out->domain);
      case 8:
        return in.read_text(type, "NodeProto.overload", &out->overload);
      default:
        return in.skip(type);
    }
  });
}

bool parse(Context& context, std::string_view bytes, Graph* out) {
  const auto any = [](Context& c, std::string_view b, auto* message) { return parse(c, b, message); };
  return each_field(context, bytes, [&](Reader& in, uint32_t field, uint32_t type) {
    switch (field) {
      case 1:
        return sub(in, type, "GraphProto.node", append(context, &out->node), any);
      case 2:
        return in.read_text(type, "GraphProto.name", &out->name);
      case 5:
        return sub(in, type, "GraphProto.initializer", append(context, &out->initializer), any);
      case 10:
        return in.read_text(type, "GraphProto.doc_string", &out->doc_string);
      case 11:
        return sub(in, type, "GraphProto.input", append(context, &out->input), any);
      case 12:
        return sub(in, type, "GraphProto.output", append(context, &out->output), any);
      case 13:
        return sub(in, type, "GraphProto.value_info", append(context, &out->value_info), any);
      case 15:
        return sub(in, type, "GraphProto.sparse_initializer", append(context, &out->sparse_initializer), any);
      default:
        return in.skip(type);
    }
  });
}

bool parse_opset(Context& context, std::string_view bytes, OperatorSetId* out) {
  return each_field(context, bytes, [&](Reader& in, uint32_t field, uint32_t type) {
    switch (field) {
      case 1:
        return in.read_text(type, "OperatorSetIdProto.domain", &out->domain);
      case 2:
        return in.read_int(type, "OperatorSetIdProto.version", &out->version);
      default:
        return in.skip(type);
    }
  });
}

bool parse(Context& context, std::string_view bytes, Function* out) {
  const auto any = [](Context& c, std::string_view b, auto* message) { return parse(c, b, message); };
  return each_field(context, bytes, [&](Reader& in, uint32_t field, uint32_t type) {
    switch (field) {
      case 1:
        return in.read_text(type, "FunctionProto.name", &out->name);
      case 4:
        return add_text(in, type, "FunctionProto.input", &out->input);
      case 5:
        return add_text(in, type, "FunctionProto.output", &out->output);
      case 6:
        return add_text(in, type, "FunctionProto.attribute", &out->attribute);
      case 7:
        return sub(in, type, "FunctionProto.node", append(context, &out->node), any);
      case 9:
        return sub(in, type, "FunctionProto.opset_import", append(context, &out->opset_import), parse_opset);
      case 10:
        return in.read_text(type, "FunctionProto.domain", &out->domain);
      case 11:
        return sub(in, type, "FunctionProto.attribute_proto", append(context, &out->attribute_proto), any);
      case 12:
        return sub(in, type, "FunctionProto.value_info", append(context, &out->value_info), any);
      case 13:
        return in.read_text(type, "FunctionProto.overload", &out->overload);
      default:
        return in.skip(type);
    }
  });
}

bool parse(Context& context, std::string_view bytes, Model* out) {
  const auto any = [](Context& c, std::string_view b, auto* message) { return parse(c, b, message); };
  return each_field(context, bytes, [&](Reader& in, uint32_t field, uint32_t type) {
    switch (field) {
      case 1:
        return in.read_int(type, "ModelProto.ir_version", &out->ir_version);
      case 2:
        return in.read_text(type, "ModelProto.producer_name", &out->producer_name);
      case 3:
        return in.read_text(type, "ModelProto.producer_version", &out->producer_version);
      case 4:
        return in.read_text(type, "ModelProto.domain", &out->domain);
      case 5:
        return in.read_int(type, "ModelProto.model_version", &out->model_version);
      case 6:
        return in.read_text(type, "ModelProto.doc_string", &out->doc_string);
      case 7:
        out->has_graph = true;
        return sub(in, type, "ModelProto.graph", &out->graph, any);
      case 8:
        return sub(in, type, "ModelProto.opset_import", append(context, &out->opset_import), parse_opset);
      case 14:
        return add_entry(in, type, "ModelProto.metadata_props", &out->metadata_props);
      case 25:
        return sub(in, type, "ModelProto.functions", append(context, &out->functions), any);
      default:
        return in.skip(type);
    }
  });
}

template <typename T>
Status parse_whole(std::string_view bytes, const ParseLimits& limits, T* out) {
  Context context;
  context.base = bytes.data();
  context.table_bytes = limits.table_bytes;
  context.nesting = limits.nesting;
  parse(context, bytes, out);
  return context.error;
}

}  // namespace

Status parse_model(std::string_view bytes, const ParseLimits& limits, Model* out) {
  return parse_whole(bytes, limits, out);
}

Status parse_function(std::string_view bytes, const ParseLimits& limits, Function* out) {
  return parse_whole(bytes, limits, out);
}

Status parse_tensor(std::string_view bytes, const ParseLimits& limits, Tensor* out) {
  return parse_whole(bytes, limits, out);
}

}  // namespace tenon::wire
