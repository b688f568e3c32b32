// SPDX-License-Identifier: Apache-2.0
#include "value.hpp"

namespace tenon::python {
namespace {

constexpr std::string_view kNames[] = {
    "undefined",  "float32",      "uint8",          "int8",       "uint16",         "int16",  "int32",     "int64",
    "string",     "bool",         "float16",        "float64",    "uint32",         "uint64", "complex64", "complex128",
    "bfloat16",   "float8e4m3fn", "float8e4m3fnuz", "float8e5m2", "float8e5m2fnuz", "uint4",  "int4",      "float4e2m1",
    "float8e8m0", "uint2",        "int2",           "float6e2m3", "float6e3m2"};

uint32_t dtype_named(std::string_view name) {
  for (uint32_t dtype = 1; dtype < TENON_DTYPE_COUNT; ++dtype) {
    if (kNames[dtype] == name) {
      return dtype;
    }
  }
  return TENON_UNDEFINED;
}

// "x" of "kind(x)"; false when `type` is of another kind.
bool inside(std::string_view type, std::string_view kind, std::string_view* inner) {
  if (!type.starts_with(kind) || type.size() < kind.size() + 2 || type[kind.size()] != '(') {
    return false;
  }
  *inner = type.substr(kind.size() + 1, type.size() - kind.size() - 2);
  return true;
}

[[noreturn]] void wrong_kind(nb::handle object, std::string_view type, const std::string& name, const char* wanted) {
  throw Error(TENON_INVALID_TENSOR, "input '" + name + "' is a " +
                                        nb::cast<std::string>(nb::str(object.type().attr("__name__"))) + ", expected " +
                                        wanted + " for " + std::string(type));
}

Value tensor_value(nb::handle object, uint32_t dtype, const std::string& name, std::vector<nb::object>* held) {
  nb::object holder;
  Value value = as_tensor(object, dtype, name.c_str(), &holder)->value();
  held->push_back(std::move(holder));
  return value;
}

Value map_value(nb::handle object, std::string_view types, const std::string& name, std::vector<nb::object>* held) {
  const size_t comma = types.find(',');
  const uint32_t key_dtype = dtype_named(types.substr(0, comma));
  const nb::dict items = nb::borrow<nb::dict>(object);
  std::vector<Value> values;
  for (auto [key, value] : items) {
    values.push_back(as_value(value, types.substr(comma + 1), name, held));
  }
  return Value::map(tensor_value(items.keys(), key_dtype, name, held), values);
}

nb::object scalar(nb::object array) {
  return nb::cast<size_t>(array.attr("ndim")) == 0 ? nb::object(array.attr("item")()) : array;
}

}  // namespace

Value as_value(nb::handle object, std::string_view type, const std::string& name, std::vector<nb::object>* held) {
  std::string_view inner;
  if (inside(type, "optional", &inner)) {
    return object.is_none() ? Value::optional() : Value::optional(as_value(object, inner, name, held));
  }
  if (inside(type, "seq", &inner)) {
    if (!nb::isinstance<nb::list>(object) && !nb::isinstance<nb::tuple>(object)) {
      wrong_kind(object, type, name, "a list");
    }
    std::vector<Value> items;
    for (nb::handle item : object) {
      items.push_back(as_value(item, inner, name, held));
    }
    return Value::sequence(items);
  }
  if (inside(type, "map", &inner)) {
    if (!nb::isinstance<nb::dict>(object)) {
      wrong_kind(object, type, name, "a dict");
    }
    return map_value(object, inner, name, held);
  }
  inside(type, "tensor", &inner);
  return tensor_value(object, dtype_named(inner), name, held);
}

nb::object to_python(Value value) {
  switch (value.kind()) {
    case TENON_KIND_SEQUENCE: {
      nb::list all;
      for (uint64_t i = 0; i < value.count(); ++i) {
        all.append(to_python(value.item(i)));
      }
      return all;
    }
    case TENON_KIND_OPTIONAL:
      return value.count() == 0 ? nb::none() : to_python(value.item(0));
    case TENON_KIND_MAP: {
      nb::dict all;
      const nb::object keys = to_numpy(value.keys()).attr("tolist")();
      for (uint64_t i = 0; i < value.count(); ++i) {
        nb::object item = to_python(value.item(i));
        all[keys[i]] = nb::hasattr(item, "ndim") ? scalar(std::move(item)) : std::move(item);
      }
      return all;
    }
    default:
      return to_numpy(std::move(value));
  }
}

}  // namespace tenon::python
