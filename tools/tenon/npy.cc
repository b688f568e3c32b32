// SPDX-License-Identifier: Apache-2.0
// NumPy's .npy format, versions 1 to 3: https://numpy.org/doc/stable/reference/generated/numpy.lib.format.html
#include <algorithm>
#include <charconv>
#include <cstring>

#include "command.hpp"
#include "tensors.hpp"

namespace tenon::cli {

namespace {

struct Descr {
  std::string_view text;
  uint32_t dtype;
};
constexpr Descr kDescrs[] = {{"<f4", TENON_FLOAT32},   {"<f8", TENON_FLOAT64},    {"<f2", TENON_FLOAT16},
                             {"|u1", TENON_UINT8},     {"|i1", TENON_INT8},       {"<u2", TENON_UINT16},
                             {"<i2", TENON_INT16},     {"<u4", TENON_UINT32},     {"<i4", TENON_INT32},
                             {"<u8", TENON_UINT64},    {"<i8", TENON_INT64},      {"|b1", TENON_BOOL},
                             {"<c8", TENON_COMPLEX64}, {"<c16", TENON_COMPLEX128}};

[[noreturn]] void fail(const std::string& where, const std::string& why) { throw UsageError(where + ": " + why); }

// The text after `'key':` in the header's dictionary, up to `stop`.
std::string_view member(std::string_view header, std::string_view key, const std::string& where) {
  std::string quoted = "'" + std::string(key) + "'";
  size_t at = header.find(quoted);
  if (at == std::string_view::npos) {
    fail(where, "the .npy header has no " + quoted);
  }
  header.remove_prefix(at + quoted.size());
  size_t start = header.find_first_not_of(" :");
  return start == std::string_view::npos ? std::string_view() : header.substr(start);
}

std::vector<int64_t> parse_dims(std::string_view text, const std::string& where) {
  std::vector<int64_t> dims;
  size_t end = text.find(')');
  if (text.empty() || text[0] != '(' || end == std::string_view::npos) {
    fail(where, "the .npy header's 'shape' is not a tuple");
  }
  for (const std::string& part : CLI::detail::split(std::string(text.substr(1, end - 1)), ',')) {
    std::string digits = CLI::detail::trim_copy(part);
    int64_t dim = 0;
    if (digits.empty()) {
      continue;
    }
    auto [rest, error] = std::from_chars(digits.data(), digits.data() + digits.size(), dim);
    if (error != std::errc() || dim < 0) {
      fail(where, "'" + digits + "' is not a size");
    }
    dims.push_back(dim);
  }
  return dims;
}

void append_utf8(uint32_t code, std::string* out) {
  auto put = [out](uint32_t byte) { out->push_back(static_cast<char>(byte)); };
  if (code < 0x80) {
    put(code);
  } else if (code < 0x800) {
    put(0xC0 | code >> 6), put(0x80 | (code & 63));
  } else if (code < 0x10000) {
    put(0xE0 | code >> 12), put(0x80 | (code >> 6 & 63)), put(0x80 | (code & 63));
  } else {
    put(0xF0 | code >> 18), put(0x80 | (code >> 12 & 63)), put(0x80 | (code >> 6 & 63)), put(0x80 | (code & 63));
  }
}

// Code points of a UTF-8 text; a byte that is no UTF-8 stands for itself.
std::vector<uint32_t> code_points(std::string_view text) {
  std::vector<uint32_t> out;
  for (size_t i = 0; i < text.size();) {
    auto byte = [&](size_t k) { return static_cast<uint32_t>(static_cast<unsigned char>(text[k])); };
    uint32_t lead = byte(i);
    size_t more = lead >= 0xF0 ? 3 : lead >= 0xE0 ? 2 : lead >= 0xC0 ? 1 : 0;
    uint32_t code = more == 3 ? lead & 7 : more == 2 ? lead & 15 : more == 1 ? lead & 31 : lead;
    if (i + more >= text.size()) {
      more = 0;
    }
    for (size_t k = 1; k <= more; ++k) {
      code = code << 6 | (byte(i + k) & 63);
    }
    out.push_back(more == 0 ? lead : code);
    i += more + 1;
  }
  return out;
}

// '<U5' (UTF-32, padded with zeros) or '|S5'.
void parse_strings(std::string_view data, char kind, size_t width, HostTensor* tensor, const std::string& where) {
  uint64_t count = 1;
  for (int64_t dim : tensor->dims) {
    count *= static_cast<uint64_t>(dim);
  }
  size_t unit = kind == 'U' ? 4 : 1;
  if (count != 0 && (width == 0 ? !data.empty() : data.size() / (width * unit) != count)) {
    fail(where, "the file's length does not fit its shape");
  }
  for (uint64_t i = 0; i < count; ++i) {
    std::string text;
    for (size_t k = 0; k < width; ++k) {
      const char* at = data.data() + (i * width + k) * unit;
      uint32_t code = static_cast<unsigned char>(*at);
      if (kind == 'U') {
        std::memcpy(&code, at, 4);
      }
      if (kind == 'U') {
        append_utf8(code, &text);
      } else {
        text.push_back(static_cast<char>(code));
      }
    }
    text.erase(text.find_last_not_of('\0') + 1);
    tensor->strings.push_back(std::move(text));
  }
}

void from_fortran_order(HostTensor* tensor) {
  size_t element = tensor->bytes.empty() ? 0 : dtype_bits(tensor->dtype) / 8;
  std::vector<std::byte> out(tensor->bytes.size());
  std::vector<int64_t> index(tensor->dims.size(), 0);
  for (size_t at = 0; element != 0 && at < out.size(); at += element) {
    size_t from = 0, step = element;
    for (size_t axis = 0; axis < index.size(); ++axis) {
      from += static_cast<size_t>(index[axis]) * step;
      step *= static_cast<size_t>(tensor->dims[axis]);
    }
    std::memcpy(&out[at], &tensor->bytes[from], element);
    for (size_t axis = index.size(); axis-- > 0 && ++index[axis] == tensor->dims[axis];) {
      index[axis] = 0;
    }
  }
  tensor->bytes = std::move(out);
}

}  // namespace

HostTensor parse_npy(std::string_view image, const std::string& where) {
  if (image.size() < 10 || image.substr(0, 6) != "\x93NUMPY") {
    fail(where, "not a .npy file: its first bytes are wrong");
  }
  auto byte = [&](size_t i) { return static_cast<size_t>(static_cast<unsigned char>(image[i])); };
  size_t start = byte(6) == 1 ? 10 : 12;
  if (image.size() < start) {
    fail(where, "the .npy header is cut off");
  }
  size_t length = byte(8) | byte(9) << 8 | (start == 12 ? byte(10) << 16 | byte(11) << 24 : 0);
  if (image.size() - start < length) {
    fail(where, "the .npy header is cut off");
  }
  std::string_view header = image.substr(start, length), data = image.substr(start + length);
  std::string_view descr = member(header, "descr", where);
  descr = descr.size() > 1 ? descr.substr(1, descr.find('\'', 1) - 1) : descr;
  HostTensor tensor;
  tensor.dims = parse_dims(member(header, "shape", where), where);
  bool fortran = member(header, "fortran_order", where).substr(0, 4) == "True";
  if (descr.size() > 2 && (descr[1] == 'U' || descr[1] == 'S')) {
    size_t width = 0;
    std::from_chars(descr.data() + 2, descr.data() + descr.size(), width);
    tensor.dtype = TENON_STRING;
    parse_strings(data, descr[1], width, &tensor, where);
    return tensor;
  }
  const Descr* found =
      std::find_if(std::begin(kDescrs), std::end(kDescrs), [&](const Descr& d) { return d.text == descr; });
  if (found == std::end(kDescrs)) {
    fail(where, "element type '" + std::string(descr) + "' has no place in ONNX, or is big-endian");
  }
  tensor.dtype = found->dtype;
  uint64_t bytes = dense_bytes(tensor.dtype, tensor.dims);
  if (data.size() != bytes) {
    fail(where, "holds " + std::to_string(data.size()) + " bytes of data, its shape needs " + std::to_string(bytes));
  }
  const auto* first = reinterpret_cast<const std::byte*>(data.data());
  tensor.bytes.assign(first, first + data.size());
  if (fortran) {
    from_fortran_order(&tensor);
  }
  return tensor;
}

std::string print_npy(const Value& value) {
  tenon_tensor view = value.tensor();
  std::vector<int64_t> dims(view.dims, view.dims + view.rank);
  std::string data, descr;
  if (view.dtype == TENON_STRING) {
    uint64_t count = 1;
    size_t width = 1;
    std::vector<std::vector<uint32_t>> all;
    for (int64_t dim : dims) {
      count *= static_cast<uint64_t>(dim);
    }
    for (uint64_t i = 0; i < count; ++i) {
      all.push_back(code_points(value.string_at(i)));
      width = std::max(width, all.back().size());
    }
    for (auto& codes : all) {
      codes.resize(width, 0);
      data.append(reinterpret_cast<const char*>(codes.data()), codes.size() * 4);
    }
    descr = "<U" + std::to_string(width);
  } else {
    const Descr* found =
        std::find_if(std::begin(kDescrs), std::end(kDescrs), [&](const Descr& d) { return d.dtype == view.dtype; });
    uint64_t bytes = dense_bytes(view.dtype, dims);
    if (found != std::end(kDescrs)) {
      descr = found->text;
    } else if (dtype_bits(view.dtype) < 8) {
      descr = "|u1";  // packed: the shape is that of the bytes
      dims = {static_cast<int64_t>(bytes)};
    } else {
      descr = "|V" + std::to_string(dtype_bits(view.dtype) / 8);
    }
    data.assign(static_cast<const char*>(view.data), bytes);
  }
  std::string shape;
  for (int64_t dim : dims) {
    shape += std::to_string(dim) + ", ";
  }
  if (dims.size() > 1) {
    shape.resize(shape.size() - 2);
  } else if (dims.size() == 1) {
    shape.pop_back();
  }
  std::string header = "{'descr': '" + descr + "', 'fortran_order': False, 'shape': (" + shape + "), }";
  header.append(63 - (header.size() + 10) % 64, ' ');
  header += '\n';
  std::string image("\x93NUMPY\x01\x00", 8);
  image += static_cast<char>(header.size() & 255);
  image += static_cast<char>(header.size() >> 8);
  return image + header + data;
}

}  // namespace tenon::cli
