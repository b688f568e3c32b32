// SPDX-License-Identifier: Apache-2.0
// ai.onnx.ml's operators between tensors and maps: they look up and move, and compute nothing.
#include <cstring>
#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/base/checked.hpp"
#include "core/base/dims_text.hpp"
#include "core/structure/dense.hpp"
#include "core/structure/runs.hpp"

namespace tenon {
namespace {

// The names (integers) that an attribute lists, as a tensor of keys; NULL when the node has neither attribute.
Result<ObjectPtr> keys_of(const ObjectCall& call, const char* strings, const char* integers) {
  std::byte* data = nullptr;
  if (const Attribute* names = call.node().attribute(strings); names != nullptr && !names->strings.empty()) {
    const std::vector<std::string_view> views(names->strings.begin(), names->strings.end());
    const std::vector<int64_t> dims = {static_cast<int64_t>(views.size())};
    TENON_ASSIGN_OR_RETURN(auto keys, new_tensor(call.frame.memory, TENON_STRING, dims, strings_bytes(views), &data));
    write_strings(views, data);
    return ObjectPtr(std::move(keys));
  }
  const Attribute* numbers = call.node().attribute(integers);
  if (numbers == nullptr || numbers->ints.empty()) {
    return ObjectPtr();
  }
  const std::vector<int64_t> dims = {static_cast<int64_t>(numbers->ints.size())};
  TENON_ASSIGN_OR_RETURN(auto keys, new_tensor(call.frame.memory, TENON_INT64, dims, 0, &data));
  std::memcpy(data, numbers->ints.data(), keys->bytes);
  return ObjectPtr(std::move(keys));
}

// Keys as bytes: of strings their text, of integers the number.
std::vector<std::string_view> key_bytes(const Object& keys) {
  const auto count = static_cast<uint64_t>(keys.dims[0]);
  if (keys.dtype == TENON_STRING) {
    return strings_at(keys.data, count);
  }
  const uint64_t bytes = dtype_bits(keys.dtype) / 8;
  std::vector<std::string_view> views;
  for (uint64_t i = 0; i < count; ++i) {
    views.emplace_back(reinterpret_cast<const char*>(keys.data) + i * bytes, bytes);
  }
  return views;
}

Status wrong(const ObjectCall& call, const std::string& what) {
  return Status(TENON_RUN, call.node().op + ": " + what);
}

}  // namespace

// X [N, C] or [C] float32: for each row a map from the C labels to its elements.
Status zip_map(const ObjectCall& call) {
  TENON_ASSIGN_OR_RETURN(const ObjectPtr keys, keys_of(call, "classlabels_strings", "classlabels_int64s"));
  const BodyValue x = call.value(0);
  const int64_t width = x.rank == 0 || x.rank > 2 ? -1 : x.dims[x.rank - 1];
  if (keys == nullptr || width != keys->dims[0] || call.dtype(0) != TENON_FLOAT32) {
    return wrong(call, "the input is " + std::string(dtype_name(call.dtype(0))) + " " + dims_text(x.dims, x.rank) +
                           ", expected float32 with one column for each of " +
                           std::to_string(keys == nullptr ? 0 : keys->dims[0]) + " labels");
  }
  const auto columns = static_cast<uint64_t>(width);
  const auto rows = static_cast<uint64_t>(x.rank == 2 ? x.dims[0] : 1);
  if (rows > kMostItems) {
    return Status(TENON_LIMIT, "a sequence holds at most " + std::to_string(kMostItems) + " elements");
  }
  std::byte* data = nullptr;
  TENON_ASSIGN_OR_RETURN(const std::shared_ptr<Object> copy,
                         new_tensor(call.frame.memory, TENON_FLOAT32, {x.dims, x.rank}, 0, &data));
  if (copy->bytes > 0) {
    std::memcpy(data, x.data, copy->bytes);
  }
  std::vector<ObjectPtr> maps;
  for (uint64_t row = 0; row < rows; ++row) {
    auto map = std::make_shared<Object>();
    map->kind = TypeKind::map;
    map->keys = keys;
    for (uint64_t column = 0; column < columns; ++column) {
      map->items.push_back(
          tensor_over(TENON_FLOAT32, {}, data + 4 * (row * columns + column), sizeof(float), copy->owner));
    }
    maps.push_back(std::move(map));
  }
  call.give(make_sequence(std::move(maps)));
  return {};
}

// A map's values in the order of the vocabulary [1, C]; 0 or "" for a key that it does not have.
Status dict_vectorizer(const ObjectCall& call) {
  TENON_ASSIGN_OR_RETURN(const ObjectPtr vocabulary, keys_of(call, "string_vocabulary", "int64_vocabulary"));
  TENON_ASSIGN_OR_RETURN(const ObjectPtr map, call.object(0));
  if (vocabulary == nullptr || map->kind != TypeKind::map || map->keys->dtype != vocabulary->dtype) {
    return wrong(call, "the vocabulary is not of the type of the map's keys");
  }
  std::map<std::string_view, const Object*> values;
  const std::vector<std::string_view> keys = key_bytes(*map->keys);
  const Dtype dtype = call.frame.program->slots[call.instruction().outputs[0]].dtype;
  for (size_t i = 0; i < keys.size(); ++i) {
    const Object& item = *map->items[i];
    if (item.kind != TypeKind::tensor || item.dtype != dtype || element_count(item.dims) != uint64_t{1}) {
      return wrong(call, "value " + std::to_string(i) + " of the map is no single " + std::string(dtype_name(dtype)));
    }
    values[keys[i]] = &item;
  }
  const std::vector<std::string_view> wanted = key_bytes(*vocabulary);
  const std::vector<int64_t> dims = {1, static_cast<int64_t>(wanted.size())};
  std::vector<std::string_view> strings(dtype == TENON_STRING ? wanted.size() : 0);
  const uint64_t element = dtype_bits(dtype) / 8;
  for (size_t i = 0; i < strings.size(); ++i) {
    const auto found = values.find(wanted[i]);
    strings[i] = found == values.end() ? std::string_view() : strings_at(found->second->data, 1)[0];
  }
  const uint64_t bytes = dtype == TENON_STRING ? strings_bytes(strings) : element * wanted.size();
  TENON_ASSIGN_OR_RETURN(std::byte * to, call.room(bytes));
  if (dtype == TENON_STRING) {
    write_strings(strings, to);
    return call.give_room(dims, bytes);
  }
  for (size_t i = 0; i < wanted.size(); ++i) {
    const auto found = values.find(wanted[i]);
    if (found != values.end()) {
      std::memcpy(to + i * element, found->second->data, element);
    } else {
      std::memset(to + i * element, 0, element);
    }
  }
  return call.give_room(dims, bytes);
}

}  // namespace tenon
