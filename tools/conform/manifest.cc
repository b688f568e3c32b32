// SPDX-License-Identifier: Apache-2.0
#include "manifest.hpp"

#include <tenon/plugin.h>

#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <boost/json.hpp>
#include <filesystem>
#include <fstream>
#include <initializer_list>
#include <iterator>
#include <string_view>

#include "elf.hpp"
#include "machine.hpp"

namespace tenon::conform {

namespace json = boost::json;
namespace fs = std::filesystem;

namespace {

constexpr uint32_t kRule = 5;
constexpr std::string_view kEntry = TENON_ABI_ENTRY;
constexpr uint64_t kMostBytes = 1 << 20;  // of a manifest

// Part of every Debian system that can run C and C++ programs; everything else has to be named in `needs`.
constexpr std::string_view kEverywhere[] = {
    "libc.so.6",     "libm.so.6",      "libdl.so.2",           "libpthread.so.0",      "librt.so.1",
    "libgcc_s.so.1", "libstdc++.so.6", "ld-linux-x86-64.so.2", "ld-linux-aarch64.so.1"};
constexpr std::string_view kRoles[] = {"last-resort", "fold"};

class Checker {
 public:
  explicit Checker(std::vector<Finding>& findings) : findings_(findings) {}

  template <class... Parts>
  void fail(const Parts&... parts) {
    findings_.push_back({Verdict::fail, kRule, plugin::cat(parts...)});
  }

  /// The member `key` when it has the kind that is asked for; reports it when it is missing or of another kind.
  const json::value* member(const json::object& object, std::string_view key, json::kind kind, std::string_view where) {
    const json::value* v = object.if_contains(key);
    if (v == nullptr) {
      fail(where, " has no \"", key, "\"");
    } else if (v->kind() != kind) {
      fail(where, ": \"", key, "\" is ", std::string_view(json::to_string(v->kind())), ", expected ",
           std::string_view(json::to_string(kind)));
      v = nullptr;
    }
    return v;
  }
  std::string text(const json::object& object, std::string_view key, std::string_view where) {
    const json::value* v = member(object, key, json::kind::string, where);
    return v != nullptr ? std::string(v->get_string()) : std::string();
  }
  int64_t number(const json::object& object, std::string_view key, std::string_view where) {
    const json::value* v = member(object, key, json::kind::int64, where);
    return v != nullptr ? v->get_int64() : -1;
  }
  std::vector<std::string> texts(const json::object& object, std::string_view key, std::string_view where) {
    std::vector<std::string> out;
    const json::value* v = member(object, key, json::kind::array, where);
    if (v == nullptr) return out;
    for (const json::value& item : v->get_array()) {
      if (item.is_string())
        out.emplace_back(item.get_string());
      else
        fail(where, ": \"", key, "\" holds something that is not a string");
    }
    return out;
  }
  void fail_unknown(const json::object& object, std::initializer_list<std::string_view> known, std::string_view where) {
    for (const auto& [key, value] : object) {
      if (std::find(known.begin(), known.end(), std::string_view(key)) == known.end()) {
        fail(where, ": \"", std::string_view(key), "\" is not a field of a manifest");
      }
    }
  }

