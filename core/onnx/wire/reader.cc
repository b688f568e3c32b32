// SPDX-License-Identifier: Apache-2.0
#include "core/onnx/wire/reader.hpp"

#include <cstring>

namespace tenon::wire {

bool Context::fail(const char* at, std::string_view what) {
  if (error.ok()) {
    error = Status(TENON_MALFORMED, "not a readable ONNX model: " + std::string(what) + " at byte " +
                                        std::to_string(static_cast<uint64_t>(at - base)));
  }
  return false;
}

bool Context::fail_limit(std::string_view name) {
  if (error.ok()) {
    error =
        Status(TENON_LIMIT, "the model goes over the limit '" + std::string(name) + "'").with_value(std::string(name));
  }
  return false;
}

bool Context::charge(uint64_t bytes) {
  if (bytes > table_bytes) {
    return fail_limit("table_bytes");
  }
  table_bytes -= bytes;
  return true;
}

bool Reader::tag(uint32_t* field, uint32_t* type) {
  const char* start = at_;
  uint64_t key = 0;
  if (!varint(&key)) {
    return false;
  }
  if (key > UINT32_MAX || (key >> 3) == 0) {
    return context_.fail(start, "field number out of range");
  }
  *field = static_cast<uint32_t>(key >> 3);
  *type = static_cast<uint32_t>(key & 7);
  return true;
}

bool Reader::varint(uint64_t* out) {
  if (at_ != end_ && static_cast<unsigned char>(*at_) < 0x80) {
    *out = static_cast<unsigned char>(*at_++);
    return true;
  }
  const char* start = at_;
  uint64_t value = 0;
  for (unsigned shift = 0; shift < 70; shift += 7) {
    if (at_ == end_) {
      return context_.fail(start, "a number is cut off");
    }
    const auto byte = static_cast<unsigned char>(*at_++);
    if (shift == 63 && byte > 1) {
      return context_.fail(start, "a number has more than 64 bits");
    }
    value |= static_cast<uint64_t>(byte & 0x7F) << shift;
    if ((byte & 0x80) == 0) {
      *out = value;
      return true;
    }
  }
  return context_.fail(start, "a number has more than 64 bits");
}

bool Reader::fixed32(uint32_t* out) {
  if (end_ - at_ < 4) {
    return context_.fail(at_, "a 32-bit number is cut off");
  }
  std::memcpy(out, at_, 4);
  at_ += 4;
  return true;
}

bool Reader::fixed64(uint64_t* out) {
  if (end_ - at_ < 8) {
    return context_.fail(at_, "a 64-bit number is cut off");
  }
  std::memcpy(out, at_, 8);
  at_ += 8;
  return true;
}

bool Reader::delimited(std::string_view* out) {
  const char* start = at_;
  uint64_t size = 0;
  if (!varint(&size)) {
    return false;
  }
  const auto left = static_cast<uint64_t>(end_ - at_);
  if (size > left) {
    return context_.fail(
        start, "a field of " + std::to_string(size) + " bytes is cut off, " + std::to_string(left) + " are left");
  }
  *out = {at_, static_cast<size_t>(size)};
  at_ += size;
  return true;
}

bool Reader::skip(uint32_t type) {
  uint64_t number = 0;
  uint32_t number32 = 0;
  std::string_view bytes;
  switch (type) {
    case kVarint:
      return varint(&number);
    case kFixed64:
      return fixed64(&number);
    case kDelimited:
      return delimited(&bytes);
    case kFixed32:
      return fixed32(&number32);
    default:
      return context_.fail(at_, "unknown wire type " + std::to_string(type));
  }
}

bool Reader::expect(uint32_t type, uint32_t wanted, const char* name) {
  if (type == wanted) {
    return true;
  }
  return context_.fail(at_, std::string("field ") + name + " has wire type " + std::to_string(type) + ", expected " +
                                std::to_string(wanted));
}

bool Reader::read_int(uint32_t type, const char* name, int64_t* out) {
  uint64_t value = 0;
  if (!expect(type, kVarint, name) || !varint(&value)) {
    return false;
  }
  *out = static_cast<int64_t>(value);
  return true;
}

bool Reader::read_int32(uint32_t type, const char* name, int32_t* out) {
  int64_t value = 0;
  if (!read_int(type, name, &value)) {
    return false;
  }
  *out = static_cast<int32_t>(value);  // as protobuf does: the low 32 bits
  return true;
}

bool Reader::read_float(uint32_t type, const char* name, float* out) {
  uint32_t bits = 0;
  if (!expect(type, kFixed32, name) || !fixed32(&bits)) {
    return false;
  }
  std::memcpy(out, &bits, 4);
  return true;
}

bool Reader::read_bytes(uint32_t type, const char* name, std::string_view* out) {
  return expect(type, kDelimited, name) && delimited(out);
}

bool Reader::read_text(uint32_t type, const char* name, std::string_view* out) {
  const char* start = at_;
  if (!read_bytes(type, name, out)) {
    return false;
  }
  return valid_utf8(*out) || context_.fail(start, std::string("field ") + name + " is not UTF-8");
}

bool valid_utf8(std::string_view text) {
  const auto* at = reinterpret_cast<const unsigned char*>(text.data());
  const auto* end = at + text.size();
  while (at != end) {
    const unsigned lead = *at++;
    if (lead < 0x80) {
      continue;
    }
    const int more = lead >= 0xF0 ? 3 : lead >= 0xE0 ? 2 : 1;
    if (lead < 0xC2 || lead > 0xF4 || end - at < more) {
      return false;
    }
    uint32_t code = lead & (0x3FU >> more);
    for (int i = 0; i < more; ++i) {
      if ((at[i] & 0xC0) != 0x80) {
        return false;
      }
      code = (code << 6) | (at[i] & 0x3FU);
    }
    const uint32_t least = more == 3 ? 0x10000 : more == 2 ? 0x800 : 0x80;
    if (code < least || code > 0x10FFFF || (code >= 0xD800 && code < 0xE000)) {
      return false;
    }
    at += more;
  }
  return true;
}

}  // namespace tenon::wire
