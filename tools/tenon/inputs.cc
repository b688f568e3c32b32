// SPDX-License-Identifier: Apache-2.0
#include "inputs.hpp"

#include <algorithm>
#include <charconv>
#include <cstring>
#include <iostream>
#include <map>
#include <random>

namespace tenon::cli {

namespace {

std::string names_of(const std::vector<Io>& all) {
  std::string text;
  for (const Io& io : all) {
    text += (text.empty() ? "" : ", ") + io.name;
  }
  return text;
}

size_t index_of(const std::vector<Io>& all, const std::string& name) {
  for (size_t i = 0; i < all.size(); ++i) {
    if (all[i].name == name) {
      return i;
    }
  }
  throw UsageError("the model has no input '" + name + "'; its inputs are: " + names_of(all));
}

void read_files(const std::vector<Io>& all, const InputOptions& options, Inputs* inputs) {
  size_t next = 0;
  auto put = [&](size_t index, HostTensor tensor) {
    inputs->tensors[index] = std::make_unique<HostTensor>(std::move(tensor));
  };
  for (const std::string& given : options.files) {
    size_t equals = given.find('=');
    if (equals != std::string::npos) {
      put(index_of(all, given.substr(0, equals)), read_tensor(given.substr(equals + 1)));
    } else if (given.ends_with(".npz")) {
      for (auto& [name, tensor] : read_npz(given)) {
        put(index_of(all, name), std::move(tensor));
      }
    } else {
      std::string name;
      HostTensor tensor = read_tensor(given, &name);
      bool known = std::any_of(all.begin(), all.end(), [&](const Io& io) { return io.name == name; });
      size_t index = known ? index_of(all, name) : next;
      if (index >= all.size()) {
        throw UsageError("the model has " + std::to_string(all.size()) + " inputs, " + given + " is one too many");
      }
      put(index, std::move(tensor));
      next = index + 1;
    }
  }
}

std::map<std::string, int64_t> read_dims(const InputOptions& options) {
  std::map<std::string, int64_t> dims;
  for (const std::string& text : options.dims) {
    auto [name, digits] = split_assignment(text, "NAME=N or INPUT[AXIS]=N");
    int64_t size = -1;
    auto [rest, error] = std::from_chars(digits.data(), digits.data() + digits.size(), size);
    if (error != std::errc() || *rest != '\0' || size < 0) {
      throw UsageError("--dim " + text + ": '" + digits + "' is not a size");
    }
    dims[name] = size;
  }
  return dims;
}

HostTensor draw(const Io& io, std::vector<int64_t> dims, std::mt19937_64& random) {
  HostTensor tensor;
  tensor.dtype = io.dtype;
  tensor.dims = std::move(dims);
  if (io.dtype == TENON_STRING) {
    uint64_t count = dense_bytes(TENON_UINT8, tensor.dims);
    for (uint64_t i = 0; i < count; ++i) {
      tensor.strings.push_back("text" + std::to_string(random() % 100));
    }
    return tensor;
  }
  tensor.bytes.resize(dense_bytes(io.dtype, tensor.dims));
  auto fill = [&](auto element) {
    for (size_t at = 0; at + sizeof element <= tensor.bytes.size(); at += sizeof element) {
      double unit = static_cast<double>(random() >> 11) * 0x1p-53;
      bool floating = std::is_floating_point_v<decltype(element)>;
      element = static_cast<decltype(element)>(floating ? unit : unit < 0.5 ? 0 : 1);
      std::memcpy(&tensor.bytes[at], &element, sizeof element);
    }
  };
  switch (io.dtype) {
    case TENON_FLOAT32:
    case TENON_COMPLEX64:
      fill(float{});
      break;
    case TENON_FLOAT64:
    case TENON_COMPLEX128:
      fill(double{});
      break;
    case TENON_INT64:
    case TENON_UINT64:
      fill(int64_t{});
      break;
    case TENON_INT32:
    case TENON_UINT32:
      fill(int32_t{});
      break;
    case TENON_INT16:
    case TENON_UINT16:
      fill(int16_t{});
      break;
    case TENON_UINT8:
    case TENON_INT8:
    case TENON_BOOL:
      fill(int8_t{});
      break;
    default:
      throw UsageError("input '" + io.name + "' of type " + io.type + " cannot be drawn: give it a file by -i " +
                       io.name + "=FILE");
  }
  return tensor;
}

std::vector<int64_t> choose_dims(const Io& io, const std::map<std::string, int64_t>& given) {
  if (!io.rank_known) {
    throw UsageError("input '" + io.name + "' has no known rank: give it a file by -i " + io.name + "=FILE");
  }
  std::vector<int64_t> dims = io.dims;
  for (size_t axis = 0; axis < dims.size(); ++axis) {
    auto by_place = given.find(io.name + "[" + std::to_string(axis) + "]");
    auto by_name = io.symbols[axis].empty() ? given.end() : given.find(io.symbols[axis]);
    if (by_place != given.end()) {
      dims[axis] = by_place->second;
    } else if (dims[axis] < 0 && by_name != given.end()) {
      dims[axis] = by_name->second;
    } else if (dims[axis] < 0) {
      dims[axis] = 1;
      std::cerr << "note: " << io.name << "[" << axis << "]"
                << (io.symbols[axis].empty() ? "" : " (" + io.symbols[axis] + ")")
                << " is not fixed by the model, 1 is taken; --dim "
                << (io.symbols[axis].empty() ? io.name + "[" + std::to_string(axis) + "]" : io.symbols[axis])
                << "=N sets it\n";
    }
  }
  return dims;
}

void check_dim_names(const std::vector<Io>& all, const std::map<std::string, int64_t>& given) {
  for (const auto& [name, size] : given) {
    bool known = false;
    for (const Io& io : all) {
      for (size_t axis = 0; axis < io.dims.size(); ++axis) {
        known = known || io.symbols[axis] == name || io.name + "[" + std::to_string(axis) + "]" == name;
      }
    }
    if (!known) {
      throw UsageError("--dim " + name + ": no input has a dim of that name; `tenon inspect` lists them");
    }
  }
}

}  // namespace

void InputOptions::add_to(CLI::App& command) {
  command.add_option("-i,--input", files, "NAME=FILE, or FILE: .npy and .pb are the next input, .npz has names")
      ->allow_extra_args(false)
      ->type_name("[NAME=]FILE");
  command.add_option("--dim", dims, "Size of a dim of inputs that are drawn: by its name, or INPUT[AXIS]=N")
      ->allow_extra_args(false)
      ->type_name("NAME=N");
  command.add_option("--seed", seed, "Of the inputs that are drawn (default 0)")->type_name("N");
}

Inputs make_inputs(const Session& session, const InputOptions& options) {
  std::vector<Io> all = session.inputs();
  Inputs inputs;
  inputs.tensors.resize(all.size());
  inputs.values.resize(all.size());
  read_files(all, options, &inputs);
  std::map<std::string, int64_t> dims = read_dims(options);
  check_dim_names(all, dims);
  std::mt19937_64 random(options.seed);
  for (size_t i = 0; i < all.size(); ++i) {
    if (!inputs.tensors[i] && all[i].optional) {
      continue;
    }
    if (!inputs.tensors[i]) {
      if (all[i].dtype == TENON_UNDEFINED) {
        throw UsageError("input '" + all[i].name + "' is of type " + all[i].type +
                         ", but this command gives tensors only");
      }
      inputs.tensors[i] = std::make_unique<HostTensor>(draw(all[i], choose_dims(all[i], dims), random));
    }
    inputs.values[i] = inputs.tensors[i]->value();
  }
  return inputs;
}

}  // namespace tenon::cli