 private:
  std::vector<Finding>& findings_;
};

bool is_id(std::string_view id) {
  return !id.empty() && id.size() <= 100 && id.front() != '.' && id.front() != '-' &&
         std::all_of(id.begin(), id.end(), [](char c) {
           return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '.' || c == '_' || c == '-';
         });
}

bool is_version(std::string_view version) {
  return !version.empty() && version.find_first_not_of("0123456789.") == std::string_view::npos &&
         std::count(version.begin(), version.end(), '.') == 2 && version.front() != '.' && version.back() != '.' &&
         version.find("..") == std::string_view::npos;
}

/// Whether `library` is a plain relative path that stays inside of the manifest's folder.
bool stays_inside(std::string_view library) {
  const fs::path path{std::string(library)};
  if (library.empty() || path.is_absolute()) return false;
  return std::none_of(path.begin(), path.end(), [](const fs::path& part) { return part == ".."; });
}

void check_writable_by_others(Checker& check, const std::string& path) {
  struct stat facts {};
  if (stat(path.c_str(), &facts) == 0 && (facts.st_mode & S_IWOTH) != 0 && (facts.st_mode & S_ISVTX) == 0) {
    check.fail(path, " may be written by anybody");
  }
}

void check_library(Checker& check, const Manifest& manifest, const Variant& v, const std::string& where) {
  const std::string path = manifest.library_path(v);
  if (access(path.c_str(), R_OK) != 0) return check.fail(where, ": library ", path, " cannot be read");
  check_writable_by_others(check, path);
  const ElfFacts elf = read_elf(path);
  if (!elf.error.empty()) return check.fail(where, ": library ", path, ": ", elf.error);
  if (std::find(elf.exports.begin(), elf.exports.end(), kEntry) == elf.exports.end()) {
    check.fail(where, ": library ", path, " exports no ", kEntry);
  }
  for (const std::string& soname : elf.needed) {
    const bool known = std::find(std::begin(kEverywhere), std::end(kEverywhere), soname) != std::end(kEverywhere);
    const bool named =
        std::any_of(manifest.needs.begin(), manifest.needs.end(), [&](const Need& n) { return n.soname == soname; });
    if (!known && !named) check.fail(where, ": library needs ", soname, ", which \"needs\" does not name");
  }
}

void read_variant(Checker& check, const json::value& item, size_t index, Manifest& out) {
  const std::string where = plugin::cat("variant ", index);
  if (!item.is_object()) return check.fail(where, " is not an object");
  const json::object& object = item.get_object();
  check.fail_unknown(object, {"os", "arch", "isa", "rank", "library"}, where);
  Variant v;
  v.os = check.text(object, "os", where);
  v.arch = check.text(object, "arch", where);
  v.isa = check.texts(object, "isa", where);
  v.rank = check.number(object, "rank", where);
  v.library = check.text(object, "library", where);
  for (const std::string& name : v.isa) {
    if (!is_known_isa(name)) check.fail(where, ": \"isa\" names '", name, "', which is no known extension");
  }
  if (!stays_inside(v.library)) {
    check.fail(where, ": \"library\" is '", v.library, "', expected a path below the manifest's folder");
    v.library.clear();
  } else if (v.arch == machine_arch()) {  // packages for one architecture leave the others' libraries out
    check_library(check, out, v, where);
  }
  out.variants.push_back(std::move(v));
}

void read_needs(Checker& check, const json::object& object, Manifest& out) {
  if (!object.contains("needs")) return;
  const json::value* needs = check.member(object, "needs", json::kind::array, "the manifest");
  if (needs == nullptr) return;
  for (const json::value& item : needs->get_array()) {
    if (!item.is_object()) {
      check.fail("\"needs\" holds something that is not an object");
      continue;
    }
    Need n{check.text(item.get_object(), "soname", "needs"), check.text(item.get_object(), "hint", "needs")};
    if (n.soname.find('/') != std::string::npos) check.fail("needs: soname '", n.soname, "' is a path");
    if (n.hint.empty()) check.fail("needs: ", n.soname, " has no install hint");
    out.needs.push_back(std::move(n));
  }
}

void read_head(Checker& check, const json::object& object, Manifest& out) {
  constexpr std::string_view where = "the manifest";
  check.fail_unknown(object, {"tenon_manifest", "id", "version", "generation", "minor", "roles", "variants", "needs"},
                     where);
  const int64_t format = check.number(object, "tenon_manifest", where);
  if (format != -1 && format != 1) check.fail("\"tenon_manifest\" is ", format, ", expected 1");
  out.id = check.text(object, "id", where);
  if (!is_id(out.id)) check.fail("\"id\" is '", out.id, "', expected 1 to 100 of a-z 0-9 . _ -");
  out.version = check.text(object, "version", where);
  if (!is_version(out.version)) check.fail("\"version\" is '", out.version, "', expected a form like 1.2.3");
  const int64_t generation = check.number(object, "generation", where);
  if (generation != TENON_ABI_GENERATION) {
    check.fail("\"generation\" is ", generation, ", this program checks ", TENON_ABI_GENERATION);
  }
  out.generation = static_cast<uint32_t>(generation);
  const json::value* minor = check.member(object, "minor", json::kind::array, where);
  if (minor != nullptr) {
    const json::array& pair = minor->get_array();
    if (pair.size() != 2 || !pair[0].is_int64() || !pair[1].is_int64() || pair[0].get_int64() < 0 ||
        pair[0].get_int64() > pair[1].get_int64()) {
      check.fail("\"minor\" is ", json::serialize(pair), ", expected [lowest, highest]");
    } else {
      out.min_minor = static_cast<uint32_t>(pair[0].get_int64());
      out.max_minor = static_cast<uint32_t>(pair[1].get_int64());
      if (out.min_minor > TENON_ABI_MINOR) {
        check.fail("\"minor\" begins at ", out.min_minor, ", hosts of today speak up to ", TENON_ABI_MINOR);
      }
    }
  }
  if (object.contains("roles")) out.roles = check.texts(object, "roles", where);
  for (const std::string& role : out.roles) {
    if (std::find(std::begin(kRoles), std::end(kRoles), role) == std::end(kRoles)) {
      check.fail("role '", role, "', expected 'last-resort' or 'fold'");
    }
  }
}

}  // namespace

const Variant* Manifest::chosen() const {
  const Variant* best = nullptr;
  for (const Variant& v : variants) {
    const bool fits =
        v.os == "linux" && v.arch == machine_arch() && !v.library.empty() &&
        std::all_of(v.isa.begin(), v.isa.end(), [](const std::string& name) { return machine_has(name); });
    const bool wanted = wanted_library.empty() || v.library == wanted_library;
    if (fits && wanted && (best == nullptr || v.rank > best->rank)) best = &v;
  }
  return best;
}

Manifest read_manifest(const std::string& path, std::vector<Finding>& findings) {
  Checker check(findings);
  Manifest out;
  out.path = path;
  std::error_code error;
  out.folder = fs::absolute(fs::path(path), error).parent_path().string();
  std::ifstream in(path, std::ios::binary);
  if (!in || fs::is_directory(path, error)) {
    check.fail("the manifest ", path, " cannot be read");
    return out;
  }
  check_writable_by_others(check, path);
  const std::string text(std::istreambuf_iterator<char>(in), {});
  if (text.size() > kMostBytes) {
    check.fail("the manifest has ", text.size(), " bytes, at most ", kMostBytes, " are allowed");
    return out;
  }
  json::error_code malformed;
  const json::value root = json::parse(text, malformed);
  if (malformed || !root.is_object()) {
    check.fail("the manifest is not a JSON object: ", malformed ? malformed.message() : "another kind of value");
    return out;
  }
  const json::object& object = root.get_object();
  read_head(check, object, out);
  read_needs(check, object, out);
  const json::value* variants = check.member(object, "variants", json::kind::array, "the manifest");
  for (size_t i = 0; variants != nullptr && i < variants->get_array().size(); ++i) {
    read_variant(check, variants->get_array()[i], i, out);
  }
  if (variants != nullptr && variants->get_array().empty()) check.fail("\"variants\" is empty");
  return out;
}

}  // namespace tenon::conform
