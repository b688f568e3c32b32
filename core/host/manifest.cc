// SPDX-License-Identifier: Apache-2.0
#include "core/host/manifest.hpp"

#include <algorithm>
#include <boost/json.hpp>
#include <initializer_list>
#include <limits>

#include "core/base/cpu.hpp"
#include "core/base/file.hpp"
#include "core/base/nearest.hpp"

namespace tenon {
namespace {

namespace json = boost::json;

constexpr uint64_t kMaxManifestBytes = 1u << 20;
constexpr size_t kMaxEntries = 256;  // variants, needs, names of one list

const char* kind_name(const json::value& value) {
  switch (value.kind()) {
    case json::kind::null:
      return "null";
    case json::kind::bool_:
      return "a boolean";
    case json::kind::int64:
    case json::kind::uint64:
      return "an integer";
    case json::kind::double_:
      return "a number";
    case json::kind::string:
      return "a string";
    case json::kind::array:
      return "an array";
    case json::kind::object:
      return "an object";
  }
  return "something else";
}

// Reads fields of one object; the first failure sticks and names file, field, got and expected.
class Reader {
 public:
  Reader(const json::object& object, std::string place, const std::string& path)
      : object_(object), place_(std::move(place)), path_(path) {}

  const Status& status() const { return status_; }

  void only(std::initializer_list<std::string_view> known) {
    for (const auto& field : object_) {
      const std::string_view key = field.key();
      if (std::find(known.begin(), known.end(), key) == known.end()) {
        fail(key, "an unknown field" + did_you_mean(key, known), "one of the fields of a manifest");
      }
    }
  }

  std::string text(std::string_view key) {
    const json::value* value = find(key, "a string");
    if (value == nullptr) {
      return {};
    }
    if (!value->is_string() || value->get_string().empty()) {
      fail(key, value->is_string() ? "an empty string" : kind_name(*value), "a string");
      return {};
    }
    return std::string(value->get_string());
  }

  int64_t integer(std::string_view key, int64_t min, int64_t max) {
    const json::value* value = find(key, "an integer");
    return value == nullptr ? min : integer_of(*value, key, min, max);
  }

  // NULL after a failure, or when an optional one is absent.
  const json::array* array(std::string_view key, bool required) {
    const json::value* value = required ? find(key, "an array") : object_.if_contains(key);
    if (value == nullptr) {
      return nullptr;
    }
    if (!value->is_array() || value->get_array().size() > kMaxEntries) {
      fail(key, value->is_array() ? "an array of " + std::to_string(value->get_array().size()) : kind_name(*value),
           "an array of at most " + std::to_string(kMaxEntries) + " entries");
      return nullptr;
    }
    return &value->get_array();
  }

  std::vector<std::string> texts(std::string_view key, bool required) {
    std::vector<std::string> all;
    if (const json::array* entries = array(key, required)) {
      for (const json::value& entry : *entries) {
        if (!entry.is_string()) {
          fail(key, std::string("an array with ") + kind_name(entry), "an array of strings");
          break;
        }
        all.emplace_back(entry.get_string());
      }
    }
    return all;
  }

  int64_t integer_of(const json::value& value, std::string_view key, int64_t min, int64_t max) {
    const std::string range = "an integer from " + std::to_string(min) + " to " + std::to_string(max);
    if (!value.is_int64()) {  // what does not fit an int64 is parsed as uint64 or double
      fail(key, kind_name(value), range);
      return min;
    }
    if (value.get_int64() < min || value.get_int64() > max) {
      fail(key, std::to_string(value.get_int64()), range);
      return min;
    }
    return value.get_int64();
  }

  void fail(std::string_view key, const std::string& got, const std::string& expected) {
    if (status_.ok()) {
      const std::string field = place_ + std::string(key);
      status_ = Status(TENON_PROVIDER_LOAD, path_ + ": field '" + field + "': got " + got + ", expected " + expected)
                    .with_value(field)
                    .with_expectation(got, expected);
    }
  }

 private:
  const json::value* find(std::string_view key, const char* expected) {
    const json::value* value = object_.if_contains(key);
    if (value == nullptr) {
      fail(key, "nothing", expected);
    }
    return value;
  }

