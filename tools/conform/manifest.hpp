// SPDX-License-Identifier: Apache-2.0
// The manifest, read and checked before any code of the provider is loaded [R5].
#ifndef TOOLS_CONFORM_MANIFEST_HPP_
#define TOOLS_CONFORM_MANIFEST_HPP_

#include <cstdint>
#include <string>
#include <vector>

#include "report.hpp"

namespace tenon::conform {

struct Variant {
  std::string os;
  std::string arch;
  std::vector<std::string> isa;
  int64_t rank = 0;
  std::string library;
};

struct Need {
  std::string soname;
  std::string hint;
};

struct Manifest {
  std::string path;
  std::string folder;  // absolute
  std::string id;
  std::string version;
  uint32_t generation = 0;
  uint32_t min_minor = 0;
  uint32_t max_minor = 0;
  std::vector<std::string> roles;
  std::vector<Variant> variants;
  std::vector<Need> needs;
  // Not of the file: the library of --library, checked in place of the best variant; empty: the best.
  std::string wanted_library;
  // Not of the file: an option of --fault, with which one run of a session fails late; empty: none.
  std::string fault_option;
  std::string fault_value;

  /// The variant for this machine of the highest rank, or the one that was asked for; NULL when none fits.
  const Variant* chosen() const;
  /// Absolute path of a variant's library.
  std::string library_path(const Variant& variant) const { return folder + "/" + variant.library; }
};

/// Reads the manifest and appends what is wrong with it. What could not be read is left at its default.
Manifest read_manifest(const std::string& path, std::vector<Finding>& findings);

}  // namespace tenon::conform

#endif  // TOOLS_CONFORM_MANIFEST_HPP_
