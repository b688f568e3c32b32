// SPDX-License-Identifier: Apache-2.0
#include "tensors.hpp"

#include <zip.h>

#include <fstream>
#include <iterator>
#include <memory>

#include "command.hpp"

namespace tenon::cli {

namespace {

struct DtypeRow {
  std::string_view name;
  uint32_t bits;
};
// By TENON_<DTYPE> number.
constexpr DtypeRow kDtypes[TENON_DTYPE_COUNT] = {{"?", 0},
                                                 {"float32", 32},
                                                 {"uint8", 8},
                                                 {"int8", 8},
                                                 {"uint16", 16},
                                                 {"int16", 16},
                                                 {"int32", 32},
                                                 {"int64", 64},
                                                 {"string", 0},
                                                 {"bool", 8},
                                                 {"float16", 16},
                                                 {"float64", 64},
                                                 {"uint32", 32},
                                                 {"uint64", 64},
                                                 {"complex64", 64},
                                                 {"complex128", 128},
                                                 {"bfloat16", 16},
                                                 {"float8e4m3fn", 8},
                                                 {"float8e4m3fnuz", 8},
                                                 {"float8e5m2", 8},
                                                 {"float8e5m2fnuz", 8},
                                                 {"uint4", 4},
                                                 {"int4", 4},
                                                 {"float4e2m1", 4},
                                                 {"float8e8m0", 8},
                                                 {"uint2", 2},
                                                 {"int2", 2},
                                                 {"float6e2m3", 6},
                                                 {"float6e3m2", 6}};

std::string read_file(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  if (!file) {
    throw UsageError("cannot open " + path);
  }
  return {std::istreambuf_iterator<char>(file), {}};
}

std::string zip_message(int code) {
  zip_error_t error;
  zip_error_init_with_code(&error, code);
  std::string text = zip_error_strerror(&error);
  zip_error_fini(&error);
  return text;
}

}  // namespace

std::string_view dtype_text(uint32_t dtype) { return dtype < TENON_DTYPE_COUNT ? kDtypes[dtype].name : "?"; }

uint32_t dtype_bits(uint32_t dtype) { return dtype < TENON_DTYPE_COUNT ? kDtypes[dtype].bits : 0; }

std::string describe(uint32_t dtype, const std::vector<int64_t>& dims) {
  std::string text(dtype_text(dtype));
  text += " [";
  for (size_t i = 0; i < dims.size(); ++i) {
    text += (i > 0 ? ", " : "") + std::to_string(dims[i]);
  }
  return text + "]";
}

uint64_t dense_bytes(uint32_t dtype, const std::vector<int64_t>& dims) {
  constexpr uint64_t kMost = uint64_t{1} << 40;
  uint64_t elements = 1;
  for (int64_t dim : dims) {
    if (dim < 0 || __builtin_mul_overflow(elements, static_cast<uint64_t>(dim), &elements) || elements > kMost) {
      throw UsageError("a tensor of " + describe(dtype, dims) + " is too large");
    }
  }
  return (elements * dtype_bits(dtype) + 7) / 8;
}

Value HostTensor::value() {
  return dtype == TENON_STRING ? Value::strings(strings, dims)
                               : Value::wrap_bytes(dtype, bytes.data(), bytes.size(), dims);
}

HostTensor read_tensor(const std::string& path, std::string* name) {
  std::string image = read_file(path);
  if (path.ends_with(".npy")) {
    return parse_npy(image, path);
  }
  if (path.ends_with(".pb")) {
    return parse_tensor_proto(image, path, name);
  }
  throw UsageError(path + ": only .npy, .npz and .pb files can be read");
}

std::map<std::string, HostTensor> read_npz(const std::string& path) {
  int code = 0;
  std::unique_ptr<zip_t, void (*)(zip_t*)> archive(zip_open(path.c_str(), ZIP_RDONLY, &code), zip_discard);
  if (!archive) {
    throw UsageError(path + ": " + zip_message(code));
  }
  std::map<std::string, HostTensor> all;
  for (zip_int64_t i = 0; i < zip_get_num_entries(archive.get(), 0); ++i) {
    zip_stat_t stat;
    zip_stat_init(&stat);
    auto index = static_cast<zip_uint64_t>(i);
    if (zip_stat_index(archive.get(), index, 0, &stat) != 0) {
      throw UsageError(path + ": " + zip_strerror(archive.get()));
    }
    std::string member = stat.name;
    std::unique_ptr<zip_file_t, int (*)(zip_file_t*)> file(zip_fopen_index(archive.get(), index, 0), zip_fclose);
    std::string image(stat.size, '\0');
    if (!file || zip_fread(file.get(), image.data(), image.size()) != static_cast<zip_int64_t>(image.size())) {
      throw UsageError(path + ": cannot read " + member);
    }
    HostTensor tensor = parse_npy(image, path + ":" + member);
    all.emplace(member.ends_with(".npy") ? member.substr(0, member.size() - 4) : member, std::move(tensor));
  }
  return all;
}

void write_npz(const std::string& path, const std::vector<std::pair<std::string, Value>>& values) {
  int code = 0;
  std::unique_ptr<zip_t, void (*)(zip_t*)> archive(zip_open(path.c_str(), ZIP_CREATE | ZIP_TRUNCATE, &code),
                                                   zip_discard);
  if (!archive) {
    throw UsageError(path + ": " + zip_message(code));
  }
  std::vector<std::string> images;  // zip_close reads them
  images.reserve(values.size());
  for (const auto& [name, value] : values) {
    images.push_back(print_npy(value));
    zip_source_t* source = zip_source_buffer(archive.get(), images.back().data(), images.back().size(), 0);
    zip_int64_t index =
        source == nullptr ? -1 : zip_file_add(archive.get(), (name + ".npy").c_str(), source, ZIP_FL_ENC_UTF_8);
    if (index < 0 || zip_set_file_compression(archive.get(), static_cast<zip_uint64_t>(index), ZIP_CM_STORE, 0) != 0) {
      throw UsageError(path + ": " + zip_strerror(archive.get()));
    }
  }
  if (zip_close(archive.get()) != 0) {
    throw UsageError(path + ": " + zip_strerror(archive.get()));
  }
  archive.release();  // zip_close freed it
}

}  // namespace tenon::cli