  const json::object& object_;
  std::string place_;
  const std::string& path_;
  Status status_;
};

// Names a file in the manifest's folder or deeper, by its spelling.
bool inside_folder(const std::string& library) {
  if (library.empty() || library.front() == '/' || library.find('\0') != std::string::npos) {
    return false;
  }
  const std::string slashed = "/" + library + "/";
  return slashed.find("/../") == std::string::npos && library.back() != '/';
}

Status read_variant(const json::value& value, size_t index, const std::string& path, ManifestVariant* out) {
  const std::string place = "variants[" + std::to_string(index) + "].";
  static const json::object empty;
  Reader reader(value.is_object() ? value.get_object() : empty, place, path);
  if (!value.is_object()) {
    reader.fail("", kind_name(value), "an object");
    return reader.status();
  }
  reader.only({"os", "arch", "isa", "rank", "library"});
  out->os = reader.text("os");
  out->arch = reader.text("arch");
  out->isa = reader.texts("isa", true);
  out->rank = reader.integer("rank", std::numeric_limits<int32_t>::min(), std::numeric_limits<int32_t>::max());
  out->library = reader.text("library");
  if (reader.status().ok() && !inside_folder(out->library)) {
    reader.fail("library", "'" + out->library + "'", "a path relative to the manifest, inside its folder");
  }
  return reader.status();
}

Status read_need(const json::value& value, size_t index, const std::string& path, ManifestNeed* out) {
  const std::string place = "needs[" + std::to_string(index) + "].";
  static const json::object empty;
  Reader reader(value.is_object() ? value.get_object() : empty, place, path);
  if (!value.is_object()) {
    reader.fail("", kind_name(value), "an object");
    return reader.status();
  }
  reader.only({"soname", "hint"});
  out->soname = reader.text("soname");
  out->hint = reader.text("hint");
  // A path here would make the check say something about a file that the library itself never opens.
  if (reader.status().ok() && out->soname.find('/') != std::string::npos) {
    reader.fail("soname", "'" + out->soname + "'", "a bare soname such as 'libacme.so.3'");
  }
  return reader.status();
}

Status read_lists(Reader& reader, Manifest* manifest) {
  for (const std::string& role : reader.texts("roles", false)) {
    if (role == "last-resort") {
      manifest->last_resort = true;
    } else if (role == "fold") {
      manifest->fold = true;
    } else {
      reader.fail("roles", "'" + role + "'", "'last-resort' or 'fold'");
    }
  }
  if (const json::array* variants = reader.array("variants", true)) {
    for (size_t i = 0; i < variants->size(); ++i) {
      TENON_RETURN_IF_ERROR(read_variant((*variants)[i], i, manifest->path, &manifest->variants.emplace_back()));
    }
    if (variants->empty()) {
      reader.fail("variants", "an empty array", "at least one variant");
    }
  }
  if (const json::array* needs = reader.array("needs", false)) {
    for (size_t i = 0; i < needs->size(); ++i) {
      TENON_RETURN_IF_ERROR(read_need((*needs)[i], i, manifest->path, &manifest->needs.emplace_back()));
    }
  }
  return reader.status();
}

}  // namespace

bool valid_provider_id(std::string_view id) {
  if (id.empty() || id.size() > 100 || id.front() == '.' || id.front() == '-') {
    return false;
  }
  return std::all_of(id.begin(), id.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '.' || c == '_' || c == '-';
  });
}

Result<Manifest> parse_manifest(std::string_view text, const std::string& path) {
  boost::system::error_code error;
  const json::value root = json::parse(json::string_view(text.data(), text.size()), error);
  if (error) {
    return Status(TENON_PROVIDER_LOAD, path + ": not JSON: " + error.message());
  }
  if (!root.is_object()) {
    return Status(TENON_PROVIDER_LOAD, path + ": got " + kind_name(root) + ", expected an object");
  }
  Reader reader(root.get_object(), "", path);
  // First, so that a later format is named as such and not as a row of unknown fields.
  reader.integer("tenon_manifest", 1, 1);
  TENON_RETURN_IF_ERROR(reader.status());
  reader.only({"tenon_manifest", "id", "version", "generation", "minor", "roles", "variants", "needs"});
  Manifest manifest;
  manifest.path = path;
  manifest.folder = folder_of(path);
  manifest.id = reader.text("id");
  if (reader.status().ok() && !valid_provider_id(manifest.id)) {
    reader.fail("id", "'" + manifest.id + "'", "at most 100 characters of a-z, 0-9, '.', '_', '-'");
  }
  manifest.version = reader.text("version");
  constexpr int64_t kMaxMinor = 1 << 20;
  manifest.generation = static_cast<uint32_t>(reader.integer("generation", 0, kMaxMinor));
  if (const json::array* minor = reader.array("minor", true)) {
    if (minor->size() != 2) {
      reader.fail("minor", "an array of " + std::to_string(minor->size()), "[lowest, highest]");
    } else {
      manifest.min_minor = static_cast<uint32_t>(reader.integer_of((*minor)[0], "minor", 0, kMaxMinor));
      manifest.max_minor =
          static_cast<uint32_t>(reader.integer_of((*minor)[1], "minor", manifest.min_minor, kMaxMinor));
    }
  }
  TENON_RETURN_IF_ERROR(reader.status());
  TENON_RETURN_IF_ERROR(read_lists(reader, &manifest));
  return manifest;
}

Result<Manifest> read_manifest(const std::string& path) {
  const Result<std::string> text = read_file(path, kMaxManifestBytes);
  if (!text.ok()) {
    return text.status();
  }
  return parse_manifest(*text, path);
}

Result<const ManifestVariant*> choose_variant(const Manifest& manifest, const std::vector<std::string>& features) {
  const ManifestVariant* best = nullptr;
  std::string asked;
  for (const ManifestVariant& variant : manifest.variants) {
    std::string missing;
    if (variant.os != "linux" || variant.arch != cpu_arch()) {
      missing = " " + variant.os + "/" + variant.arch;
    }
    for (const std::string& isa : variant.isa) {
      if (std::find(features.begin(), features.end(), isa) == features.end()) {
        missing += " " + isa + (cpu_feature_known(isa) ? "" : " (no such feature is known)");
      }
    }
    if (missing.empty()) {
      best = best == nullptr || variant.rank > best->rank ? &variant : best;
    } else {
      asked += (asked.empty() ? "" : "; ") + variant.library + " needs" + missing;
    }
  }
  if (best == nullptr) {
    return Status(TENON_PROVIDER_LOAD, "no variant of provider '" + manifest.id + "' fits this processor (linux/" +
                                           std::string(cpu_arch()) + "): " + asked)
        .with_provider(manifest.id);
  }
  return best;
}

}  // namespace tenon
